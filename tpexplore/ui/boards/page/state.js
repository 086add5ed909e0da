// The page's one state: keep-rate and score, the same in every tab, and what Explore's "Advanced" says of the other
// patches and the blocks that prune, which Long recording and Live follow. (Clip, window and model are Gradio's.)
//
// A board imports it: `pageState.get()` reads, `pageState.set({ rate: 0.7 }, me)` changes, `pageState.follow(act, me)`
// calls `act(state)` after every change that somebody else made. A Gradio component shows and changes it where its tab
// names it in `Tab.page`, e.g. `page={slider: "rate", radio: "score"}`: wiring.py does the rest. A tab that only
// reads it at a request uses `page_settings()` of tabs/__init__.py. Links name it once, as "keep-rate" and "score".

import { PAPERS_BLOCKS } from "../shared/plan.js";

/**
 * @typedef {object} PageState
 * @property {number} rate
 * @property {string} score
 * @property {import("../shared/fates.js").Method} method
 * @property {string} blocks as links name them
 * @property {string} rates one for each block, empty where the one rate counts for all
 *
 * @typedef {(state: PageState) => void} Follower
 */

/** @param {PageState} one @param {PageState} other */
export function isSameState(one, other) {
  return Object.entries(one).every(([name, value]) => value === other[/** @type {keyof PageState} */ (name)]);
}

export function createPageState() {
  /** @type {PageState} */
  let state = { rate: 0.5, score: "attention", method: "drop", blocks: PAPERS_BLOCKS, rates: "" };
  /** @type {Map<unknown, Follower>} */
  const followers = new Map();

  return {
    get: () => state,
    /** @param {Partial<PageState>} changes @param {unknown} [by] the follower that made the change and is not called */
    set(changes, by) {
      const next = { ...state, ...changes };
      if (isSameState(next, state)) return;
      state = next;
      for (const [who, act] of followers) if (who !== by) act(state);
    },
    /** @param {Follower} act @param {unknown} [who] */
    follow(act, who = act) {
      followers.set(who, act);
    },
  };
}

/** One for the page: a module is evaluated once. */
export const pageState = createPageState();

// For scripts of Gradio's events, which import nothing.
Object.assign(globalThis, { tpPage: pageState });
