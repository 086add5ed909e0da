// A picture's part of the page's address: what is between it and page/link.js.

/**
 * Says what a setting is now; an address need not name what is as it was at first.
 *
 * @param {string} tab
 * @param {string} setting
 * @param {unknown} now
 * @param {unknown} first
 */
export function putInAddress(tab, setting, now, first) {
  const detail = { name: `${tab}.${setting}`, value: now === first ? null : now };
  document.dispatchEvent(new CustomEvent("tp-setting", { detail }));
}

/**
 * Says that what the address named of a setting does not fit.
 *
 * @param {string} tab
 * @param {string} setting
 */
export function leaveOutOfAddress(tab, setting) {
  document.dispatchEvent(new CustomEvent("tp-left-out", { detail: `${tab}.${setting}` }));
}

/**
 * Calls `restore` with what the address names of the tab's settings: setting -> text, or null.
 *
 * @param {string} tab
 * @param {(named: Record<string, string | null>) => void} restore
 */
export function takeFromAddress(tab, restore) {
  document.dispatchEvent(new CustomEvent("tp-board", { detail: { tab, restore } }));
}
