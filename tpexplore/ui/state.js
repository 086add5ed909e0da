// What the viewer shows and where: the state that all its parts share, and small helpers to build controls.

const SCORE_NAMES = { attention: "Attention", intensity: "Intensity", variation: "Variation" };
const FIRST_RATE = 0.5;

const find = (selector) => element.querySelector(selector);
const out = (name) => find(`[data-out="${name}"]`);
const picture = find(".tp-picture");
const cursor = find(".tp-cursor");
const rateInput = find(".tp-rate-input");
const seekInput = find(".tp-seek");
const playButton = find(".tp-play");
const groupRows = find(".tp-groups");

const state = {
  data: null,
  sounds: null,
  layout: null,
  rate: FIRST_RATE,
  score: "attention",
  hover: null, // where the mouse is: {frame, bin, patch, seconds}
  pinned: null, // the patch chosen by click, tap or arrow keys
  opened: false, // whether the passport of the pinned patch is open
  looping: null, // what of it is repeated: "patch" or "column"
  listen: { what: "original", stage: 4 },
  grouping: "intensity",
  groups: [],
  pointedGroup: null, // the group of patches that the pointer or the focus is on
  pressedGroup: null, // the one that stays lit
  pending: false, // whether a redraw waits for the next frame
  seconds: null, // of the play-head; null until someone plays or seeks
};

// Runs `act` once nothing has asked for it for some time.
function afterRest(milliseconds, act) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, milliseconds);
  };
}

// Radio buttons in a row, once; `check` chooses one of them.
function addSegments(where, name, choices) {
  for (const [value, text] of Object.entries(choices)) {
    const radio = node("input", { type: "radio", name, value });
    find(`${where} .tp-segments`).append(node("label", {}, radio, node("span", {}, text)));
  }
}

function check(where, value) {
  for (const radio of element.querySelectorAll(`${where} input`)) radio.checked = radio.value === `${value}`;
}

function addOptions(select, choices) {
  select.append(...Object.entries(choices).map(([value, text]) => node("option", { value }, text)));
}

function say(text) {
  find(".tp-spoken").textContent = text;
}
