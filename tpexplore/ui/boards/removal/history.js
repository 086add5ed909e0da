// The history of marks, for undo and redo.

import { sameMask } from "./marks.js";

/**
 * @typedef {object} Step
 * @property {import("./marks.js").Mask} mask
 * @property {string | null} group where the marks came from; null once a brush has touched them
 *
 * @typedef {ReturnType<typeof createHistory>} History
 */

/** @param {Step} first */
export function createHistory(first) {
  let steps = [first];
  let at = 0;
  return {
    now: () => steps[at],
    /** @param {Step} step */
    push(step) {
      if (sameMask(step.mask, steps[at].mask)) steps[at] = step; // nothing to undo, maybe a better name
      else {
        steps = [...steps.slice(0, at + 1), step];
        at += 1;
      }
    },
    undo: () => {
      at = Math.max(0, at - 1);
    },
    redo: () => {
      at = Math.min(steps.length - 1, at + 1);
    },
    canUndo: () => at > 0,
    canRedo: () => at < steps.length - 1,
  };
}
