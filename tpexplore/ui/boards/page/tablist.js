// Rows of tabs: arrow keys, Home and End move along a row, as in other programs, and Enter opens a tab. The open tab
// is scrolled into view if the row is wider than the screen.

const ROOM_BESIDE = 32; // px: at its ends the row fades out, and a part of the next tab shows
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

/** Moves the row alone: a link or Back may open a tab while the person reads further down. @param {Element} tab */
function bringIntoRow(tab) {
  const row = /** @type {HTMLElement} */ (tab.parentElement);
  const [inner, outer] = [tab.getBoundingClientRect(), row.getBoundingClientRect()];
  const before = inner.left - ROOM_BESIDE - outer.left;
  const after = inner.right + ROOM_BESIDE - outer.right;
  if (before < 0) row.scrollLeft += before;
  else if (after > 0) row.scrollLeft += after;
}

const bringOpenTabsIntoRows = () =>
  document.querySelectorAll("[role=tab][aria-selected=true]").forEach(bringIntoRow);

export function keepOpenTabInSight() {
  // At once where the tab itself was clicked: what it opens may have to come from the server first.
  document.addEventListener("click", (event) => {
    const tab = /** @type {Element} */ (event.target).closest?.("[role=tab]");
    if (tab?.parentElement) bringIntoRow(tab);
  });
  for (const type of ["tp-tab", "tp-opened"]) document.addEventListener(type, bringOpenTabsIntoRows);
  addEventListener("resize", bringOpenTabsIntoRows); // a phone is turned
}
