// What the numbers say: the prediction with and without the marked patches, and the two curves.

import { node } from "../shared/dom.js";
import { clipsText, percent, probabilityText, sentenceCase } from "../shared/text.js";

/**
 * @typedef {import("./knowledge.js").Answer} Answer
 * @typedef {import("./knowledge.js").Draw} Draw
 * @typedef {import("./chart.js").Series} Series
 * @typedef {import("./chart.js").ChartPoint} ChartPoint
 * @typedef {{answer: string, probability: number, rows: [string, number][]}} Before
 * @typedef {"intensity" | "variation"} Statistic
 *
 * @typedef {{value: number, ci95?: [number, number]}} Cell
 * @typedef {object} MeasuredGroup
 * @property {Cell[]} values
 * @property {Cell[]} random
 * @property {number} removed_share
 * @property {number} emptied_clips
 *
 * @typedef {{L: MeasuredGroup, H: MeasuredGroup}} Groups
 * @typedef {{blocks: number[], unpruned: {value: number}, metric: string, n: number, task: string, split: string,
 *   intensity: Groups, variation: Groups}} Measured
 * @typedef {{dataset: string, same_task: boolean, L: [number, number][], H: [number, number][]}} Published
 */

/** @type {Omit<Series, "points">} */
const CHOSEN = { kind: "chosen", name: "", line: true, mark: "circle", legend: "your marks" };
/** @type {Omit<Series, "points">} */
const RANDOM = { kind: "random", name: "", line: true, mark: null };
/** @type {Omit<Series, "points">} */
const LOW = { kind: "low", name: "L", line: true, mark: null };
/** @type {Omit<Series, "points">} */
const HIGH = { kind: "high", name: "H", line: true, mark: null };

/** A difference of two probabilities, in percentage points. @param {number} difference */
export function pointsText(difference) {
  const points = 100 * difference;
  if (Math.abs(points) < 0.05) return "0";
  const digits = Math.abs(points) < 9.95 ? 1 : 0;
  return `${points > 0 ? "+" : "−"}${Math.abs(points).toFixed(digits)}`;
}

// ---- prediction -------------------------------------------------------------------------------------------

/** @param {string} what @param {number} count @param {number} patches @param {number} block */
export function leavingText(what, count, patches, block) {
  if (!count) return "No patch is marked.";
  return `${what}${count} of ${patches} patches ${count === 1 ? "is" : "are"} deleted after block ${block}.`;
}

/** @param {string} family */
export function nothingLeft(family) {
  const rest = family === "ast" ? "the prefix tokens" : "the classifier's bias";
  return `Nothing is left, so this answer is a guess: it rests on ${rest} alone.`;
}

/**
 * The answer with all patches; if it is the same, only its probability, and only if that differs.
 *
 * @param {Pick<Answer, "stays" | "probability">} answer
 * @param {Pick<Before, "answer" | "probability">} before
 */
export function beforeText(answer, before) {
  const share = probabilityText(before.probability);
  if (!answer.stays) return `before: “${before.answer}” (${share})`;
  return share === probabilityText(answer.probability) ? "unchanged" : `before: ${share}`;
}

/**
 * @param {HTMLElement} line
 * @param {{leaving: string, answer: Answer | null, before: Before, pending: boolean}} view
 */
export function renderSummary(line, { leaving, answer, before, pending }) {
  line.dataset.changed = String(Boolean(answer && !answer.stays));
  line.dataset.pending = String(pending);
  line.replaceChildren(leaving);
  if (!answer) return;
  line.append(
    node("br"),
    answer.stays ? "Still “" : "Now “",
    node("b", {}, answer.answer),
    `” (${probabilityText(answer.probability)}), `,
    node("span", { class: "tr-badge tp-badge" }, beforeText(answer, before)),
  );
}

/**
 * @param {HTMLElement} card
 * @param {{answer: Answer | null, before: Before, pending: boolean, family: string}} view
 */
export function renderPrediction(card, { answer, before, pending, family }) {
  card.dataset.pending = String(pending);
  card.setAttribute("aria-busy", String(pending));
  const heading = node("h3", {}, "The five likeliest answers, before and after");
  if (!answer) {
    card.replaceChildren(heading, node("p", { class: "tp-help" }, "Asking the model …"));
    return;
  }
  const scale = deltaScale(answer.rows);
  const titles = ["Class", "all", "now", `change, ±${100 * scale} points`];
  const rows = answer.rows.map((row) => predictionRow(row, answer.answer, before.answer, scale));
  const table = node(
    "table",
    { class: "tr-table tr-top" },
    node("thead", {}, node("tr", {}, ...titles.map((text) => node("th", { scope: "col" }, text)))),
    node("tbody", {}, ...rows),
  );
  const notes = [];
  if (!answer.left) notes.push(node("p", { class: "tr-note", "data-tr": "nothing" }, nothingLeft(family)));
  card.replaceChildren(heading, ...notes, table);
}

/** The value of half a bar: one of three steps, so that the scale does not jump at every change. @param {Answer["rows"]} rows */
export function deltaScale(rows) {
  const most = Math.max(...rows.map(([, before, after]) => Math.abs(after - before)));
  return [0.1, 0.3].find((scale) => most <= scale) ?? 1;
}

/** @param {Answer["rows"][number]} row @param {string} answer @param {string} answerBefore @param {number} scale */
function predictionRow([label, before, after], answer, answerBefore, scale) {
  const change = after - before;
  const bar = node("i", {
    class: `tr-delta-bar ${change < 0 ? "tr-loss" : "tr-gain"}`,
    style: `--tr-share: ${(Math.abs(change) / scale).toFixed(4)}`,
  });
  const number = (/** @type {number} */ value, /** @type {boolean} */ best) =>
    node("td", { class: "tp-number", "data-best": best }, probabilityText(value));
  const track = node("span", { class: "tr-delta-track" }, bar);
  return node(
    "tr",
    { "data-label": label, "data-after": after },
    node("th", { scope: "row", title: label }, label),
    number(before, label === answerBefore),
    number(after, label === answer),
    node("td", { class: "tr-delta" }, node("div", {}, track, pointsText(change))),
  );
}

// ---- this clip, block by block ----------------------------------------------------------------------------

/**
 * Series of the clip's chart: the probability of the original answer, after every block with a result so far.
 *
 * @param {object} known
 * @param {Map<number, Answer> | null} known.chosen
 * @param {Map<number, Answer> | null} known.low
 * @param {Map<number, Answer> | null} known.high
 * @param {Map<number, Draw>[]} known.draws
 * @param {Statistic} known.by
 * @returns {Series[]}
 */
export function clipSeries({ chosen, low, high, draws, by }) {
  const line = (/** @type {Map<number, Answer>} */ answers) => {
    const inOrder = [...answers].sort((a, b) => a[0] - b[0]);
    return inOrder.map(([block, answer]) => ({ block, value: answer.kept, hollow: !answer.stays, answer }));
  };
  /** @type {Series[]} */
  const series = [];
  const random = randomPoints(draws);
  if (random.length) {
    const done = Math.max(...random.map((point) => point.draws));
    const legend = `as many random patches${done === 1 ? ", drawn once" : `: mean and range of ${done} draws`}`;
    series.push({ ...RANDOM, points: random, legend });
  }
  if (low) series.push({ ...LOW, points: line(low), legend: `L, low ${by}` });
  if (high) series.push({ ...HIGH, points: line(high), legend: `H, high ${by}` });
  if (chosen) series.push({ ...CHOSEN, points: line(chosen) });
  return series;
}

/** @param {Map<number, Draw>[]} draws */
export function randomPoints(draws) {
  const blocks = [...new Set(draws.flatMap((draw) => [...draw.keys()]))].sort((a, b) => a - b);
  return blocks.map((block) => {
    const results = draws.flatMap((draw) => draw.get(block) ?? []);
    const values = results.map((one) => one.value);
    return {
      block,
      value: values.reduce((sum, value) => sum + value, 0) / values.length,
      low: Math.min(...values),
      high: Math.max(...values),
      draws: results.length,
      stays: results.filter((one) => one.stays).length,
    };
  });
}

/** @param {Series[]} series @param {Before} before @param {number} block @param {string} what */
export function clipFinding(series, before, block, what) {
  const at = (/** @type {string} */ kind) => series.find((one) => one.kind === kind)?.points.find((p) => p.block === block);
  const [chosen, random] = [at("chosen"), at("random")];
  const gives = (/** @type {number} */ share) => `the model gives ${before.answer} ${probabilityText(share)}`;
  if (!chosen) return `With all patches ${gives(before.probability)}.`;
  const kept = `Without ${what} after block ${block} ${gives(chosen.value)}`;
  if (!random) return `${kept}.`;
  return `${kept}; without as many random patches ${probabilityText(random.value)}.`;
}

/** @param {Series[]} series @param {number[]} blocks */
export function clipTable(series, blocks) {
  const cell = (/** @type {Series} */ one, /** @type {number} */ block) => {
    const point = one.points.find((p) => p.block === block);
    if (!point) return "…";
    if (one.kind !== "random") {
      return point.hollow ? `${percent(point.value, 1)} (${point.answer?.answer})` : percent(point.value, 1);
    }
    const range = `${percent(point.low ?? NaN, 1)} to ${percent(point.high ?? NaN, 1)}`;
    return `${percent(point.value, 1)}, ${range}; answer stays in ${point.stays} of ${point.draws}`;
  };
  /** @type {Record<string, string>} */
  const names = { chosen: "your marks", random: "as many random", low: "L", high: "H" };
  return numbersTable(["Block", ...series.map((one) => names[one.kind])], blocks, (block) =>
    series.map((one) => cell(one, block)),
  );
}

/** @param {string[]} titles @param {number[]} blocks @param {(block: number) => string[]} cells */
function numbersTable(titles, blocks, cells) {
  const head = node("tr", {}, ...titles.map((text) => node("th", { scope: "col" }, text)));
  const rows = blocks.map((block) => {
    const values = cells(block).map((text) => node("td", {}, text));
    return node("tr", {}, node("th", { scope: "row" }, String(block)), ...values);
  });
  const body = node("tbody", {}, ...rows);
  const table = node("table", { class: "tr-table tr-numbers" }, node("thead", {}, head), body);
  return node("details", { class: "tr-details" }, node("summary", {}, "Numbers as a table"), table);
}

/**
 * Long form, one row a block and series: the easiest to read into anything.
 *
 * @param {Series[]} series
 * @param {{before: Before, patches: number, counts: Record<string, number>}} facts
 */
export function clipRows(series, { before, patches, counts }) {
  const head = ["series", "removed_after_block", "removed_patches", "patches", "unpruned_answer"];
  /** @type {unknown[][]} */
  const rows = [[...head, "probability_of_it", "lowest", "highest", "answer", "answer_stays", "draws"]];
  for (const { kind, points } of series) {
    for (const p of points) {
      const stays = kind === "random" ? p.stays : Number(!p.hollow);
      const draws = kind === "random" ? p.draws : 1;
      const value = Number(p.value.toFixed(6));
      const fixed = [kind, p.block, counts[kind], patches, before.answer, value];
      rows.push([...fixed, p.low, p.high, p.answer?.answer, stays, draws]);
    }
  }
  return rows;
}

// ---- the test split, block by block -----------------------------------------------------------------------

/** @param {Measured} measured @param {Published | null} published @param {Statistic} by @returns {Series[]} */
export function measuredSeries(measured, published, by) {
  const line = (/** @type {Cell[]} */ cells) =>
    measured.blocks.map((block, i) => {
      const { value, ci95 } = cells[i] ?? {};
      return { block, value, low: ci95?.[0], high: ci95?.[1] };
    });
  const group = (/** @type {"L" | "H"} */ name) => measured[by][name];
  const share = (/** @type {"L" | "H"} */ name) => `${percent(group(name).removed_share)} of the patches`;
  /** @type {Series[]} */
  const series = [
    { kind: "random-low", line: true, points: line(group("L").random), legend: "random, as many as L" },
    { kind: "random-high", line: true, points: line(group("H").random), legend: "random, as many as H" },
    { ...LOW, mark: "circle", points: line(group("L").values), legend: `L, low ${by}: ${share("L")}` },
    { ...HIGH, mark: "square", points: line(group("H").values), legend: `H, high ${by}: ${share("H")}` },
  ];
  if (published && by === "intensity") {
    const dots = (/** @type {"L" | "H"} */ name) => published[name].map(([block, value]) => ({ block, value, hollow: true }));
    const legend = (/** @type {string} */ name) => `${name} in the paper, ${published.dataset}`;
    series.push({ kind: "low", line: false, mark: "diamond", points: dots("L"), legend: legend("L") });
    series.push({ kind: "high", line: false, mark: "square", points: dots("H"), legend: legend("H") });
  }
  return series
    .map((one) => ({ ...one, points: one.points.filter((p) => Number.isFinite(p.value)) }))
    .filter((one) => one.points.length);
}

/** From a full tenth to a full tenth around everything shown. @param {Series[]} series @param {number} level */
export function measuredRange(series, level) {
  const points = series.flatMap((one) => one.points);
  const values = points.flatMap((p) => [p.value, p.low ?? p.value, p.high ?? p.value]);
  const low = Math.floor(10 * Math.min(level, ...values)) / 10;
  return { low, high: Math.max(low + 0.1, Math.ceil(10 * Math.max(level, ...values)) / 10) };
}

/** @param {Measured} measured @param {Statistic} by @param {number} block */
export function measuredFinding(measured, by, block) {
  const i = measured.blocks.indexOf(block);
  const change = (/** @type {"L" | "H"} */ name, /** @type {"values" | "random"} */ kind) => {
    const cell = measured[by][name][kind][i];
    return cell ? pointsText(cell.value - measured.unpruned.value) : "?";
  };
  return (
    `After block ${block}: ${change("H", "values")} points without H (as many random patches: ` +
    `${change("H", "random")}), ${change("L", "values")} without L (${change("L", "random")}).`
  );
}

/** @param {Measured} measured @param {Published | null} published @param {Statistic} by */
export function measuredNotes(measured, published, by) {
  const notes = [`${sentenceCase(measured.metric)} of this checkpoint on ${clipsText(measured)}; bands are 95\u00a0% intervals.`];
  for (const name of /** @type {("L" | "H")[]} */ (["L", "H"])) {
    const emptied = measured[by][name].emptied_clips;
    if (emptied) notes.push(`${emptied} of the clips are ${name} only: without it nothing is left.`);
  }
  if (!published) notes.push("The paper has no such table for this kind of model.");
  else if (by !== "intensity") notes.push("The paper's Table IV groups by intensity only.");
  else {
    const other = "another task than this model's: compare the shapes, not the levels";
    const what = published.same_task ? "a ViT-B" : other;
    notes.push(`Hollow marks: the paper's Table IV on ${published.dataset}, ${what}.`);
  }
  return notes.join(" ");
}

/** @param {Series[]} series @param {Measured} measured */
export function measuredTable(series, measured) {
  const cell = (/** @type {Series} */ one, /** @type {number} */ block) => {
    const point = one.points.find((p) => p.block === block);
    if (!point) return "";
    if (point.low === undefined || point.high === undefined) return percent(point.value, 1);
    return `${percent(point.value, 1)} (${percent(point.low, 1)} to ${percent(point.high, 1)})`;
  };
  return numbersTable(["Block", ...series.map((one) => one.legend ?? "")], measured.blocks, (block) =>
    series.map((one) => cell(one, block)),
  );
}

/** @param {Series[]} series */
export function measuredRows(series) {
  /** @type {unknown[][]} */
  const rows = [["series", "removed_after_block", "value", "ci95_low", "ci95_high"]];
  for (const { legend, points } of series) {
    for (const p of points) rows.push([legend, p.block, p.value, p.low, p.high]);
  }
  return rows;
}
