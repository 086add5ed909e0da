// What the numbers say at the chosen keep-rate: prediction and cost.

import { node, renew } from "../shared/dom.js";
import { blocksOf } from "../shared/fates.js";
import { rateText } from "../shared/plan.js";
import { macsText, millisecondsText, percent, probabilityText } from "../shared/text.js";
import { meter } from "./meter.js";

/**
 * @typedef {import("./messages.js").Data} Data
 * @typedef {import("./messages.js").Point} Point
 */

const MOST_LISTED = 20; // classes
const NOTABLE_LAG = 0.1; // of the unpruned time

/**
 * The headline: the answer after pruning, and the computing saved.
 *
 * @param {Pick<Data, "clip" | "unpruned">} data
 * @param {Pick<Point, "answer" | "probability" | "macs">} point
 */
export function headlineText({ clip, unpruned }, { answer, probability, macs }) {
  if (clip.silent) return "This clip is silent, so there is no answer.";
  const now = `“${answer}” (${probabilityText(probability)})`;
  if (macs === unpruned.macs) return `${now}, with nothing left out.`;
  const saved = `with ${percent(1 - macs / unpruned.macs)} less computing.`;
  return answer === unpruned.answer ? `Still ${now}, ${saved}` : `“${unpruned.answer}” became ${now}, ${saved}`;
}

/**
 * The changes beside the headline, each from before to after.
 *
 * @param {Data} data
 * @param {Point} point
 * @param {import("./messages.js").Score} score
 * @param {number} rate
 */
export function changeTexts({ clip, unpruned, picture, measured }, point, score, rate) {
  if (clip.silent || point.macs === unpruned.macs) return [];
  const chips = [`${picture.patches} → ${point.kept[point.kept.length - 1]} patches`];
  for (const label of new Set([unpruned.answer, point.answer])) {
    const row = point.rows.find(([name]) => name === label);
    if (row) chips.push(`“${label}” ${probabilityText(row[1])} → ${probabilityText(row[2])}`);
  }
  const [here, whole] = [rate, 1].map((at) => measured?.accuracy[score]?.find((one) => one.rate === at));
  if (here && whole) chips.push(`right in tests ${percent(whole.value)} → ${percent(here.value)}`);
  return chips;
}

/**
 * Below which keep-rates the answer becomes another one.
 *
 * @param {Pick<import("./messages.js").Entry, "flips" | "rates">} entry
 */
export function flipsText({ flips, rates }) {
  if (!flips.length) return "The answer is the same at every keep-rate.";
  const below = (/** @type {{rate: number}} */ { rate }) => percent(rates[rates.indexOf(rate) + 1]);
  const [first, ...others] = [...flips].reverse();
  const more = others.map((flip) => `, below ${below(flip)} “${flip.to}”`);
  return `▲ Below ${below(first)} the answer becomes “${first.to}”${more.join("")}.`;
}

/**
 * @param {HTMLElement} line
 * @param {HTMLElement} list
 * @param {Data} data
 * @param {Point} point
 * @param {import("./messages.js").Score} score
 * @param {number} rate
 */
export function renderSummary(line, list, data, point, score, rate) {
  line.dataset.changed = String(point.answer !== data.unpruned.answer);
  renew(line, headlineText(data, point));
  renew(list, ...changeTexts(data, point, score, rate).map((text) => node("li", {}, text)));
}

/** @param {HTMLElement} card @param {Data} data @param {Point} point @param {number} rate */
export function renderAnswer(card, data, point, rate) {
  const rows = point.rows.map((row) => answerRow(row, point.answer, data.unpruned.answer));
  renew(
    card,
    node("h3", {}, "Its five best answers, before and after"),
    node(
      "p",
      { class: "tp-help tp-pair-key" },
      node("i", { class: "tp-fill tp-before" }),
      "all patches",
      node("i", { class: "tp-fill" }),
      `${rateText(data, rate)} kept`,
    ),
    node("ul", { class: "tp-top" }, ...rows),
    node("p", { class: "tp-help" }, knownAnswers(data.model.labels)),
  );
}

/**
 * A model of twelve words answers even a bark with a word, so list its possible answers.
 *
 * @param {string[]} labels
 */
function knownAnswers(labels) {
  if (labels.length > MOST_LISTED) return `This model knows ${labels.length} answers and always gives one of them.`;
  return `This model knows ${labels.length} answers only and always gives one of them: ${labels.join(", ")}.`;
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

/**
 * Where less computing saves less time, or none, as on a busy machine.
 *
 * @param {Pick<Point, "macs" | "milliseconds">} point
 * @param {Pick<Point, "macs" | "milliseconds">} unpruned
 */
export function timeRemark(point, unpruned) {
  const [time, work] = [point.milliseconds / unpruned.milliseconds, point.macs / unpruned.macs];
  if (time - work <= NOTABLE_LAG) return "";
  return time < 1 ? " The time falls by less than the multiplications." : " Here no time was saved.";
}

/** @param {HTMLElement} card @param {Data} data @param {Point} point */
export function renderCost(card, data, point) {
  const { macs, milliseconds } = data.unpruned;
  const patches = data.picture.patches;
  const saved = `${percent(1 - point.macs / macs)} less than the ${macsText(macs, macs)} with all patches`;
  const against = `against ${millisecondsText(milliseconds)}, with all patches, on ${data.model.device} of the machine that runs this app.${timeRemark(point, data.unpruned)}`;
  renew(
    card,
    node("h3", {}, "Computing"),
    node("p", { class: "tp-figure-line" }, node("b", {}, `${macsText(point.macs, macs)} multiplications (MACs)`)),
    meter(point.macs / macs),
    node("p", { class: "tp-help" }, saved),
    node("p", { class: "tp-figure-line" }, node("b", {}, millisecondsText(point.milliseconds))),
    meter(Math.min(1, point.milliseconds / milliseconds)),
    node("p", { class: "tp-help" }, against),
    node("h4", {}, "Patches left"),
    node("ol", { class: "tp-kept" }, ...point.kept.map((kept, i) => keptRow(kept, patches, blocksOf(data)[i]))),
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
