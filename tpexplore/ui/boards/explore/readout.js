// The patch that is pointed at: lit in all panels, read out below them, spoken.

import { node, renew } from "../shared/dom.js";
import { minus } from "../shared/text.js";
import { drawCursor } from "./picture.js";
import { blocksOf, groupOf } from "../shared/fates.js";
import { fateOf, placeText } from "./passport.js";

const HINT = "Click a patch for details, or move with the arrow keys and press Enter.";

/**
 * @param {import("./state.js").View} view
 * @param {{facts: (patch: number, stage?: number) => Record<string, string>}} attention
 */
export function createReadout(view, attention) {
  const { find, state, data, say } = view;
  /** @type {HTMLCanvasElement} */
  const cursor = find(".tp-cursor");
  const inFocus = () => state.hover?.patch ?? state.pinned;

  /** @param {number} patch @param {import("./state.js").Point | null} point */
  function describe(patch, point) {
    const { picture } = data();
    const { time, frequency } = placeText(data(), patch);
    const mean = `${minus(picture.patch_decibels[patch].toFixed(0))} dB mean`;
    return {
      Patch: `${patch}`,
      Time: time,
      Frequency: frequency,
      Level: point ? `${levelAt(point)}, ${mean}` : mean,
      Intensity: minus(picture.intensity[patch].toFixed(2)),
      Variation: picture.variation[patch].toFixed(2),
      ...attention.facts(patch, point?.stage ?? state.layout?.panels[0].stage),
      Fate: fateOf(view, patch),
    };
  }

  /** @param {import("./state.js").Point} point */
  function levelAt({ frame, bin }) {
    const { picture, grey } = data();
    const level = grey[frame * picture.bins + bin];
    const [low, high] = picture.decibels;
    return `${level === 0 ? "≤ " : ""}${minus(Math.round(low + ((high - low) * level) / 255))} dB here`;
  }

  /**
   * After each block, the patches that are one token with the one in focus; none unless patches merge.
   *
   * @returns {Record<number, number[]>}
   */
  function mates() {
    const patch = inFocus();
    const holders = view.holders();
    if (patch === null || !holders) return {};
    return Object.fromEntries(blocksOf(data()).map((block, i) => [block, groupOf(holders[i], patch)]));
  }

  return {
    inFocus,
    render() {
      const patch = inFocus();
      if (patch === null) {
        renew(find(".tp-readout"), node("p", { class: "tp-help" }, HINT));
        return;
      }
      const facts = Object.entries(describe(patch, state.hover));
      const pairs = facts.map(([name, value]) => node("div", {}, node("dt", {}, name), node("dd", {}, value)));
      renew(find(".tp-readout"), node("dl", {}, ...pairs));
    },
    speak() {
      if (state.pinned === null) return;
      const { Patch, Time, Frequency, Level, Fate } = describe(state.pinned, null);
      say(`Patch ${Patch}, ${Time}, ${Frequency}, ${Level}, ${Fate}.`);
    },
    redrawCursor() {
      const group = state.groups[state.pointedGroup ?? state.pressedGroup ?? -1];
      if (!state.layout) return;
      drawCursor(cursor, state.layout, data(), {
        patch: inFocus(),
        mates: mates(),
        opened: state.opened ? state.pinned : null,
        lit: group ? new Set(group.patches) : null,
        seconds: state.seconds,
      });
    },
  };
}
