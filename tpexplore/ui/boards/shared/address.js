// A picture's part of the page's address: what is between it and page/link.js.

/**
 * Reports a setting's current value; an address leaves out default values.
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
 * Reports that a setting's value in the address does not fit.
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
