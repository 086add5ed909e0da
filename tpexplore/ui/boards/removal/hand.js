// From the hand to the marks: brush and keys on the picture.

import { arrowKeys, clamp, gridOf } from "../shared/grid.js";
import { pointAt } from "../shared/layout.js";
import { brushed, pathBetween } from "./marks.js";

/**
 * @param {import("./state.js").Board} board
 * @param {ReturnType<typeof import("./tools.js").createTools>} tools
 * @param {object} acts
 * @param {(step: import("./history.js").Step) => void} acts.mark
 * @param {() => void} acts.redraw
 */
export function wireHand({ picture, state, data, marks, speak }, tools, { mark, redraw }) {
  const grid = () => gridOf(data().picture);

  /** @param {MouseEvent} event */
  function patchUnder(event) {
    if (!state.layout) return null;
    const box = picture.getBoundingClientRect();
    const [panel] = state.layout.panels;
    // A stroke that leaves the picture goes on along its edge.
    const inside = (/** @type {number} */ at, /** @type {number} */ start, /** @type {number} */ size) =>
      state.stroke ? clamp(at, start, start + size - 0.01) : at;
    const x = inside(event.clientX - box.left, panel.x, panel.w);
    const y = inside(event.clientY - box.top, panel.y + 0.01, panel.h);
    return pointAt(state.layout, data().picture, x, y)?.patch ?? null;
  }

  /** @param {number[]} patches */
  function touch(patches) {
    const { stroke } = state;
    if (!stroke) return;
    for (const patch of patches) {
      for (const touched of brushed(patch, state.brush, grid())) stroke.mask[touched] = stroke.mark;
    }
  }

  function endStroke() {
    if (!state.stroke) return;
    const { mask } = state.stroke;
    state.stroke = null;
    mark({ mask, group: null });
  }

  /** @param {number} patch */
  function speakPatch(patch) {
    speak(`${tools.describe(patch).join(", ")}.`);
  }

  picture.addEventListener("pointerdown", (event) => {
    const patch = patchUnder(event);
    if (patch === null || event.button !== 0) return;
    state.pin = patch;
    if (state.tool === "read") {
      tools.readPatch();
      speakPatch(patch);
      return;
    }
    picture.setPointerCapture(event.pointerId);
    const erase = state.tool === "erase" || event.shiftKey;
    state.stroke = { mask: marks().slice(), last: patch, mark: erase ? 0 : 1 };
    touch([patch]);
    redraw();
  });

  picture.addEventListener("pointermove", (event) => {
    const patch = patchUnder(event);
    state.hover = event.pointerType === "mouse" || state.stroke ? patch : null;
    if (state.stroke && patch !== null && patch !== state.stroke.last) {
      touch(pathBetween(state.stroke.last, patch, grid()));
      state.stroke.last = patch;
      redraw();
    } else tools.readPatch();
  });

  picture.addEventListener("pointerup", endStroke);
  picture.addEventListener("pointercancel", endStroke);
  picture.addEventListener("pointerleave", () => {
    if (state.stroke) return;
    state.hover = null;
    tools.readPatch();
  });

  /** Marks the patches under the brush if the middle one is unmarked, else unmarks them. */
  function togglePin() {
    const pin = (state.pin ??= 0);
    const mask = marks().slice();
    const value = 1 - mask[pin];
    for (const patch of brushed(pin, tools.brushNow(), grid())) mask[patch] = value;
    mark({ mask, group: null });
  }

  /** @type {Record<string, () => void>} */
  const keys = {
    ...arrowKeys((across, up) => {
      state.hover = null;
      state.pin = grid().step(state.pin, across, up);
    }),
    " ": togglePin,
    Enter: togglePin,
  };

  picture.addEventListener("keydown", (event) => {
    if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    keys[event.key]();
    tools.readPatch();
    speakPatch(state.pin ?? 0);
  });
}
