// The two cards below: this clip block by block, and the test split block by block.

import { node } from "../shared/dom.js";
import { figureControls } from "../shared/figure_controls.js";
import { clamp } from "../shared/grid.js";
import { sentenceCase } from "../shared/text.js";
import { blockChart, chartKey, levelKey } from "./chart.js";
import { countOf } from "./marks.js";
import {
  clipFinding,
  clipSeries,
  clipTable,
  measuredFinding,
  measuredNotes,
  measuredRange,
  measuredSeries,
  measuredTable,
} from "./reading.js";

/**
 * @typedef {import("./chart.js").Chart} Chart
 *
 * @typedef {object} CardContent
 * @property {string} heading
 * @property {string} finding
 * @property {Chart} chart
 * @property {Node[]} keys
 * @property {string} note
 * @property {HTMLElement} table
 */

/** @param {import("./state.js").Board} board */
export function createCurves({ part, state, shown, marks, markedGroup, groupStep, groupWords, keyOf, chosenKey }) {
  /** @type {Record<string, Chart>} the last chart of each card */
  const charts = {};

  function curveSeries() {
    const { knowledge } = shown();
    const [key, low, high] = [chosenKey(), keyOf("L"), keyOf("H")];
    const resultsOf = (/** @type {string | null} */ marksKey) =>
      marksKey && knowledge.answersOf(marksKey).size ? knowledge.answersOf(marksKey) : null;
    return clipSeries({
      chosen: resultsOf(key),
      low: low === key ? null : resultsOf(low), // drawn as what is marked
      high: high === key ? null : resultsOf(high),
      draws: key ? knowledge.drawsOf(countOf(marks())) : [],
      by: state.by,
    });
  }

  function splitSeries() {
    const { measured, published } = shown().data;
    return measured ? measuredSeries(measured, published, state.by) : [];
  }

  function clipFacts() {
    const { before, picture } = shown().data;
    const group = (/** @type {string} */ name) => countOf(groupStep(name)?.mask ?? new Uint8Array());
    const count = countOf(marks());
    const counts = { chosen: count, random: count, low: group("L"), high: group("H") };
    return { before, patches: picture.patches, counts };
  }

  function renderCurve() {
    const { data, knowledge } = shown();
    const card = part("curve");
    const series = curveSeries();
    const { answer, probability } = data.before;
    const group = markedGroup();
    const keys = series.map((one) =>
      chartKey(one.kind === "chosen" && group ? { ...one, legend: groupWords(group) } : one),
    );
    fillCard(card, "curve", {
      heading: `Probability of “${answer}”, the answer with all patches`,
      finding: clipFinding(series, data.before, state.block, group ?? "the marked patches"),
      chart: {
        blocks: knowledge.blocks,
        low: 0,
        high: 1,
        series,
        level: { value: probability },
        here: state.block,
        label: `Probability of ${answer} after removing the marked patches, by the block after which they are deleted`,
      },
      keys: [...keys, levelKey()],
      note: "Filled: the answer stays; hollow: it becomes another.",
      table: clipTable(series, knowledge.blocks),
    });
    const random = series.find((one) => one.kind === "random")?.points ?? [];
    card.dataset.known = String(random.filter((point) => point.draws === data.draws).length); // blocks in full
  }

  function renderMeasured() {
    const { measured, published } = shown().data;
    const { block, by } = state;
    const card = part("measured");
    if (!measured) {
      const none = "Removal over a test split: not measured for this checkpoint.";
      card.replaceChildren(node("h3", {}, "Measured on the test split"), node("p", { class: "tp-help" }, none));
      return;
    }
    const series = splitSeries();
    const level = measured.unpruned.value;
    fillCard(card, "measured", {
      heading: `${sentenceCase(measured.metric)} on the test split after removing L or H by ${by}`,
      finding: measuredFinding(measured, by, block),
      chart: {
        blocks: measured.blocks,
        ...measuredRange(series, level),
        series,
        level: { value: level },
        here: block,
        label: `${measured.metric} after removing groups by ${by}, by the block after which they are deleted`,
      },
      keys: [...series.map(chartKey), levelKey()],
      note: measuredNotes(measured, published, by),
      table: measuredTable(series, measured),
    });
  }

  /**
   * The frame of a card is made once and then filled, so that focus and an open table survive.
   *
   * @param {HTMLElement} card
   * @param {string} name
   * @param {CardContent} content
   */
  function fillCard(card, name, { heading, finding, chart, keys, note, table }) {
    if (!card.querySelector(".tr-chart-slot")) card.replaceChildren(...cardFrame(name));
    const slot = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (card.querySelector(selector));
    slot("h3").textContent = heading;
    slot(".tr-finding").textContent = finding;
    slot(".tr-chart-slot").replaceChildren(blockChart({ ...chart, width: chartWidth(card) }));
    charts[name] = chart;
    slot(".tr-keys").replaceChildren(...keys);
    slot(".tp-help").textContent = note;
    const [shownTable, made] = [slot(".tr-table-slot table"), table.querySelector("table")];
    if (shownTable && made) shownTable.replaceWith(made);
    else slot(".tr-table-slot").replaceChildren(table);
  }

  return {
    charts,
    curveSeries,
    splitSeries,
    clipFacts,
    render() {
      renderCurve();
      renderMeasured();
    },
  };
}

/** @param {string} name */
function cardFrame(name) {
  const does = (/** @type {string} */ kind) => ({ "data-do": `${name}-${kind}` });
  const numbers = node("button", { class: "tp-button", type: "button", ...does("csv") }, "Numbers, CSV");
  const controls = [...figureControls({ what: "Curve", attributes: does }), numbers];
  return [
    node("h3", {}),
    node("p", { class: "tr-finding" }),
    node("div", { class: "tr-chart-slot" }),
    node("p", { class: "tr-keys" }),
    node("p", { class: "tp-help" }),
    node("div", { class: "tr-table-slot" }),
    node("div", { class: "tp-buttons", role: "group", "aria-label": "Download the curve" }, ...controls),
  ];
}

/** @param {HTMLElement} card */
function chartWidth(card) {
  const css = getComputedStyle(card);
  const inner = card.clientWidth - parseFloat(css.paddingLeft) - parseFloat(css.paddingRight);
  return Math.round(clamp(inner, 240, 900));
}
