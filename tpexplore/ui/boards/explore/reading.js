// What the numbers say at the chosen keep-rate: prediction, cost, measured accuracy.

import { node } from "../shared/dom.js";
import { DROPPED_BY } from "../shared/fates.js";
import { macsText, millisecondsText, percent, probabilityText } from "../shared/text.js";
import { accuracyCurve } from "./curve.js";
import { meter } from "./meter.js";

/**
 * @typedef {import("./messages.js").Data} Data
 * @typedef {import("./messages.js").Point} Point
 * @typedef {import("./messages.js").Measured} Measured
 */

const MOST_LISTED = 20; // classes
const NOTABLE_LAG = 0.1; // of the unpruned time

/**
 * One line beside the slider, in sight wherever the page is scrolled to.
 *
 * @param {HTMLElement} line
 * @param {Data} data
 * @param {Point} point
 */
export function renderSummary(line, data, point) {
  const before = data.unpruned.answer;
  const changed = point.answer !== before;
  line.dataset.changed = String(changed);
  line.replaceChildren(
    node("b", {}, point.answer),
    ` ${probabilityText(point.probability)} `,
    node("span", { class: "tp-badge" }, changed ? `≠ ${before} with all patches` : "= as with all patches"),
    ` · ${percent(1 - point.macs / data.unpruned.macs)} of the MACs saved`,
  );
}

/** @param {HTMLElement} card @param {Data} data @param {Point} point @param {number} rate */
export function renderAnswer(card, data, point, rate) {
  const rows = point.rows.map((row) => answerRow(row, point.answer, data.unpruned.answer));
  card.replaceChildren(
    node("h3", {}, "Prediction: five best before and after"),
    node(
      "p",
      { class: "tp-help tp-pair-key" },
      node("i", { class: "tp-fill tp-before" }),
      "all patches",
      node("i", { class: "tp-fill" }),
      `keep ${percent(rate)}`,
    ),
    node("ul", { class: "tp-top" }, ...rows),
    node("p", { class: "tp-help" }, knownAnswers(data.model.labels)),
  );
}

/**
 * A bark given to a model of twelve words comes out as a word: say what it can answer at all.
 *
 * @param {string[]} labels
 */
function knownAnswers(labels) {
  if (labels.length > MOST_LISTED) return `This model knows ${labels.length} answers, whatever it hears.`;
  return `This model knows only ${labels.length} answers, whatever it hears: ${labels.join(", ")}.`;
}

/**
 * One class: its probability with all patches above the one after pruning, on a common scale.
 *
 * @param {import("./messages.js").Row} row
 * @param {string} answer
 * @param {string} answerBefore
 */
function answerRow([label, before, after], answer, answerBefore) {
  return node(
    "li",
    {},
    node("span", { class: "tp-label", title: label }, label),
    node(
      "span",
      { class: "tp-pair" },
      meter(before, "tp-before"),
      node("span", { class: "tp-number", "data-best": label === answerBefore }, probabilityText(before)),
      meter(after),
      node("span", { class: "tp-number", "data-best": label === answer }, probabilityText(after)),
    ),
  );
}

/** @param {HTMLElement} card @param {Data} data @param {Point} point */
export function renderCost(card, data, point) {
  const { macs, milliseconds } = data.unpruned;
  const patches = data.picture.patches;
  const saved = `${percent(1 - point.macs / macs)} saved of ${macsText(macs, macs)} with all patches`;
  const lag = point.milliseconds / milliseconds - point.macs / macs;
  const remark = lag > NOTABLE_LAG ? " Here the time falls by less than the MACs." : "";
  const against = `against ${millisecondsText(milliseconds)}, both on the machine that runs this app.${remark}`;
  card.replaceChildren(
    node("h3", {}, "Cost of one forward pass"),
    node("p", { class: "tp-figure-line" }, node("b", {}, `${macsText(point.macs, macs)} MACs`)),
    meter(point.macs / macs),
    node("p", { class: "tp-help" }, saved),
    node("p", { class: "tp-figure-line" }, node("b", {}, millisecondsText(point.milliseconds))),
    meter(Math.min(1, point.milliseconds / milliseconds)),
    node("p", { class: "tp-help" }, against),
    node("h4", {}, "Patches left"),
    node("ol", { class: "tp-kept" }, ...point.kept.map((kept, i) => keptRow(kept, patches, DROPPED_BY[i]))),
  );
}

/** @param {number} kept @param {number} patches @param {number} block */
function keptRow(kept, patches, block) {
  return node(
    "li",
    { "data-kept": kept },
    node("span", {}, `after block ${block}`),
    meter(kept / patches),
    node("span", { class: "tp-number" }, `${kept} of ${patches}`),
  );
}

/** @param {HTMLElement} card @param {Data} data @param {import("./messages.js").Score} score @param {number} index of the keep-rate */
export function renderAccuracy(card, data, score, index) {
  const about = data.measured;
  const rate = data.scores[score].rates[index];
  const here = about?.accuracy[score]?.find((measured) => measured.rate === rate);
  const heading = node("h3", {}, "Measured accuracy");
  if (!about || !here) {
    const where = about ? "at this keep-rate" : "at any keep-rate";
    card.replaceChildren(heading, `The accuracy of this checkpoint has not been measured ${where}.`);
    return;
  }
  const interval = `95% interval ${percent(here.low, 1)} to ${percent(here.high, 1)}`;
  const what = `${about.metric} of this checkpoint at this keep-rate`;
  const clips = `${about.n.toLocaleString("en")} clips of ${about.task}, ${about.split}`;
  const others = Object.entries(about.accuracy).filter(([name, row]) => name !== score && row.length);
  const wasOpen = card.querySelector("details")?.open;
  card.replaceChildren(
    heading,
    node("p", { class: "tp-figure-line" }, node("b", {}, percent(here.value, 1))),
    node("p", { class: "tp-help" }, `${interval}: ${what} on ${clips}.`),
    accuracyCurve(about.accuracy, data.unpruned, score, rate),
    node(
      "p",
      { class: "tp-help" },
      `Ring: you are here. Band: 95% interval, ${data.method === "merge" ? "merged" : `ranked by ${score}`}. ${others.length ? "Thin lines: other rankings." : ""}`,
    ),
    provenance(about, wasOpen),
  );
}

/** @param {Measured} about @param {boolean | undefined} open */
function provenance(about, open) {
  const details = node(
    "details",
    { class: "tp-help" },
    node("summary", {}, "Where these figures come from"),
    `Weights ${about.weights}, measured on ${about.date} at commit ${about.commit} by `,
    node("code", {}, about.made_by),
  );
  details.open = Boolean(open);
  return details;
}
