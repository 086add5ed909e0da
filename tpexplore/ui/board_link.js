// A picture's part of the link to what is seen: what is between it and link.js.

// A link need not name what is as it was at first.
function tellLink(tab, setting, now, first) {
  const detail = { name: `${tab}.${setting}`, value: now === first ? null : now };
  document.dispatchEvent(new CustomEvent("tp-setting", { detail }));
}

// What the link named of a setting does not fit.
function leaveOutOfLink(tab, setting) {
  document.dispatchEvent(new CustomEvent("tp-left-out", { detail: `${tab}.${setting}` }));
}

// Calls `restore` with what the link names of the tab's settings: setting -> text, or null.
function takeFromLink(tab, restore) {
  document.dispatchEvent(new CustomEvent("tp-board", { detail: { tab, restore } }));
}
