// Arrow keys, Home and End move along a row of tabs, as they do in every other program; Enter opens one.

/** @type {Record<string, number>} */
const STEPS_OF = { ArrowRight: 1, ArrowLeft: -1 };

/**
 * The place that a key leads to among `count` tabs, or null where it leads nowhere.
 *
 * @param {string} key
 * @param {number} at
 * @param {number} count
 */
export function nextTab(key, at, count) {
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  return key in STEPS_OF ? (at + STEPS_OF[key] + count) % count : null;
}

export function wireTabKeys() {
  document.addEventListener("keydown", (event) => {
    const tab = /** @type {Element} */ (event.target).closest?.("[role=tab]");
    if (!tab?.parentElement || event.altKey || event.ctrlKey || event.metaKey) return;
    const tabs = /** @type {HTMLElement[]} */ ([...tab.parentElement.querySelectorAll("[role=tab]:not(:disabled)")]);
    const to = nextTab(event.key, tabs.indexOf(/** @type {HTMLElement} */ (tab)), tabs.length);
    if (to === null) return;
    tabs[to].focus();
    event.preventDefault();
  });
}
