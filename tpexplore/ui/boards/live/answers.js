// What the model answers, before and after pruning: a headline and bars that change in place.

import { node } from "../shared/dom.js";
import { percent, probabilityText } from "../shared/text.js";

const ROWS = 6;

/** @typedef {[string, number, number]} Row a class, its probability with all patches, and after pruning */

/**
 * @param {{before: string, after: string, rows: Row[], saved: number, silent: boolean}} update
 * @returns {{text: string, changed: boolean}}
 */
export function headline({ before, after, rows, saved, silent }) {
  if (silent) return { text: "No sound arrives. Speak, or check that the microphone is not muted.", changed: false };
  const [, share] = rows.find(([label]) => label === before) ?? ["", 0];
  const less = saved > 0 ? ` with ${percent(saved)} less computing` : "";
  if (before === after) return { text: `${saved > 0 ? "Still " : ""}“${after}”${less}`, changed: false };
  return { text: `“${before}” (${probabilityText(share)}) becomes “${after}”${less}`, changed: true };
}

/** @param {HTMLElement} list */
export function createBars(list) {
  const rows = Array.from({ length: ROWS }, () => {
    const name = node("span", { class: "tv-name" });
    const [before, after] = ["before", "after"].map((which) => ({
      bar: node("i", { class: `tv-bar tv-${which}` }),
      number: node("span", { class: "tp-number" }),
    }));
    const item = node("li", {}, name, before.bar, before.number, after.bar, after.number);
    return { item, name, before, after };
  });
  list.replaceChildren(...rows.map(({ item }) => item));

  return {
    /** @param {Row[]} shown */
    update(shown) {
      rows.forEach(({ item, name, before, after }, i) => {
        item.hidden = i >= shown.length;
        if (item.hidden) return;
        const [label, was, is] = shown[i];
        name.textContent = label;
        for (const [part, share] of /** @type {const} */ ([[before, was], [after, is]])) {
          part.bar.style.setProperty("--tv-share", String(share));
          part.number.textContent = probabilityText(share);
        }
      });
    },
  };
}
