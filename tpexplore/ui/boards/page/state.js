// The page's one state: keep-rate and score, the same in every tab. (Clip, window and model are Gradio's: Controls.)
//
// A board imports it: `pageState.get()` reads, `pageState.set({ rate: 0.7 }, me)` changes, `pageState.follow(act, me)`
// calls `act(state)` after every change that somebody else made. A Gradio component shows and changes it where its tab
// names it in `Tab.page`, e.g. `page={slider: "rate", radio: "score"}`: shell.py does the rest. A tab that only
// reads it at a request uses `page_settings()` of tabs/__init__.py. Links name it once, as "keep-rate" and "score".

/**
 * @typedef {{rate: number, score: string}} PageState
 * @typedef {(state: PageState) => void} Follower
 */

export function createPageState() {
  /** @type {PageState} */
  let state = { rate: 0.5, score: "attention" };
  /** @type {Map<unknown, Follower>} */
  const followers = new Map();

  return {
    get: () => state,
    /** @param {Partial<PageState>} changes @param {unknown} [by] who is not called for it */
    set(changes, by) {
      const next = { ...state, ...changes };
      if (next.rate === state.rate && next.score === state.score) return;
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
