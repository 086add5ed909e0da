// What is chosen in Explore for the whole page: the ranking and the keep-rate.

/** @typedef {{score: string, rate: number}} Settings */

/** @returns {Settings} */
export function pageSettings() {
  const { score, rate } = /** @type {HTMLElement | null} */ (document.querySelector("#viewer .tp"))?.dataset ?? {};
  return { score: score ?? "attention", rate: Number(rate ?? 0.5) };
}

/** Calls `act` when they may have changed. @param {() => void} act */
export function onPageSettings(act) {
  document.addEventListener("tp-view", act);
}
