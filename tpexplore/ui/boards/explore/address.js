// The viewer's part of the page's address: reports the current view, and shows the view in an address.

/**
 * @typedef {object} Shown
 * @property {import("./messages.js").Score} score
 * @property {import("../shared/fates.js").Method} method
 * @property {string} blocks
 * @property {string} rates
 * @property {number} keep-rate
 * @property {string} listen
 * @property {number} stage
 * @property {number | null} patch whose passport is open
 * @property {string} panel
 * @property {string} colour
 * @property {number} head
 */

/**
 * @param {import("./state.js").View} view
 * @param {(shown: Shown) => void} restore
 */
export function createAddress({ find, state }, restore) {
  const first = shown();

  /** @returns {Shown} */
  function shown() {
    const { chosen, rate, listen, opened, pinned, panel, colour, head } = state;
    const patch = opened ? pinned : null;
    return { ...chosen, "keep-rate": rate, listen: listen.what, stage: listen.stage, patch, panel, colour, head };
  }

  /** @param {boolean} fresh whether a clip has just come */
  function tell(fresh) {
    if (!state.data) return;
    const detail = { view: shown(), first, patches: state.data.picture.patches, fresh };
    document.dispatchEvent(new CustomEvent("tp-view", { detail }));
  }

  document.addEventListener("tp-ask", () => tell(false));
  document.addEventListener("tp-restore", (event) => {
    restore(/** @type {CustomEvent} */ (event).detail);
    tell(false);
  });
  document.addEventListener("tp-opening", (event) => {
    find(".tp").setAttribute("aria-busy", /** @type {CustomEvent} */ (event).detail);
  });
  // After the viewer's own listeners, which have changed the state by then.
  for (const type of ["input", "change", "click", "keydown"]) {
    find(".tp-body").addEventListener(type, () => tell(false));
  }
  return { tell };
}
