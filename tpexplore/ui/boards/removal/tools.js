// The controls around the picture: groups and tools, the legend, and the patch pointed at.

import { cssGradient } from "../shared/colours.js";
import { node } from "../shared/dom.js";
import { patchPlace } from "../shared/grid.js";
import { hertzRange, minus, patchCount, timeRange } from "../shared/text.js";
import { countOf, groupMask } from "./marks.js";
import { LEAVES_RAMP, STAYS_RAMP, drawBrush } from "./picture.js";
import { COARSE } from "./state.js";

const HINT = COARSE
  ? "Tap the picture to read a patch; choose Paint to mark patches with the finger."
  : "Drag over the picture to mark patches, with Shift to unmark; or focus it: arrow keys and Space.";

/** @param {import("./state.js").Board} board */
export function createTools({ find, part, state, shown, data, marks, markedGroup, groupWords }) {
  const brushNow = () => (state.tool === "read" ? "patch" : state.brush);
  const buttons = () => /** @type {NodeListOf<HTMLButtonElement>} */ (part("groups").querySelectorAll("button"));

  /** @param {number} patch */
  function describe(patch) {
    const { picture, clusters } = data();
    const { start, end, low, high } = patchPlace(data(), patch);
    const cluster = (/** @type {import("./state.js").Statistic} */ by) => {
      const { ids } = clusters[by];
      return ids ? ` (C${ids[patch] + 1})` : "";
    };
    return [
      `patch ${patch}`,
      timeRange(start, end),
      hertzRange(low, high),
      `intensity ${minus(picture.intensity[patch].toFixed(2))}${cluster("intensity")}`,
      `variation ${picture.variation[patch].toFixed(2)}${cluster("variation")}`,
      marks()[patch] ? "deleted" : "stays",
    ];
  }

  function renderReadout() {
    const patch = state.hover ?? state.pin;
    part("readout").textContent = patch === null ? HINT : describe(patch).join(" · ");
  }

  return {
    brushNow,
    describe,
    /** The patch that is pointed at, outlined and read out. */
    readPatch() {
      if (!state.layout) return;
      drawBrush(find(".tr-cursor"), state.layout, data().picture, state.hover ?? state.pin, brushNow());
      renderReadout();
    },
    /** Buttons for the clip's groups. */
    fill() {
      const groups = Object.keys(data().groups).map((group) =>
        node("button", { type: "button", "data-group": group }, group),
      );
      part("groups").replaceChildren(...groups);
    },
    render() {
      const { clusters, groups } = data();
      const { ids, own, problem } = clusters[state.by];
      for (const button of buttons()) {
        const group = button.dataset.group ?? "";
        const count = ids ? countOf(groupMask(ids, groups[group])) : 0;
        const label = `${groupWords(group)}: ${patchCount(count)} of this clip`;
        button.disabled = !count;
        button.title = label;
        button.setAttribute("aria-label", label);
        button.setAttribute("aria-pressed", String(markedGroup() === group));
      }
      part("group-help").textContent = problem || groupHelp(own);
      for (const [name, value] of [["tr-by", state.by], ["tr-tool", state.tool]]) {
        /** @type {HTMLInputElement} */
        const radio = find(`[name=${name}][value=${value}]`);
        radio.checked = true;
      }
      const { history } = shown();
      const disable = (/** @type {string} */ act, /** @type {boolean} */ disabled) => {
        /** @type {HTMLButtonElement} */
        const button = find(`[data-do=${act}]`);
        button.disabled = disabled;
      };
      disable("undo", !history.canUndo());
      disable("redo", !history.canRedo());
      disable("clear", !countOf(marks()));
    },
    renderLegend() {
      const { picture } = data();
      const count = countOf(marks());
      const item = (/** @type {import("../shared/dom.js").Attributes} */ sample, /** @type {string} */ text) =>
        node("span", { class: "tp-key" }, node("i", sample), text);
      const coloured = (/** @type {import("../shared/colours.js").Ramp} */ ramp) => ({
        style: `background: ${cssGradient(ramp)}`,
      });
      const keys = [
        item(coloured(STAYS_RAMP), `stays (${picture.patches - count})`),
        item(coloured(LEAVES_RAMP), `× deleted (${count})`),
      ];
      if (picture.real_frames < picture.frames) keys.push(item({ class: "tp-hatch" }, "padding"));
      find(".tr-legend").replaceChildren(...keys);
    },
  };
}

/** @param {boolean} own whether the clusters are the clip's */
function groupHelp(own) {
  const source = own ? "this clip's own five clusters" : "five clusters over the model's whole dataset";
  return `C1 (lowest) to C5 (highest) are ${source}; L is C1 and C2, H is C4 and C5, as in the paper.`;
}
