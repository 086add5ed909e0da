// The viewer's state, which all its parts share.

import { PAPERS_BLOCKS } from "../shared/plan.js";
import { nearestRate } from "../shared/rates.js";
import { finder } from "../shared/dom.js";

export const SCORE_NAMES = { attention: "Attention", intensity: "Intensity", variation: "Variation" };
export const CONTROL_NAMES = { random: "Random", "time-even": "Best of every moment" };
export const RANKING_NAMES = { ...SCORE_NAMES, ...CONTROL_NAMES };
export const METHOD_NAMES = { drop: "Drop", fuse: "Fuse", merge: "Merge" };
export const FIRST_RATE = 0.5;

/**
 * @typedef {import("./messages.js").Data} Data
 * @typedef {import("./messages.js").Score} Score
 * @typedef {import("./survival.js").Group} Group
 * @typedef {{what: string, stage: number}} Listen
 * @typedef {NonNullable<ReturnType<typeof import("../shared/layout.js").pointAt>>} Point
 *
 * @typedef {object} State
 * @property {Data | null} data
 * @property {import("./sounds.js").Sounds | null} sounds null until their samples are there
 * @property {Promise<Float32Array> | null} samples of the clip, once somebody may listen
 * @property {import("../shared/layout.js").Layout | null} layout
 * @property {number} rate
 * @property {Score} score
 * @property {{score: Score, method: import("../shared/fates.js").Method, blocks: string, rates: string}} chosen the
 * user's choice; still being computed if it differs from the view
 * @property {Point | null} hover where the mouse is
 * @property {number | null} pinned the patch chosen by click, tap or arrow keys
 * @property {boolean} opened whether the passport of the pinned patch is open
 * @property {string | null} looping the repeated sound: "patch" or "column"
 * @property {Listen} listen
 * @property {string} panel which panels are shown: "auto" by the room there is, "all", or one stage
 * @property {string} colour what the picture shows: the "sound", how high patches "rank", or the "attention" to them
 * @property {number} head whose attention; 0 for the mean of all
 * @property {import("../shared/layout.js").Cut | null} cut the enlarged part of the picture; null if all is visible
 * @property {string} grouping
 * @property {Group[]} groups
 * @property {number | null} pointedGroup the group of patches that the pointer or the focus is on
 * @property {number | null} pressedGroup the one that stays lit
 * @property {number | null} seconds of the play-head; null until someone plays or seeks
 *
 * @typedef {ReturnType<typeof createView>} View
 */

/**
 * The viewer's state, its elements, and what all its parts ask of it.
 *
 * @param {HTMLElement} element
 */
export function createView(element) {
  const find = finder(element);
  /** @type {State} */
  const state = {
    data: null,
    sounds: null,
    samples: null,
    layout: null,
    rate: FIRST_RATE,
    score: "attention",
    chosen: { score: "attention", method: "drop", blocks: PAPERS_BLOCKS, rates: "" },
    hover: null,
    pinned: null,
    opened: false,
    looping: null,
    listen: { what: "original", stage: 4 },
    panel: "auto",
    colour: "sound",
    head: 0,
    cut: null,
    grouping: "intensity",
    groups: [],
    pointedGroup: null,
    pressedGroup: null,
    seconds: null,
  };

  /** The current data; used only while something is shown. */
  function data() {
    if (!state.data) throw new Error("Nothing is shown yet.");
    return state.data;
  }

  /** The passes of the chosen score. */
  const entry = () => data().scores[state.score];

  /** The chosen keep-rate, or of those that have arrived the nearest. */
  const rateIndex = () => nearestRate(entry().rates, state.rate);

  return {
    element,
    find,
    /** The element for a part of the results. @param {string} name */
    out: (name) => find(`[data-out="${name}"]`),
    state,
    data,
    entry,
    rateIndex,
    dropMap: () => entry().drop[rateIndex()],
    /** Where patches merged, whose token holds each after every pruning block; else null. */
    holders: () => entry().holders[rateIndex()],
    /** Announces a text to screen readers. @param {string} text */
    say: (text) => {
      find(".tp-spoken").textContent = text;
    },
  };
}
