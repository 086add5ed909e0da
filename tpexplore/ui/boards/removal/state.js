// The state of the removal board, which all its parts share.

import { finder } from "../shared/dom.js";
import { countOf, groupMask, maskKey } from "./marks.js";

export const COARSE = matchMedia("(pointer: coarse)").matches;
export const FIRST = { group: "H", by: /** @type {Statistic} */ ("intensity"), block: 5 };

/** @type {Record<string, string>} */
const GROUP_NAMES = { L: "low", H: "high" };

/**
 * @typedef {import("./reading.js").Statistic} Statistic
 * @typedef {import("./history.js").Step} Step
 * @typedef {"paint" | "erase" | "read"} Tool
 *
 * @typedef {object} Data the server's message about a clip
 * @property {string} stamp
 * @property {{name: string, family: string, depth: number}} model
 * @property {{name: string, start: number}} clip
 * @property {import("../shared/grid.js").Picture} picture
 * @property {Uint8Array} grey
 * @property {Record<string, number[]>} groups
 * @property {Record<Statistic, {ids: Uint8Array | null, own: boolean, problem: string}>} clusters
 * @property {import("./reading.js").Before} before
 * @property {number} draws
 * @property {import("./reading.js").Measured | null} measured
 * @property {import("./reading.js").Published | null} published
 *
 * @typedef {object} Shown
 * @property {Data} data
 * @property {import("./history.js").History} history
 * @property {import("./knowledge.js").Knowledge} knowledge
 *
 * @typedef {object} State
 * @property {Shown | null} shown
 * @property {import("../shared/layout.js").Layout | null} layout
 * @property {Statistic} by
 * @property {number} block
 * @property {Tool} tool
 * @property {import("./marks.js").Brush} brush
 * @property {number | null} hover the patch under the mouse
 * @property {number | null} pin the patch that the arrow keys or a tap have gone to
 * @property {{mask: import("./marks.js").Mask, last: number, mark: 0 | 1} | null} stroke the marks while a button or
 *   finger is down
 * @property {import("./knowledge.js").Answer | null} answer the last one, shown dimmed until the next one is there
 *
 * @typedef {ReturnType<typeof createBoard>} Board
 */

/**
 * The board's state, its elements, and values derived from the marks.
 *
 * @param {HTMLElement} element
 */
export function createBoard(element) {
  const find = finder(element);
  /** @type {State} */
  const state = {
    shown: null,
    layout: null,
    by: FIRST.by,
    block: FIRST.block,
    tool: COARSE ? "read" : "paint", // a finger first of all scrolls
    brush: "patch",
    hover: null,
    pin: null,
    stroke: null,
    answer: null,
  };

  /** The current data; used only while something is shown. */
  function shown() {
    if (!state.shown) throw new Error("Nothing is shown yet.");
    return state.shown;
  }

  const marks = () => state.stroke?.mask ?? shown().history.now().mask;
  const markedGroup = () => (state.stroke ? null : shown().history.now().group);

  /** @param {string} group @returns {Step | null} */
  function groupStep(group) {
    const { clusters, groups } = shown().data;
    const { ids } = clusters[state.by];
    return ids && { mask: groupMask(ids, groups[group]), group };
  }

  /** The key of a group's patches in questions to the server, or null if it has none. @param {string} group */
  function keyOf(group) {
    const step = groupStep(group);
    return step && countOf(step.mask) ? maskKey(step.mask) : null;
  }

  /** @param {string} group */
  function groupWords(group) {
    const wide = GROUP_NAMES[group];
    return wide ? `${group}, ${wide} ${state.by}` : `${group} by ${state.by}`;
  }

  return {
    find,
    /** @param {string} name */
    part: (name) => find(`[data-tr="${name}"]`),
    root: find(".tr"),
    picture: /** @type {HTMLCanvasElement} */ (find(".tr-picture")),
    state,
    shown,
    data: () => shown().data,
    marks,
    markedGroup,
    groupStep,
    groupWords,
    keyOf,
    chosenKey: () => (countOf(marks()) ? maskKey(marks()) : null),
    /** Announces a sentence to screen readers. @param {string} sentence */
    speak: (sentence) => {
      find(".tr-spoken").textContent = sentence;
    },
    /** @param {string} sentence nothing ends the alert */
    alert: (sentence) => {
      const line = find(".tr-alert");
      line.textContent = sentence;
      line.hidden = !sentence;
    },
  };
}
