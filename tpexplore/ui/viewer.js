// The viewer: takes a clip in, turns events into redraws. Nothing here asks the server for anything.

const SCORE_HELP = {
  attention: {
    ast: "attention paid by the CLS token, mean over heads",
    audiomae: "attention paid by all patches, mean over heads",
  },
  intensity: "mean of a patch's values: loud patches stay",
  variation: "spread of a patch's values: contrasts stay",
};
const SPEECH_DELAY = 700; // ms that everything must rest before the summary is spoken

addSegments(".tp-score", "tp-score", SCORE_NAMES);

// ---- data in ----------------------------------------------------------------------------------------------

function show(value) {
  find(".tp-empty").hidden = Boolean(value);
  find(".tp-body").hidden = !value;
  if (!value) return;
  const data = decode(value);
  // The server begins with what the person looked at when asking; another choice may have been made since.
  if (!data.scores[state.score]) [state.score] = Object.keys(data.scores);
  Object.assign(state, { data, sounds: createSounds(data), hover: null, pinned: null, opened: false });
  player.load(state.sounds.samples, data.clip.sample_rate);
  state.seconds = null;
  loopPatch(null);
  setUpControls(data);
  regroup();
  out("clip-name").textContent = data.clip.name;
  out("clip").textContent = data.clip.sentences.join(" ");
  find(".tp").dataset.clip = data.clip.name;
  resize();
  redraw();
}

// Further passes of the clip that is shown.
function add(text) {
  for (const { scores } of linesOf(text)) addPasses(state.data, scores);
  applyBudget();
  redraw();
}

function setUpControls(data) {
  const { rates, clip, model } = data;
  const step = (rates[1] - rates[0]).toFixed(2);
  Object.assign(rateInput, { min: rates[0], max: rates[rates.length - 1], step });
  rateInput.value = state.rate;
  seekInput.max = clip.seconds;
  seekInput.value = 0;
  picture.setAttribute(
    "aria-label",
    `Spectrogram of ${clip.name} as ${model.name} sees it, after blocks 4, 7 and 10. Arrow keys move from ` +
      "patch to patch, Enter opens a patch's passport and moves the play-head there, Space plays.",
  );
  out("strip-ends").replaceChildren(
    ...[rates[0], rates[rates.length - 1]].map((rate) => node("span", {}, percent(rate))),
  );
  if (!budgetUnit.dataset.chosen) budgetUnit.value = data.unpruned.macs < 1e9 ? "mega" : "giga";
  applyBudget();
  out("time").textContent = timeText(0);
}

// ---- data out ---------------------------------------------------------------------------------------------

// The chosen keep-rate, or of those that have arrived the nearest.
function rateIndex() {
  const distances = state.data.scores[state.score].rates.map((rate) => Math.abs(rate - state.rate));
  return distances.indexOf(Math.min(...distances));
}

const dropMap = () => state.data.scores[state.score].drop[rateIndex()];

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
  // Read by tests, and by the page when it asks for another analysis.
  Object.assign(find(".tp").dataset, { score, rate: state.rate, complete: isComplete(data) });
  if (!layout) return;
  const index = rateIndex();
  const entry = data.scores[score];
  const drop = entry.drop[index];
  const point = entry.points[index];
  drawPicture(picture, layout, data, drop, coloursOf(find(".tp")));
  renderRate(entry, point, entry.rates[index]);
  renderSummary(out("summary"), data, point);
  renderScores(data);
  renderLegend(drop);
  readPatch();
  showPassport();
  out("explanation").textContent = explanation(data, score, index);
  fillSurvival(groupRows, state.groups, drop);
  renderAnswer(find(".tp-card-answer"), data, point, entry.rates[index]);
  renderCost(find(".tp-card-cost"), data, point);
  renderAccuracy(find(".tp-card-accuracy"), data, score, index);
  refreshSoundSoon();
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
  const whole = told.length
    ? `▲ Pruning further, the answer changes at ${told.toReversed().join(", ")}.`
    : "The answer is the same at every keep-rate.";
  out("flips").textContent = entry.complete ? whole : "Other keep-rates are still being computed.";
}

function renderScores({ scores, model: { family } }) {
  check(".tp-score", state.score);
  for (const radio of element.querySelectorAll(".tp-score input")) radio.disabled = !scores[radio.value];
  const help = SCORE_HELP[state.score];
  out("score-help").textContent = typeof help === "string" ? help : help[family];
}

function renderLegend(drop) {
  const keys = legendKeys(state.data, drop).map(({ stage, text }) => {
    const sample = stage === null ? { class: "tp-hatch" } : { style: `background: ${cssGradient(stage)}` };
    return node("span", { class: "tp-key" }, node("i", sample), text);
  });
  find(".tp-legend").replaceChildren(...keys);
}

function timeText(seconds) {
  return `${(state.data.clip.start + seconds).toFixed(2)} s`;
}

const speakSummarySoon = afterRest(SPEECH_DELAY, () => {
  const { data, score } = state;
  const { rates, points } = data.scores[score];
  const { answer, probability, macs } = points[rateIndex()];
  const saved = `${percent(1 - macs / data.unpruned.macs)} of the MACs saved`;
  say(`Keep-rate ${percent(rates[rateIndex()])}: ${answer} ${probabilityText(probability)}, ${saved}.`);
});

// ---- the play-head ----------------------------------------------------------------------------------------

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
  budgetInput.value = ""; // it no longer says what is shown
  applyBudget();
  redrawAfter(event);
});

find(".tp-score").addEventListener("change", (event) => {
  state.score = event.target.value;
  applyBudget();
  speakSummarySoon();
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
  openPassport();
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
  if (event.key === " ") togglePlay();
  else if (event.key === "Enter" && state.pinned !== null) {
    seekToPin();
    openPassport();
  } else if (KEYS[event.key]) {
    state.hover = null;
    KEYS[event.key]();
    readPatch();
    showPassport();
    speakPatch();
    if (state.looping) loopPatch(state.looping);
  } else return;
  event.preventDefault();
});

new ResizeObserver(() => {
  resize();
  if (state.data) redraw();
}).observe(find(".tp-canvases"));

// Gradio marks its dark theme by a class of <body>; the canvas has to be told.
new MutationObserver(() => state.data && redraw()).observe(document.body, { attributeFilter: ["class"] });

// Text on a canvas is drawn in whatever font is there; draw it again once the page's own has arrived.
document.fonts.addEventListener("loadingdone", () => state.data && redraw());

let shown = "";

watch("value", () => {
  const before = shown;
  shown = props.value;
  if (before && shown.startsWith(before)) {
    add(shown.slice(before.length));
    return;
  }
  show(shown);
  // On a phone the upload lies below the picture: bring the new picture into sight.
  const { top, bottom } = element.getBoundingClientRect();
  if (bottom < 120 || top > innerHeight - 120) element.scrollIntoView({ behavior: "smooth" });
});
shown = props.value;
show(shown);
