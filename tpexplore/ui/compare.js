// The comparison: takes two sweeps in, turns the slider into redraws. Nothing here asks the server.

const FIRST = { rate: 0.5, match: "keep_rate" };

const find = (selector) => element.querySelector(selector);
const part = (name) => find(`[data-tc="${name}"]`);
const root = find(".tc");
const picture = find(".tc-picture");
const rateInput = find(".tc-rate-input");

const state = { data: null, layout: null, ...FIRST };

// ---- data in ----------------------------------------------------------------------------------------------

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

function show(value) {
  find(".tp-empty").hidden = Boolean(value);
  find(".tc-body").hidden = !value;
  if (!value) return;
  const data = JSON.parse(value);
  data.grey = bytesOf(data.picture.grey);
  for (const side of Object.values(data.sides)) {
    const maps = bytesOf(side.drop);
    side.drop = data.rates.map((_, i) => maps.subarray(i * side.patches, (i + 1) * side.patches));
  }
  state.data = data;
  const step = (data.rates[1] - data.rates[0]).toFixed(2);
  Object.assign(rateInput, { min: data.rates[0], max: data.rates[data.rates.length - 1], step });
  rateInput.value = state.rate;
  resize();
  redraw();
}

// ---- data out ---------------------------------------------------------------------------------------------

function rateIndex() {
  const distances = state.data.rates.map((rate) => Math.abs(rate - state.rate));
  return distances.indexOf(Math.min(...distances));
}

// What is shown: the points of A and B, and every stage with the fate of each patch that both have.
function viewNow() {
  const { data, match } = state;
  const { a, b } = data.sides;
  const index = rateIndex();
  const { b: partner, stages } = data.matches[match][index];
  const shared = data.picture.patches;
  const [dropA, dropB] = [a.drop[index].subarray(0, shared), b.drop[partner].subarray(0, shared)];
  const fated = stages.map((stage) => ({ ...stage, fates: fatesAfter(stage.block, dropA, dropB) }));
  return { index, partner, stages: fated };
}

function resize() {
  const width = find(".tc-canvases").clientWidth;
  if (!state.data || !width) return; // without width: in a tab that is not open
  state.layout = layoutPanels(width, state.data.picture);
}

function redraw() {
  if (!state.layout) return;
  const { data, layout } = state;
  const { index, partner, stages } = viewNow();
  paintComparison(fitCanvas(picture, layout), layout, data, stages, coloursOf(root), devicePixelRatio);
  picture.setAttribute("aria-label", pictureLabel(stages));
  renderLegend(stages);
  renderRate(index, partner);
  const { a, b } = data.sides;
  part("finding").textContent = findingText(data, stages);
  part("note").textContent = `${data.note} ${beyondText(stages)}`.trim();
  part("tau").textContent = tauText(data);
  part("answers").textContent = agreementText(data, index, partner);
  renderOverlaps(part("overlaps"), stages);
  renderSide(part("a"), "A", a, data.rates[index], a.points[index]);
  renderSide(part("b"), "B", b, data.rates[partner], b.points[partner]);
}

function renderRate(index, partner) {
  const { data, match } = state;
  const rate = percent(data.rates[index]);
  part("rate-name").textContent = match === "macs" ? "Keep-rate of A" : "Keep-rate";
  part("rate").textContent = rate;
  part("cost").textContent = costText(data, match, index, partner);
  const { min, max, value } = rateInput;
  rateInput.style.setProperty("--tp-fill", (value - min) / (max - min));
  rateInput.setAttribute("aria-valuetext", `${rate} of the patches kept at each stage`);
}

function pictureLabel(stages) {
  const { clip, sides } = state.data;
  const told = stages.map(({ block, iou }) => `${iou.toFixed(2)} after block ${block}`);
  return (
    `Spectrogram of ${clip.name}: patches kept by A, ${sides.a.name}, and B, ${sides.b.name}. ` +
    `Intersection over union ${told.join(", ")}; the table below gives the counts.`
  );
}

function renderLegend(stages) {
  const keys = legendTexts(stages).map(({ fate, text }) =>
    node("span", { class: "tp-key" }, keyCanvas(fate), text),
  );
  const { frames, real_frames: real } = state.data.picture;
  if (real < frames) keys.push(node("span", { class: "tp-key" }, node("i", { class: "tp-hatch" }), "padding"));
  part("legend").replaceChildren(...keys);
}

// ---- downloads --------------------------------------------------------------------------------------------

function fileName(ending, ...more) {
  const { clip, sides } = state.data;
  const words = [clip.name.replace(/\.\w+$/, ""), sides.a.name, sides.b.name, ...more];
  const plain = words.map((word) => word.replace(/[^\p{L}\p{N}.]+/gu, "-").replace(/^-|-$/g, ""));
  return `${plain.join("_")}.${ending}`;
}

function captionLines({ index, partner, stages }) {
  const { data, match } = state;
  const { a, b } = data.sides;
  const rate = (at) => percent(data.rates[at]);
  const chance = stages.map((stage) => stage.chance_iou.toFixed(2)).join(", ");
  const padding = data.picture.real_frames < data.picture.frames ? " Hatched: padding." : "";
  return [
    `Clip: ${data.clip.name}. A: ${a.name}, keep-rate ${rate(index)}; B: ${b.name}, keep-rate ${rate(partner)}. ` +
      `Counts after blocks 4, 7, 10; IoU by chance ${chance}.${padding}`,
    `${findingText(data, stages)} ${tauText(data)} ${agreementText(data, index, partner)}`,
    `${costText(data, match, index, partner)} ${data.note}`.trim(),
  ];
}

const ACTIONS = {
  async png() {
    const view = viewNow();
    const printed = printedComparison(state.data, view.stages, captionLines(view));
    saveAs(await canvasBlob(printed), fileName("png", state.data.rates[view.index].toFixed(2)));
  },
  csv() {
    const { data, match } = state;
    saveAs(csvBlob(comparisonRows(data, match)), fileName("csv", `same-${match}`));
  },
};

// ---- events -----------------------------------------------------------------------------------------------

rateInput.addEventListener("input", () => {
  state.rate = Number(rateInput.value);
  redraw();
  tellLink("compare", "keep-rate", state.rate, FIRST.rate);
});

part("match").addEventListener("change", (event) => {
  state.match = event.target.value;
  redraw();
  tellLink("compare", "same", state.match, FIRST.match);
});

// Told once the slider rests, not at every step of a drag.
root.addEventListener("change", () => {
  find(".tc-spoken").textContent = part("finding").textContent;
});

root.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (button) ACTIONS[button.dataset.do]();
});

new ResizeObserver(() => {
  resize();
  redraw();
}).observe(find(".tc-canvases"));

// Gradio marks its dark theme by a class of <body>; the canvas has to be told.
new MutationObserver(redraw).observe(document.body, { attributeFilter: ["class"] });

// Text on a canvas is drawn in whatever font is there; draw it again once the page's own has arrived.
document.fonts.addEventListener("loadingdone", redraw);

takeFromLink("compare", (named) => {
  if (named["keep-rate"]) state.rate = Number(named["keep-rate"]);
  if (named.same) state.match = named.same;
  find(`[name=tc-match][value=${state.match}]`).checked = true;
});
watch("value", () => show(props.value));
show(props.value);
