// The table of groups under the picture: who survives, and which patches they are.

import { addOptions, valueOf } from "../shared/dom.js";
import { buildSurvival, fillSurvival, groupsOf } from "./survival.js";

/**
 * @param {import("./state.js").View} view
 * @param {{redrawCursor: () => void, onChange: (event: Event) => void}} acts
 */
export function createGroups({ find, out, state, data, dropMap }, { redrawCursor, onChange }) {
  /** @type {HTMLTableSectionElement} */
  const rows = find(".tp-groups");
  addOptions(find(".tp-grouping"), { intensity: "intensity", variation: "variation", frequency: "frequency" });

  function regroup() {
    const { grouping } = state;
    const groups = groupsOf(data(), /** @type {import("./survival.js").Grouping} */ (grouping));
    Object.assign(state, { groups, pointedGroup: null, pressedGroup: null });
    buildSurvival(rows, groups, data());
    const clustered = data().clusters && grouping !== "frequency";
    const kinds = clustered ? `clusters of ${data().model.task || "the dataset"}` : "fifths of this clip's patches";
    out("grouping").textContent =
      `${grouping === "frequency" ? "Rows of the picture" : `By ${grouping}: ${kinds}`}, ` +
      `${clustered ? "padding included" : "padding apart"}. Hover to highlight, click to pin.`;
  }

  /** @param {number} group */
  function press(group) {
    state.pressedGroup = state.pressedGroup === group ? null : group;
    for (const button of rows.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.group) === state.pressedGroup));
    }
    redrawCursor();
  }

  /** @param {EventTarget | null} target */
  function pointAt(target) {
    const row = /** @type {HTMLElement | null} */ (/** @type {Element | null} */ (target)?.closest?.("tr[data-group]"));
    state.pointedGroup = row ? Number(row.dataset.group) : null;
    redrawCursor();
  }

  find(".tp-grouping").addEventListener("change", (event) => {
    state.grouping = valueOf(event);
    regroup();
    onChange(event);
  });
  rows.addEventListener("pointerover", (event) => {
    if (event.pointerType === "mouse") pointAt(event.target); // a finger's tap presses the name
  });
  rows.addEventListener("pointerleave", () => pointAt(null));
  rows.addEventListener("focusin", (event) => pointAt(event.target));
  rows.addEventListener("focusout", () => pointAt(null));
  rows.addEventListener("click", (event) => {
    const button = /** @type {Element} */ (event.target).closest("button");
    if (button) press(Number(button.dataset.group));
  });

  return {
    regroup,
    render: () => fillSurvival(rows, state.groups, dropMap(), data()),
    /** Marks the row of the group that a patch is in. @param {number | null} patch */
    point(patch) {
      state.groups.forEach(({ patches }, i) => {
        rows.rows[i].dataset.here = String(patch !== null && patches.includes(patch));
      });
    },
  };
}
