// A picture's part of the link to what is seen: what is between it and link.js.

// `value` is null where the setting is as it was at first.
function tellLink(tab, setting, value) {
  document.dispatchEvent(new CustomEvent("tp-setting", { detail: { name: `${tab}.${setting}`, value } }));
}

// What the link named of a setting does not fit.
function leaveOutOfLink(tab, setting) {
  document.dispatchEvent(new CustomEvent("tp-left-out", { detail: `${tab}.${setting}` }));
}

// Calls `restore` with what the link names of the tab's settings: setting -> text, or null.
function takeFromLink(tab, restore) {
  document.dispatchEvent(new CustomEvent("tp-board", { detail: { tab, restore } }));
}
