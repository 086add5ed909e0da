// The comparison: receives two sweeps and redraws when the slider moves, without asking the server.

import { pageState } from "../page/state.js";
import { putInAddress, takeFromAddress } from "../shared/address.js";
import { onNewLook } from "../shared/board.js";
import { bytesOf, rowsOf } from "../shared/bytes.js";
import { fillTrack, finder, node, valueOf } from "../shared/dom.js";
import { figureBlob } from "../shared/figure.js";
import { chosenPaper, figureControls } from "../shared/figure_controls.js";
import { layoutPanels } from "../shared/layout.js";
import { coloursOf, fitCanvas } from "../shared/picture.js";
import { nearestRate, setUpRates } from "../shared/rates.js";
import { fileName, saveAs, stem } from "../shared/saving.js";
import { tableBlob } from "../shared/table.js";
import { percent } from "../shared/text.js";
import { fatesAfter } from "./fates.js";
import { PALETTE_NAMES, keyCanvas, legendTexts, paintComparison, printedComparison } from "./picture.js";
import {
  agreementText,
  beyondText,
  comparisonRows,
  costText,
  findingText,
  renderOverlaps,
  renderSide,
  tauText,
} from "./reading.js";

/**
 * @typedef {import("./reading.js").Data} Data
 * @typedef {import("./reading.js").FatedStage} FatedStage
 *
 * @typedef {{index: number, partner: number, stages: FatedStage[]}} View
 *
 * @typedef {object} State
 * @property {Data | null} data
 * @property {import("../shared/layout.js").Layout | null} layout
 * @property {import("./reading.js").Match} match
 */

/** @type {Pick<State, "match">} */
const FIRST = { match: "keep_rate" };

/** @param {import("../shared/board.js").Gradio} gradio */
export function start({ element, props, watch }) {
  const find = finder(element);
  const part = (/** @type {string} */ name) => find(`[data-tc="${name}"]`);
  const root = find(".tc");
  /** @type {HTMLCanvasElement} */
  const picture = find(".tc-picture");
  /** @type {HTMLInputElement} */
  const rateInput = find(".tc-rate-input");
  /** @type {State} */
  const state = { data: null, layout: null, ...FIRST };

  // ---- data in --------------------------------------------------------------------------------------------

  /** @param {string} value */
  function show(value) {
    find(".tp-empty").hidden = Boolean(value);
    find(".tc-body").hidden = !value;
    if (!value) return;
    const data = JSON.parse(value);
    data.grey = bytesOf(data.picture.grey);
    for (const side of Object.values(data.sides)) side.drop = rowsOf(side.drop, data.rates.length, side.patches);
    state.data = data;
    setUpRates(rateInput, data.rates, pageState.get().rate);
    resize();
    redraw();
  }

  // ---- data out -------------------------------------------------------------------------------------------

  /**
   * What is shown: the points of A and B, and every stage with the fate of each patch that both have.
   *
   * @param {Data} data
   * @returns {View}
   */
  function viewOf(data) {
    const { a, b } = data.sides;
    const index = nearestRate(data.rates, pageState.get().rate);
    const { b: partner, stages } = data.matches[state.match][index];
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
    const { data, layout } = state;
    if (!layout || !data) return;
    const { index, partner, stages } = viewOf(data);
    paintComparison(fitCanvas(picture, layout), layout, data, stages, coloursOf(root), devicePixelRatio);
    picture.setAttribute("aria-label", pictureLabel(data, stages));
    renderLegend(data, stages);
    renderRate(data, index, partner);
    const { a, b } = data.sides;
    part("finding").textContent = findingText(data, stages);
    part("differs").textContent = data.differs;
    part("differs").hidden = !data.differs;
    part("note").textContent = `${data.note} ${beyondText(stages)}`.trim();
    part("tau").textContent = tauText(data);
    part("answers").textContent = agreementText(data, index, partner);
    part("caption").textContent = captionText(data, { index, partner, stages });
    renderOverlaps(part("overlaps"), stages);
    renderSide(part("a"), "A", a, data.rates[index], a.points[index]);
    renderSide(part("b"), "B", b, data.rates[partner], b.points[partner]);
  }

  /** @param {Data} data @param {number} index @param {number} partner */
  function renderRate(data, index, partner) {
    const rate = percent(data.rates[index]);
    part("rate-name").textContent = state.match === "macs" ? "Keep-rate of A" : "Keep-rate";
    part("rate").textContent = rate;
    const cost = costText(data, state.match, index, partner);
    part("cost").textContent = cost.text;
    part("cost").dataset.apart = String(cost.apart);
    fillTrack(rateInput);
    rateInput.setAttribute("aria-valuetext", `${rate} of the patches kept at each stage`);
  }

  /** @param {Data} data @param {FatedStage[]} stages */
  function renderLegend({ picture: { frames, real_frames: real } }, stages) {
    const keys = legendTexts(stages).map(({ fate, text }) =>
      node("span", { class: "tp-key" }, keyCanvas(fate), text),
    );
    if (real < frames) keys.push(node("span", { class: "tp-key" }, node("i", { class: "tp-hatch" }), "padding"));
    part("legend").replaceChildren(...keys);
  }

  // ---- downloads ------------------------------------------------------------------------------------------

  /** @param {Data} data @param {View} view */
  function captionText(data, { index, partner, stages }) {
    const { a, b } = data.sides;
    const rate = (/** @type {number} */ at) => percent(data.rates[at]);
    const chance = stages.map((stage) => stage.chance_iou.toFixed(2)).join(", ");
    const padding = data.picture.real_frames < data.picture.frames ? " Hatched: padding." : "";
    const lines = [
      `Clip: ${data.clip.name}. A: ${a.name}, keep-rate ${rate(index)}; B: ${b.name}, keep-rate ${rate(partner)}. ` +
        `Counts after blocks 4, 7, 10; IoU by chance ${chance}.${padding}`,
      `${findingText(data, stages)} ${tauText(data)} ${agreementText(data, index, partner)}`,
      costText(data, state.match, index, partner).text,
      data.differs,
      data.note,
    ];
    return lines.filter(Boolean).join(" ");
  }

  /** @param {Data} data @param {string} ending @param {string} what */
  function nameOf({ clip, sides }, ending, what) {
    return fileName([stem(clip.name), sides.a.name, sides.b.name, what], ending);
  }

  /** @param {Data} data @param {string} kind */
  async function savePicture(data, kind) {
    const view = viewOf(data);
    const printed = printedComparison(data, view.stages, chosenPaper(root));
    const blob = await figureBlob(printed, kind, captionText(data, view));
    saveAs(blob, nameOf(data, kind, data.rates[view.index].toFixed(2)));
  }

  find(".tc-downloads").prepend(
    ...figureControls({ what: "Picture", attributes: (kind) => ({ "data-do": kind }), colours: PALETTE_NAMES }),
  );
  /** @type {Record<string, (data: Data) => void>} */
  const actions = {
    ...Object.fromEntries(["png", "svg", "pdf"].map((kind) => [kind, (data) => savePicture(data, kind)])),
    csv(data) {
      const sides = Object.entries(data.sides).flatMap(([letter, { model, score, method }]) =>
        Object.entries({ model, score, method }).map(([name, value]) => [`${name}_${letter}`, value]),
      );
      const source = { clip: data.clip, chosen: { ...Object.fromEntries(sides), same: state.match } };
      saveAs(tableBlob(comparisonRows(data, state.match), source), nameOf(data, "csv", `same-${state.match}`));
    },
  };

  // ---- events ---------------------------------------------------------------------------------------------

  rateInput.addEventListener("input", () => {
    pageState.set({ rate: Number(rateInput.value) }, root);
    redraw();
  });

  part("match").addEventListener("change", (event) => {
    state.match = /** @type {State["match"]} */ (valueOf(event));
    redraw();
    putInAddress("compare", "same", state.match, FIRST.match);
  });

  // Announced once the slider rests, not at every step of a drag.
  root.addEventListener("change", () => {
    find(".tc-spoken").textContent = part("finding").textContent;
  });

  root.addEventListener("click", (event) => {
    /** @type {HTMLElement | null} */
    const button = /** @type {Element} */ (event.target).closest("[data-do]");
    if (button && state.data) actions[button.dataset.do ?? ""]?.(state.data);
  });

  onNewLook(find(".tc-canvases"), resize, redraw);

  pageState.follow(({ rate }) => {
    if (!state.data) return;
    setUpRates(rateInput, state.data.rates, rate);
    redraw();
  }, root);

  takeFromAddress("compare", (named) => {
    if (named.same) state.match = /** @type {State["match"]} */ (named.same);
    /** @type {HTMLInputElement} */
    const radio = find(`[name=tc-match][value=${state.match}]`);
    radio.checked = true;
  });
  watch("value", () => show(props.value));
  show(props.value);
}

/** @param {Data} data @param {FatedStage[]} stages */
function pictureLabel({ clip, sides }, stages) {
  const overlaps = stages.map(({ block, iou }) => `${iou.toFixed(2)} after block ${block}`);
  return (
    `Spectrogram of ${clip.name}: patches kept by A, ${sides.a.name}, and B, ${sides.b.name}. ` +
    `Intersection over union ${overlaps.join(", ")}; the table below gives the counts.`
  );
}
