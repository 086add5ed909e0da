// The results in words: the finding, the table, both answers and their costs.

import { node } from "../shared/dom.js";
import { clipsText, macsText, minus, percent, probabilityText } from "../shared/text.js";

/**
 * @typedef {{macs: number, top: [string, number][], accuracy?: {value: number, ci95: [number, number]} | null}} Point
 *
 * @typedef {object} Side A or B
 * @property {string} name
 * @property {string} model
 * @property {string} score
 * @property {string} method
 * @property {number} patches
 * @property {Uint8Array[]} drop
 * @property {Point} unpruned
 * @property {Point[]} points
 * @property {{metric: string, n: number, task: string, split: string} | null} measured
 *
 * @typedef {object} Stage how much A and B have in common after a block
 * @property {number} block
 * @property {number} both
 * @property {number} only_a
 * @property {number} only_b
 * @property {number} neither
 * @property {number} beyond_a
 * @property {number} beyond_b
 * @property {number} iou
 * @property {number} chance_iou
 * @property {number} chance_both
 *
 * @typedef {Stage & {fates: Uint8Array}} FatedStage
 * @typedef {"keep_rate" | "macs"} Match
 *
 * @typedef {object} Data
 * @property {{name: string, start: number}} clip
 * @property {import("../shared/grid.js").Picture} picture
 * @property {Uint8Array} grey
 * @property {number[]} rates
 * @property {{a: Side, b: Side}} sides
 * @property {boolean} same
 * @property {boolean} same_classes
 * @property {number | null} tau
 * @property {string} differs the differences between A and B, if there are several
 * @property {string} note
 * @property {Record<Match, {b: number, stages: Stage[]}[]>} matches
 */

/** @param {number} count */
function countText(count) {
  return count < 10 ? String(Number(count.toFixed(1))) : String(Math.round(count));
}

/** @param {Pick<Data, "same">} data @param {Stage[]} stages */
export function findingText(data, stages) {
  const [first, , last] = stages;
  const everything = first.both + first.only_a + first.only_b + first.neither;
  if (data.same) return "A and B are the same: one model with one score keeps the same patches.";
  if (last.both === everything) return `Nothing is dropped: both keep all ${everything} patches.`;
  const chance = (/** @type {Stage} */ stage) => countText(stage.chance_both);
  return (
    `Both keep ${first.both} of the same patches after block ${first.block}; chance would give ${chance(first)}. ` +
    `After block ${last.block} it is ${last.both}; chance would give ${chance(last)}.`
  );
}

/** Costs further apart than this are not called the same. */
const NEAR = 0.1;

/**
 * What both cost, and whether they can cost the same.
 *
 * @param {Data} data
 * @param {Match} match
 * @param {number} index of A's keep-rate
 * @param {number} partner of B's
 * @returns {{text: string, apart: boolean}}
 */
export function costText(data, match, index, partner) {
  const { a, b } = data.sides;
  const [macsA, macsB] = [a.points[index].macs, b.points[partner].macs];
  const scale = Math.max(a.unpruned.macs, b.unpruned.macs);
  const cost = (/** @type {number} */ macs) => macsText(macs, scale);
  if (match === "keep_rate") {
    const text = `Of what is left, blocks 4, 7 and 10 each keep this share. A costs ${cost(macsA)} MACs, B ${cost(macsB)}.`;
    return { text, apart: false };
  }
  const rateB = percent(data.rates[partner]);
  if (Math.abs(macsB / macsA - 1) < NEAR) {
    return { text: `A costs ${cost(macsA)} MACs; B comes nearest at ${rateB}: ${cost(macsB)}.`, apart: false };
  }
  const ends = [a, b].map(({ points }) => points.map((point) => point.macs));
  const [[leastA, mostA], [leastB, mostB]] = ends.map((all) => [Math.min(...all), Math.max(...all)]);
  if (leastB > mostA || leastA > mostB) {
    const range = (/** @type {number} */ least, /** @type {number} */ most) => `${cost(least)} to ${cost(most)}`;
    const text =
      `A and B cannot cost the same: A costs ${range(leastA, mostA)} MACs, B ${range(leastB, mostB)}. ` +
      "Compare them at the same keep-rate.";
    return { text, apart: true };
  }
  const end = macsB > macsA ? "least" : "most";
  const text = `Here they cannot cost the same: A costs ${cost(macsA)} MACs, B at ${end} ${cost(macsB)} (at ${rateB}).`;
  return { text, apart: true };
}

/** @param {{tau: number | null, same: boolean, picture: {patches: number}}} data */
export function tauText({ tau, same, picture }) {
  if (tau === null) return "τ is undefined: one side's values are all equal.";
  const what = `τ\u00a0=\u00a0${minus(tau.toFixed(2))} between the two scores over the ${picture.patches} patches both rank`;
  return same ? `${what}: the same order.` : `${what}.`;
}

/**
 * Where a window reaches further: what is kept in the part that is not compared.
 *
 * @param {Stage[]} stages
 */
export function beyondText(stages) {
  /** @type {["a", "b"]} */
  const sides = ["a", "b"];
  return sides
    .filter((side) => stages.some((stage) => stage[`beyond_${side}`]))
    .map((side) => {
      const counts = stages.map((stage) => stage[`beyond_${side}`]).join(", ");
      return `Outside that time ${side.toUpperCase()} keeps ${counts} more after blocks 4, 7, 10.`;
    })
    .join(" ");
}

const answerOf = (/** @type {Point} */ point) => point.top[0][0];

/**
 * What A and B answer, and whether pruning has changed it.
 *
 * @param {Pick<Data, "sides" | "same_classes">} data
 * @param {number} index of A's keep-rate
 * @param {number} partner of B's
 */
export function agreementText({ sides, same_classes: sameClasses }, index, partner) {
  const { a, b } = sides;
  const [nowA, nowB] = [answerOf(a.points[index]), answerOf(b.points[partner])];
  const [wasA, wasB] = [answerOf(a.unpruned), answerOf(b.unpruned)];
  const says = (/** @type {string} */ who, /** @type {string} */ now, /** @type {string} */ was, verb = "answers") =>
    now === was ? `${who} still ${verb} “${now}”` : `${who} ${verb} “${now}” instead of “${was}”`;
  if (sameClasses && nowA === nowB && wasA === wasB) return `${says("Both", nowA, wasA, "answer")}.`;
  const classes = sameClasses ? "" : " They know different classes.";
  return `${says("A", nowA, wasA)}; ${says("B", nowB, wasB)}.${classes}`;
}

/** @param {HTMLElement} body @param {Stage[]} stages */
export function renderOverlaps(body, stages) {
  const rows = stages.map((stage) => {
    const counts = [stage.both, stage.only_a, stage.only_b, stage.neither];
    const cells = [...counts, stage.iou.toFixed(2), stage.chance_iou.toFixed(2)];
    const block = node("th", { scope: "row" }, String(stage.block));
    return node("tr", {}, block, ...cells.map((cell) => node("td", {}, String(cell))));
  });
  body.replaceChildren(...rows);
}

/** @param {HTMLElement} card @param {string} letter @param {Side} side @param {number} rate @param {Point} point */
export function renderSide(card, letter, side, rate, point) {
  const cell = (/** @type {Point["top"]} */ top, /** @type {number} */ i) => (top[i] ? `${top[i][0]} ${probabilityText(top[i][1])}` : "");
  const head = ["all patches", `keep ${percent(rate)}`].map((text) => node("th", { scope: "col" }, text));
  const rows = [0, 1, 2].map((i) => {
    const cells = [side.unpruned.top, point.top].map((top) => node("td", {}, cell(top, i)));
    return node("tr", {}, node("th", { scope: "row" }, String(i + 1)), ...cells);
  });
  const saved = percent(1 - point.macs / side.unpruned.macs);
  card.replaceChildren(
    node("h3", {}, `${letter}: ${side.name}`),
    node(
      "table",
      { class: "tp-table tc-top" },
      node("thead", {}, node("tr", {}, node("td"), ...head)),
      node("tbody", {}, ...rows),
    ),
    node("p", { class: "tc-figures" }, `${macsText(point.macs, side.unpruned.macs)} MACs, ${saved} saved`),
    node("p", {}, ...accuracyNodes(side, point)),
  );
}

/** @param {Side} side @param {Point} point @returns {(string | Node)[]} */
function accuracyNodes({ measured }, { accuracy }) {
  if (!accuracy || !measured) return ["Accuracy not measured for this checkpoint."];
  const { value, ci95 } = accuracy;
  const [low, high] = ci95.map((share) => percent(share, 1));
  const about = `, 95\u00a0% interval ${low} to ${high}, ${clipsText(measured)}`;
  return [`${percent(value, 1)} ${measured.metric}`, node("span", { class: "tp-help" }, about)];
}

/**
 * One row a keep-rate of A and block.
 *
 * @param {Pick<Data, "sides" | "rates" | "picture" | "tau" | "matches">} data
 * @param {Match} match
 */
export function comparisonRows(data, match) {
  const { a, b } = data.sides;
  const head = ["a", "b", "keep_rate_a", "keep_rate_b", "after_block", "shared_patches"];
  /** @type {(keyof Stage)[]} */
  const counts = ["both", "only_a", "only_b", "neither", "beyond_a", "beyond_b"];
  /** @type {(keyof Stage)[]} */
  const measures = ["iou", "chance_iou", "chance_both"];
  const answers = ["macs_a", "macs_b", "answer_a", "probability_a", "answer_b", "probability_b"];
  /** @type {unknown[][]} */
  const rows = [[...head, ...counts, ...measures, "tau", ...answers]];
  data.matches[match].forEach(({ b: partner, stages }, index) => {
    const points = [a.points[index], b.points[partner]];
    for (const stage of stages) {
      const rates = [data.rates[index], data.rates[partner]];
      const fixed = [a.name, b.name, ...rates, stage.block, data.picture.patches];
      const numbers = [...counts, ...measures].map((name) => stage[name]);
      const macs = points.map((point) => point.macs);
      rows.push([...fixed, ...numbers, data.tau, ...macs, ...points.flatMap((point) => point.top[0])]);
    }
  });
  return rows;
}
