// The viewer: holds the state, turns events into redraws. Nothing here asks the server for anything.

const SCORE_NAMES = { attention: "Attention", intensity: "Intensity", variation: "Variation" };
const SCORE_HELP = {
  attention: {
    ast: "attention paid by the CLS token, mean over heads",
    audiomae: "attention paid by all patches, mean over heads",
  },
  intensity: "mean of a patch's values: loud patches stay",
  variation: "spread of a patch's values: contrasts stay",
};
const FIRST_RATE = 0.5;

const find = (selector) => element.querySelector(selector);
const out = (name) => find(`[data-out="${name}"]`);
const picture = find(".tp-picture");
const cursor = find(".tp-cursor");
const rateInput = find(".tp-rate-input");
const seekInput = find(".tp-seek");
const playButton = find(".tp-play");

const state = {
  data: null,
  layout: null,
  rate: FIRST_RATE,
  score: "attention",
  hover: null, // where the mouse is: {frame, bin, patch, seconds}
  pinned: null, // the patch chosen by click, tap or arrow keys
  pending: false, // whether a redraw waits for the next frame
  seconds: null, // of the play-head; null until someone plays or seeks
};
const player = createPlayer(movePlayHead);

// ---- data in ----------------------------------------------------------------------------------------------

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

function decode(value) {
  const data = JSON.parse(value);
  const { patches, grey } = data.picture;
  data.grey = bytesOf(grey);
  for (const entry of Object.values(data.scores)) {
    const maps = bytesOf(entry.drop);
    entry.drop = data.rates.map((_, i) => maps.subarray(i * patches, (i + 1) * patches));
  }
  return data;
}

function show(value) {
  find(".tp-empty").hidden = Boolean(value);
  find(".tp-body").hidden = !value;
  if (!value) return;
  const data = decode(value);
  Object.assign(state, { data, hover: null, pinned: null, seconds: null });
  player.load(bytesOf(data.clip.pcm), data.clip.sample_rate);
  setUpControls(data);
  out("clip-name").textContent = data.clip.name;
  out("clip").textContent = data.clip.sentences.join(" ");
  find(".tp").dataset.clip = data.clip.name;
  resize();
  redraw();
}

function setUpControls({ rates, clip, model }) {
  const step = (rates[1] - rates[0]).toFixed(2);
  Object.assign(rateInput, { min: rates[0], max: rates[rates.length - 1], step });
  rateInput.value = state.rate;
  seekInput.max = clip.seconds;
  seekInput.value = 0;
  picture.setAttribute(
    "aria-label",
    `Spectrogram of ${clip.name} as ${model.name} sees it, after blocks 4, 7 and 10. Arrow keys move from ` +
      "patch to patch, Enter moves the play-head there, Space plays.",
  );
  out("time").textContent = timeText(0);
}

// ---- data out ---------------------------------------------------------------------------------------------

function rateIndex() {
  const distances = state.data.rates.map((rate) => Math.abs(rate - state.rate));
  return distances.indexOf(Math.min(...distances));
}

const dropMap = () => state.data.scores[state.score].drop[rateIndex()];

function colours() {
  const css = getComputedStyle(find(".tp"));
  return {
    font: css.fontFamily,
    text: css.color,
    subdued: css.getPropertyValue("--tp-subdued"),
    line: css.getPropertyValue("--tp-line"),
  };
}

function resize() {
  if (!state.data) return;
  const width = find(".tp-canvases").clientWidth;
  if (!width) return; // hidden, for example in a closed tab
  state.layout = layoutPanels(width, state.data.picture);
  const { abreast, panels } = state.layout;
  // Stacked panels share one time axis with the seek bar; side by side they cannot.
  const played = (panels[0].w * state.data.clip.seconds) / state.data.picture.seconds;
  find(".tp-player").style.setProperty("--tp-seek-width", abreast ? "100%" : `${Math.max(80, played)}px`);
}

function redraw() {
  const { data, layout, score } = state;
  if (!layout) return;
  const index = rateIndex();
  const entry = data.scores[score];
  const drop = entry.drop[index];
  const point = entry.points[index];
  drawPicture(picture, layout, data, drop, colours());
  redrawCursor();
  renderRate(entry, point, data.rates[index]);
  renderSummary(out("summary"), data, point);
  renderScores(data.model.family);
  renderLegend(drop);
  renderReadout();
  renderAnswer(find(".tp-card-answer"), data, point, data.rates[index]);
  renderCost(find(".tp-card-cost"), data, point);
  renderAccuracy(find(".tp-card-accuracy"), data, score, index);
}

// Redraws in the next frame; what that took from the person's action to the paint can be read from
// `performance` and from data-repaint-ms.
function redrawAfter(event) {
  if (state.pending) return;
  state.pending = true;
  const start = event.timeStamp;
  requestAnimationFrame(() => {
    state.pending = false;
    redraw();
    const painted = new MessageChannel();
    painted.port1.onmessage = () => {
      const measure = performance.measure("tp-repaint", { start, end: performance.now() });
      find(".tp").dataset.repaintMs = measure.duration.toFixed(1);
    };
    painted.port2.postMessage(null);
  });
}

function renderRate(entry, point, rate) {
  out("rate").textContent = percent(rate);
  const fill = (Number(rateInput.value) - rateInput.min) / (rateInput.max - rateInput.min);
  rateInput.style.setProperty("--tp-fill", fill);
  const answer = `answer ${point.answer} ${probabilityText(point.probability)}`;
  rateInput.setAttribute("aria-valuetext", `${percent(rate)} of the patches kept at each stage, ${answer}`);
  const spans = entry.flips.map((flip) => {
    const at = (flip.rate - rateInput.min) / (rateInput.max - rateInput.min);
    return node("span", { style: `--tp-at: ${at}` });
  });
  find(".tp-flips").replaceChildren(...spans);
  const told = entry.flips.map((flip) => `${percent(flip.rate)} (${flip.from} → ${flip.to})`);
  out("flips").textContent = told.length
    ? `▲ Pruning further, the answer changes at ${told.toReversed().join(", ")}.`
    : "The answer is the same at every keep-rate.";
}

function renderScores(family) {
  const segments = find(".tp-segments");
  if (!segments.childElementCount) {
    for (const [score, name] of Object.entries(SCORE_NAMES)) {
      const radio = node("input", { type: "radio", name: "tp-score", value: score });
      segments.append(node("label", {}, radio, node("span", {}, name)));
    }
  }
  for (const radio of segments.querySelectorAll("input")) radio.checked = radio.value === state.score;
  const help = SCORE_HELP[state.score];
  out("score-help").textContent = typeof help === "string" ? help : help[family];
}

function renderLegend(drop) {
  const item = (gradient, text) =>
    node("span", { class: "tp-key" }, node("i", { style: `background: ${gradient}` }), text);
  const dropped = (stage) => drop.reduce((count, by) => count + (by === stage), 0);
  find(".tp-legend").replaceChildren(
    item(cssGradient(0), `kept (${keptAfter(drop, 10)})`),
    ...DROPPED_BY.map((stage) => item(cssGradient(stage), `dropped by block ${stage} (${dropped(stage)})`)),
  );
  if (state.data.picture.real_frames < state.data.picture.frames) {
    find(".tp-legend").append(
      node("span", { class: "tp-key" }, node("i", { class: "tp-hatch" }), "padding, not sound"),
    );
  }
}

function timeText(seconds) {
  return `${(state.data.clip.start + seconds).toFixed(2)} s`;
}

// ---- the patch read-out -----------------------------------------------------------------------------------

function describePatch(patch, point) {
  const { picture: seen, clip } = state.data;
  const rows = seen.bins / PATCH;
  const [column, row] = [Math.floor(patch / rows), patch % rows];
  const width = PATCH * (seen.seconds / seen.frames);
  const start = clip.start + column * width;
  const by = dropMap()[patch];
  const mean = `${minus(seen.patch_decibels[patch].toFixed(0))} dB mean`;
  return {
    Patch: `${patch}`,
    Time: `${start.toFixed(2)}–${(start + width).toFixed(2)} s`,
    Frequency: hertzRange(seen.row_hertz[row], seen.row_hertz[row + 1]),
    Level: point ? `${pointLevel(point)}, ${mean}` : mean,
    Intensity: minus(seen.intensity[patch].toFixed(2)),
    Variation: seen.variation[patch].toFixed(2),
    Fate: by ? `dropped by block ${by}` : "kept to the end",
  };
}

function pointLevel({ frame, bin }) {
  const { picture: seen, grey } = state.data;
  const level = grey[frame * seen.bins + bin];
  const [low, high] = seen.decibels;
  return `${level === 0 ? "≤ " : ""}${minus(Math.round(low + ((high - low) * level) / 255))} dB here`;
}

function renderReadout() {
  const patch = patchInFocus();
  if (patch === null) {
    const hint = "Point at the picture, tap it, or focus it and use the arrow keys to read a patch.";
    find(".tp-readout").replaceChildren(node("p", { class: "tp-help" }, hint));
    return;
  }
  const facts = Object.entries(describePatch(patch, state.hover));
  const pairs = facts.map(([name, value]) => node("div", {}, node("dt", {}, name), node("dd", {}, value)));
  find(".tp-readout").replaceChildren(node("dl", {}, ...pairs));
}

function speakPatch() {
  const { Patch, Time, Frequency, Level, Fate } = describePatch(state.pinned, null);
  find(".tp-spoken").textContent = `Patch ${Patch}, ${Time}, ${Frequency}, ${Level}, ${Fate}.`;
}

function patchInFocus() {
  return state.hover?.patch ?? state.pinned;
}

function redrawCursor() {
  drawCursor(cursor, state.layout, state.data, { patch: patchInFocus(), seconds: state.seconds });
}

function readPatch() {
  redrawCursor();
  renderReadout();
}

function movePlayHead(seconds, playing) {
  state.seconds = seconds;
  seekInput.value = seconds;
  out("time").textContent = timeText(seconds);
  seekInput.setAttribute("aria-valuetext", timeText(seconds));
  playButton.dataset.playing = playing;
  playButton.setAttribute("aria-label", playing ? "Pause" : "Play");
  if (state.layout) redrawCursor();
}

// ---- events -----------------------------------------------------------------------------------------------

rateInput.addEventListener("input", (event) => {
  state.rate = Number(rateInput.value);
  redrawAfter(event);
});

find(".tp-segments").addEventListener("change", (event) => {
  state.score = event.target.value;
  redrawAfter(event);
});

function pointUnder(event) {
  const box = picture.getBoundingClientRect();
  return pointAt(state.layout, state.data.picture, event.clientX - box.left, event.clientY - box.top);
}

picture.addEventListener("pointermove", (event) => {
  if (event.pointerType !== "mouse") return; // a finger scrolls the page; its tap arrives as a click
  state.hover = pointUnder(event);
  readPatch();
});

picture.addEventListener("pointerleave", () => {
  state.hover = null;
  readPatch();
});

picture.addEventListener("click", (event) => {
  const point = pointUnder(event);
  if (!point) return;
  state.pinned = point.patch;
  player.seek(Math.min(point.seconds, state.data.clip.seconds));
  readPatch();
  speakPatch();
});

function movePin(columns, rowsUp) {
  const { picture: seen } = state.data;
  const rows = seen.bins / PATCH;
  const last = seen.frames / PATCH - 1;
  const from = state.pinned ?? 0;
  const column = clamp(Math.floor(from / rows) + columns, 0, last);
  const row = clamp((from % rows) + rowsUp, 0, rows - 1);
  state.pinned = state.pinned === null ? 0 : column * rows + row;
}

const KEYS = {
  ArrowLeft: () => movePin(-1, 0),
  ArrowRight: () => movePin(1, 0),
  ArrowUp: () => movePin(0, 1),
  ArrowDown: () => movePin(0, -1),
  Home: () => movePin(-Infinity, 0),
  End: () => movePin(Infinity, 0),
};

function seekToPin() {
  const { picture: seen, clip } = state.data;
  const column = Math.floor((state.pinned * PATCH) / seen.bins);
  player.seek(Math.min((column * PATCH * seen.seconds) / seen.frames, clip.seconds));
}

picture.addEventListener("keydown", (event) => {
  if (event.key === " ") player.toggle();
  else if (event.key === "Enter" && state.pinned !== null) seekToPin();
  else if (KEYS[event.key]) {
    state.hover = null;
    KEYS[event.key]();
    readPatch();
    speakPatch();
  } else return;
  event.preventDefault();
});

playButton.addEventListener("click", () => player.toggle());
seekInput.addEventListener("input", () => player.seek(Number(seekInput.value)));

new ResizeObserver(() => {
  resize();
  if (state.data) redraw();
}).observe(find(".tp-canvases"));

// Gradio marks its dark theme by a class of <body>; the canvas has to be told.
new MutationObserver(() => state.data && redraw()).observe(document.body, { attributeFilter: ["class"] });

// Text on a canvas is drawn in whatever font is there; draw it again once the page's own has arrived.
document.fonts.addEventListener("loadingdone", () => state.data && redraw());

watch("value", () => {
  show(props.value);
  // On a phone the upload lies below the picture: bring the new picture into sight.
  const { top, bottom } = element.getBoundingClientRect();
  if (bottom < 120 || top > innerHeight - 120) element.scrollIntoView({ behavior: "smooth" });
});
show(props.value);
