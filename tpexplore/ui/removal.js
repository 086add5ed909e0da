// The board: holds what is marked, turns events into marks and marks into questions to the server.

const REST_MILLISECONDS = 150; // how long the hand has to rest before the server is asked
const GROUP_NAMES = { L: "low", H: "high" };
const COARSE = matchMedia("(pointer: coarse)").matches;
const FIRST = { group: "H", by: "intensity", block: 5 };

const find = (selector) => element.querySelector(selector);
const part = (name) => find(`[data-tr="${name}"]`);
const root = find(".tr");
const picture = find(".tr-picture");
const cursor = find(".tr-cursor");
const blockInput = find(".tr-block-input");

let telling = 0; // the timer of the next answer to be told
let linked = {}; // what the link names, until the first clip is here

const state = {
  data: null,
  layout: null,
  history: null,
  knowledge: null,
  by: FIRST.by,
  block: FIRST.block,
  tool: COARSE ? "read" : "paint", // a finger first of all scrolls
  brush: "patch",
  hover: null, // the patch under the mouse
  pin: null, // the patch that the arrow keys or a tap have gone to
  stroke: null, // {mask, last, mark}: the marks while a button or finger is down
  shown: null, // the last answer, shown dimmed until the next one is there
  spoken: "", // what the last told answer was to, "" before anyone has marked anything
  asked: null, // {stamp, count} of the open question
  charts: {}, // what was last drawn, by card
};

// ---- data in ----------------------------------------------------------------------------------------------

function show(value) {
  find(".tp-empty").hidden = Boolean(value);
  find(".tr-body").hidden = !value;
  if (!value) return;
  const data = JSON.parse(value);
  if (data.stamp === state.data?.stamp) return;
  data.grey = bytesOf(data.picture.grey);
  for (const found of Object.values(data.clusters)) found.ids = found.ids && bytesOf(found.ids);
  const last = state.data;
  Object.assign(state, { data, hover: null, pin: null, stroke: null, shown: null });
  state.knowledge = createKnowledge(data);
  state.history = createHistory(firstStep(data, last));
  state.block = clamp(state.block, 1, data.model.depth - 1);
  Object.assign(blockInput, { max: data.model.depth - 1, value: state.block });
  part("first").textContent = 1;
  part("last").textContent = data.model.depth - 1;
  fillGroups();
  tellProblem("");
  takeLinkedMarks();
  tellLinkAll();
  resize();
  redraw();
  asker.pump();
}

function takeLinkedMarks() {
  const { group, patches } = linked;
  linked = {};
  if (group) state.history = createHistory(groupStep(state.data, group, state.by) ?? state.history.now());
  if (!patches) return;
  const mask = maskOfLink(patches, state.data.picture.patches);
  if (mask) state.history = createHistory({ mask, group: null });
  else leaveOutOfLink("removal", "patches"); // of a picture of another size
}

function tellLinkAll() {
  const { mask, group } = state.history.now();
  tellLink("removal", "by", state.by, FIRST.by);
  tellLink("removal", "block", state.block, FIRST.block);
  tellLink("removal", "group", group, FIRST.group);
  tellLink("removal", "patches", group ? null : maskInLink(mask), null);
}

// What stays marked when another clip or model comes: the same group; the same patches of the same clip.
function firstStep(data, last) {
  const now = state.history?.now();
  const alike = last?.clip.name === data.clip.name && last.picture.patches === data.picture.patches;
  if (now && !now.group && alike) return now;
  const step = groupStep(data, now?.group ?? FIRST.group, state.by);
  return step ?? { mask: new Uint8Array(data.picture.patches), group: null };
}

function groupStep(data, group, by) {
  const { ids } = data.clusters[by];
  return ids && { mask: groupMask(ids, data.groups[group]), group };
}

// ---- what is marked ---------------------------------------------------------------------------------------

const marks = () => state.stroke?.mask ?? state.history.now().mask;
const markedGroup = () => (state.stroke ? null : state.history.now().group);

function groupWords(group) {
  const wide = GROUP_NAMES[group];
  return wide ? `${group}, ${wide} ${state.by}` : `${group} by ${state.by}`;
}

function mark(step) {
  state.history.push(step);
  changed();
}

// Redraw at once; ask the server once the hand rests.
function changed() {
  tellProblem("");
  tellLinkAll();
  state.spoken = "something else"; // an answer is told again where patches were told of since
  redraw();
  asker.pumpAfter(REST_MILLISECONDS);
}

function chooseGroup(group) {
  const step = groupStep(state.data, group, state.by);
  if (step) mark(step);
}

const ACTIONS = {
  undo: () => (state.history.undo(), changed()),
  redo: () => (state.history.redo(), changed()),
  clear: () => mark({ mask: new Uint8Array(state.data.picture.patches), group: null }),
  invert: () => mark({ mask: marks().map((marked) => 1 - marked), group: null }),
  "picture-png": savePicture,
  "curve-png": () => saveChart("curve", "removal-curve"),
  "curve-csv": () => saveAs(csvBlob(clipRows(curveSeries(), clipFacts())), fileName("removal-curve", "csv")),
  "measured-png": () => saveChart("measured", "removal-measured"),
  "measured-csv": () => saveAs(csvBlob(measuredRows(splitSeries())), fileName("removal-measured", "csv")),
};

// ---- questions and answers --------------------------------------------------------------------------------

const keyOf = (group) => {
  const step = groupStep(state.data, group, state.by);
  return step && countOf(step.mask) ? maskKey(step.mask) : null;
};

function chosenKey() {
  return countOf(marks()) ? maskKey(marks()) : null;
}

const asker = createAsker({
  next() {
    if (!state.data || state.stroke || element.offsetParent === null) return null;
    const keys = [chosenKey(), keyOf("L"), keyOf("H")].filter(Boolean);
    return state.knowledge.next(keys, state.block, countOf(marks()));
  },
  send(question) {
    state.asked = { stamp: state.data.stamp, count: countOf(marks()) };
    root.dataset.state = "busy";
    trigger("ask", { stamp: state.data.stamp, ...question });
  },
  learn(question, reply, waited) {
    if (state.asked.stamp !== state.data.stamp) return true; // about a clip that is gone: ask of this one
    if (reply.stale) return false; // about a clip that is on its way here: it will ask when it comes
    state.knowledge.learn(question, state.asked.count, reply, waited);
    redrawAnswers();
    return true;
  },
  fail: tellProblem,
});

function receive(text) {
  if (!text) return;
  root.dataset.state = "idle";
  asker.receive(JSON.parse(text));
}

function tellProblem(sentence) {
  const alert = find(".tr-alert");
  alert.textContent = sentence;
  alert.hidden = !sentence;
}

// The answer for what is marked now; null while the server has not given it.
function answerNow() {
  const { before, picture: seen } = state.data;
  const key = chosenKey();
  if (key) return state.knowledge.answersOf(key).get(state.block) ?? null;
  const rows = before.rows.map(([label, share]) => [label, share, share]);
  return { ...before, kept: before.probability, stays: true, left: seen.patches, rows };
}

// ---- data out ---------------------------------------------------------------------------------------------

function resize() {
  const width = find(".tr-canvases").clientWidth;
  if (!state.data || !width) return; // without width: in a tab that is not open
  state.layout = layoutBoard(width, state.data.picture);
}

function redraw() {
  if (!state.layout) return;
  const { data, layout, block } = state;
  const count = countOf(marks());
  drawBoard(picture, layout, data, boardView(), coloursOf(root));
  drawBrush(cursor, layout, data, state.hover ?? state.pin, brushNow());
  part("block").textContent = block;
  blockInput.style.setProperty("--tp-fill", (block - 1) / (data.model.depth - 2));
  blockInput.setAttribute("aria-valuetext", `after block ${block}`);
  picture.setAttribute("aria-label", pictureLabel(count));
  picture.dataset.tool = state.tool;
  root.dataset.mask = maskKey(marks());
  renderLegend(count);
  renderTools();
  renderReadout();
  redrawAnswers();
}

function boardView() {
  const { patches } = state.data.picture;
  const stay = patches - countOf(marks());
  return { mask: marks(), title: "What the model reads", left: `${stay} of ${patches} stay` };
}

function pictureLabel(count) {
  const { clip, model, picture: seen } = state.data;
  return (
    `Spectrogram of ${clip.name} as ${model.name} reads it, ${count} of ${seen.patches} patches marked. ` +
    "Arrow keys go from patch to patch, Space or Enter marks or unmarks."
  );
}

function redrawAnswers() {
  if (!state.layout) return;
  const { data, block } = state;
  const answer = answerNow();
  const pending = !answer;
  if (answer) state.shown = answer;
  const view = { answer: state.shown, before: data.before, pending, family: data.model.family };
  renderSummary(part("summary"), { ...view, leaving: leaving() });
  renderPrediction(part("prediction"), view);
  renderCurve();
  renderMeasured();
  if (answer) speakAnswer(answer, block);
}

function leaving() {
  const group = markedGroup();
  const what = group ? `${groupWords(group)}: ` : "";
  return leavingText(what, countOf(marks()), state.data.picture.patches, state.block);
}

// Told once for every new state of things, not for every piece of the curve that comes in; and once the hand
// rests, after what a key has said of its patch.
function speakAnswer(answer, block) {
  const told = `${chosenKey()} ${block}`;
  if (state.spoken === told) return;
  const first = !state.spoken;
  state.spoken = told;
  if (first) return; // nobody asked for what is there when the tab opens
  const was = answer.stays ? "as with all patches" : `with all patches ${state.data.before.answer}`;
  const nothing = answer.left ? "" : ` ${nothingLeft(state.data.model.family)}`;
  const share = probabilityText(answer.probability);
  clearTimeout(telling);
  const sentence = `${leaving()} Answer ${answer.answer}, ${share}, ${was}.${nothing}`;
  telling = setTimeout(speak, REST_MILLISECONDS, sentence);
}

function speak(sentence) {
  find(".tr-spoken").textContent = sentence;
}

function renderLegend(count) {
  const patches = state.data.picture.patches;
  const item = (background, text) =>
    node("span", { class: "tp-key" }, node("i", { style: `background: ${background}` }), text);
  const crossed = item(cssGradient(LEAVES), `× leaves (${count})`);
  find(".tr-legend").replaceChildren(item(cssGradient(0), `stays (${patches - count})`), crossed);
  if (state.data.picture.real_frames < state.data.picture.frames) {
    find(".tr-legend").append(node("span", { class: "tp-key" }, node("i", { class: "tp-hatch" }), "padding"));
  }
}

// ---- tools ------------------------------------------------------------------------------------------------

function fillGroups() {
  const buttons = Object.keys(state.data.groups).map((group) =>
    node("button", { type: "button", "data-group": group }, group),
  );
  part("groups").replaceChildren(...buttons);
}

function renderTools() {
  const { data, by, history } = state;
  const found = data.clusters[by];
  for (const button of part("groups").children) {
    const group = button.dataset.group;
    const count = found.ids ? countOf(groupMask(found.ids, data.groups[group])) : 0;
    const label = `${groupWords(group)}: ${patchCount(count)} of this clip`;
    button.disabled = !count;
    button.title = label;
    button.setAttribute("aria-label", label);
    button.setAttribute("aria-pressed", markedGroup() === group);
  }
  part("group-help").textContent = found.problem || groupHelp(found.own);
  find(`[name=tr-by][value=${by}]`).checked = true;
  find(`[name=tr-tool][value=${state.tool}]`).checked = true;
  find("[data-do=undo]").disabled = !history.canUndo();
  find("[data-do=redo]").disabled = !history.canRedo();
  find("[data-do=clear]").disabled = !countOf(marks());
}

function groupHelp(own) {
  const source = own ? "this clip's own five clusters" : "five clusters over the model's whole dataset";
  return `C1 (lowest) to C5 (highest) are ${source}; L is C1 and C2, H is C4 and C5, as in the paper.`;
}

// ---- the patch read-out -----------------------------------------------------------------------------------

function describePatch(patch) {
  const { picture: seen, clip, clusters } = state.data;
  const { rows } = gridOf(seen);
  const [column, row] = [Math.floor(patch / rows), patch % rows];
  const width = PATCH * (seen.seconds / seen.frames);
  const start = clip.start + column * width;
  const cluster = (by) => (clusters[by].ids ? ` (C${clusters[by].ids[patch] + 1})` : "");
  const time = `${start.toFixed(2)}–${(start + width).toFixed(2)} s`;
  return [
    `patch ${patch}`,
    time,
    hertzRange(seen.row_hertz[row], seen.row_hertz[row + 1]),
    `intensity ${minus(seen.intensity[patch].toFixed(2))}${cluster("intensity")}`,
    `variation ${seen.variation[patch].toFixed(2)}${cluster("variation")}`,
    marks()[patch] ? "leaves" : "stays",
  ];
}

function renderReadout() {
  const patch = state.hover ?? state.pin;
  const hint = COARSE
    ? "Tap the picture to read a patch; choose Paint to mark patches with the finger."
    : "Drag over the picture to mark patches, with Shift to unmark; or focus it: arrow keys and Space.";
  part("readout").textContent = patch === null ? hint : describePatch(patch).join(" · ");
}

function readPatch() {
  drawBrush(cursor, state.layout, state.data, state.hover ?? state.pin, brushNow());
  renderReadout();
}

const brushNow = () => (state.tool === "read" ? "patch" : state.brush);

// ---- the two curves ---------------------------------------------------------------------------------------

function curveSeries() {
  const { knowledge, by } = state;
  const [key, low, high] = [chosenKey(), keyOf("L"), keyOf("H")];
  const found = (wanted) => (wanted && knowledge.answersOf(wanted).size ? knowledge.answersOf(wanted) : null);
  return clipSeries({
    chosen: found(key),
    low: low === key ? null : found(low), // drawn as what is marked
    high: high === key ? null : found(high),
    draws: key ? knowledge.drawsOf(countOf(marks())) : [],
    by,
  });
}

function splitSeries() {
  return measuredSeries(state.data.measured, state.data.published, state.by);
}

function clipFacts() {
  const group = (name) => countOf(groupStep(state.data, name, state.by)?.mask ?? new Uint8Array());
  const count = countOf(marks());
  const counts = { chosen: count, random: count, low: group("L"), high: group("H") };
  return { before: state.data.before, patches: state.data.picture.patches, counts };
}

function renderCurve() {
  const { data, block, knowledge } = state;
  const card = part("curve");
  const series = curveSeries();
  const { answer, probability } = data.before;
  const group = markedGroup();
  const key = (one) => chartKey(one.kind === "chosen" && group ? { ...one, legend: groupWords(group) } : one);
  fillChartCard(card, "curve", {
    heading: `Probability of “${answer}”, the answer with all patches`,
    finding: clipFinding(series, data.before, block, group ?? "the marked patches"),
    chart: {
      blocks: knowledge.blocks,
      low: 0,
      high: 1,
      series,
      level: { value: probability },
      here: block,
      label: `Probability of ${answer} after removing the marked patches, over the block they leave after`,
    },
    keys: [...series.map(key), levelKey()],
    note: "Filled: the answer stays; hollow: it becomes another.",
    table: clipTable(series, knowledge.blocks),
  });
  const random = series.find((one) => one.kind === "random")?.points ?? [];
  card.dataset.known = random.filter((point) => point.draws === data.draws).length; // blocks in full
}

function renderMeasured() {
  const { data, block, by } = state;
  const card = part("measured");
  if (!data.measured) {
    const none = "Removal over a test split: not measured for this checkpoint.";
    card.replaceChildren(node("h3", {}, "Measured on the test split"), node("p", { class: "tp-help" }, none));
    return;
  }
  const series = splitSeries();
  const level = data.measured.unpruned.value;
  fillChartCard(card, "measured", {
    heading: `${sentenceCase(data.measured.metric)} on the test split after removing L or H by ${by}`,
    finding: measuredFinding(data.measured, by, block),
    chart: {
      blocks: data.measured.blocks,
      ...measuredRange(series, level),
      series,
      level: { value: level },
      here: block,
      label: `${data.measured.metric} after removing groups by ${by}, over the block they leave after`,
    },
    keys: [...series.map(chartKey), levelKey()],
    note: measuredNotes(data.measured, data.published, by),
    table: measuredTable(series, data.measured),
  });
}

function chartWidth(card) {
  const css = getComputedStyle(card);
  const inner = card.clientWidth - parseFloat(css.paddingLeft) - parseFloat(css.paddingRight);
  return Math.round(clamp(inner, 240, 620));
}

// The frame of a card is made once and then filled, so that focus and an open table survive.
function fillChartCard(card, name, { heading, finding, chart, keys, note, table }) {
  if (!card.querySelector(".tr-chart-slot")) {
    const button = (kind) =>
      node("button", { type: "button", "data-do": `${name}-${kind}` }, kind.toUpperCase());
    const buttons = { class: "tr-buttons", role: "group", "aria-label": "Download the curve" };
    card.replaceChildren(
      node("h3", {}),
      node("p", { class: "tr-finding" }),
      node("div", { class: "tr-chart-slot" }),
      node("p", { class: "tr-keys" }),
      node("p", { class: "tp-help" }),
      node("div", { class: "tr-table-slot" }),
      node("div", buttons, button("png"), button("csv")),
    );
  }
  card.querySelector("h3").textContent = heading;
  card.querySelector(".tr-finding").textContent = finding;
  card.querySelector(".tr-chart-slot").replaceChildren(blockChart({ ...chart, width: chartWidth(card) }));
  state.charts[name] = chart;
  card.querySelector(".tr-keys").replaceChildren(...keys);
  card.querySelector(".tp-help").textContent = note;
  const slot = card.querySelector(".tr-table-slot");
  const open = slot.querySelector("details");
  if (open) open.querySelector("table").replaceWith(table.querySelector("table"));
  else slot.replaceChildren(table);
}

// ---- page -------------------------------------------------------------------------------------------------

new ResizeObserver(() => {
  resize();
  if (!state.data) return;
  redraw();
  asker.pump(); // the tab may just have been opened
}).observe(find(".tr-canvases"));

// Gradio marks its dark theme by a class of <body>; the canvas has to be told.
new MutationObserver(() => state.data && redraw()).observe(document.body, { attributeFilter: ["class"] });

// Text on a canvas is drawn in whatever font is there; draw it again once the page's own has arrived.
document.fonts.addEventListener("loadingdone", () => state.data && redraw());

takeFromLink("removal", (named) => {
  linked = named;
  state.by = named.by ?? state.by;
  state.block = Number(named.block ?? state.block);
});
watch("value", () => show(props.value));
watch("reply", () => receive(props.reply));
show(props.value);
