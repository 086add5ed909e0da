// All facts about one patch: its content, its rank in each stage, the keep-rates at which it stays.

import { inkOn, rampColour, rampsOf } from "../shared/colours.js";
import { node, setHidden } from "../shared/dom.js";
import { LEAVES, blocksOf, groupOf } from "../shared/fates.js";
import { isPadding, patchPlace } from "../shared/grid.js";
import { rateText } from "../shared/plan.js";
import { hertzRange, minus, percent, timeRange } from "../shared/text.js";
import { clusterOf, percentile, standing } from "./ranking.js";
import { RANKING_NAMES } from "./state.js";

/**
 * @typedef {import("./messages.js").Data} Data
 * @typedef {import("./messages.js").Entry} Entry
 * @typedef {import("./messages.js").Score} Score
 */

/** The place on its ramp against which a text is read: of kept patches, of three stages, of any other number. */
const STRIP_SHADES = { kept: 0.85, three: [0.5, 0.15, 0.85], other: 0.5 };
const EQUAL_SHARE = "Attention of 1 is an equal share. ";

/** @param {Data} data @param {number} patch */
export function placeText(data, patch) {
  const { start, end, low, high } = patchPlace(data, patch);
  return { time: timeRange(start, end), frequency: hertzRange(low, high) };
}

/**
 * @param {number} by
 * @param {import("../shared/fates.js").Method} [method]
 */
export function fateText(by, method = "drop") {
  if (!by) return "kept to the end";
  return `${LEAVES[method]} by block ${by}${method === "fuse" ? " into one token with the others" : ""}`;
}

/**
 * The same of one patch, where it merged with its group.
 *
 * @param {import("./state.js").View} view
 * @param {number} patch
 */
export function fateOf({ data, dropMap, holders }, patch) {
  const text = fateText(dropMap()[patch], data().method);
  const into = holders()?.at(-1);
  if (!into) return text;
  const size = groupOf(into, patch).length;
  if (into[patch] === patch) return size > 1 ? `${text}, ${size - 1} joined it` : text;
  return `${text} into patch ${into[patch]}, a group of ${size}`;
}

const UNRANKED = {
  merge: "merging ranks nothing: patches that are alike join",
  random: "a random order decides",
  "time-even": "the best by attention of every moment stay first",
};

/** @param {Data} data @param {"intensity" | "variation"} name @param {number} patch */
function statisticText({ picture, clusters }, name, patch) {
  const value = picture[name][patch];
  const higher = `higher than ${percent(percentile(picture[name], patch))} of this clip's patches`;
  const cluster = clusters ? `, cluster ${clusterOf(value, clusters[name]) + 1} of ${clusters[name].length - 1}` : "";
  return `${minus(value.toFixed(2))}, ${higher}${cluster}`;
}

/** @param {Data} data @param {number} patch */
function passportFacts(data, patch) {
  const { time, frequency } = placeText(data, patch);
  const level = `${minus(data.picture.patch_decibels[patch].toFixed(1))} dB on average`;
  return {
    Time: time,
    Frequency: frequency,
    Level: isPadding(data.picture, patch) ? `${level}: padding, no sound` : level,
    Intensity: statisticText(data, "intensity", patch),
    Variation: statisticText(data, "variation", patch),
  };
}

/**
 * @param {Data} data
 * @param {Score} score
 * @param {number} index of the keep-rate
 * @param {number} stage
 * @param {number} patch
 */
function stageRow(data, score, index, stage, patch) {
  const stood = standing(data, score, index, stage, patch);
  const heading = node("th", { scope: "row" }, `Block ${stage}`);
  const by = data.scores[score].drop[index][patch];
  if (!stood) {
    const gone = by && by < stage;
    const unranked = /** @type {Record<string, string>} */ (UNRANKED)[data.method === "merge" ? "merge" : score];
    const why = gone ? `gone: ${fateText(by, data.method)}` : (unranked ?? "nothing is ranked at keep-rate 100\u00a0%");
    return node("tr", {}, heading, node("td", { colspan: 5 }, why));
  }
  const number = (/** @type {number} */ value) => minus(value.toFixed(2));
  const cells = [
    number(stood.value),
    `${stood.rank} of ${stood.of}`,
    number(stood.cut),
    `${stood.margin < 0 ? "" : "+"}${number(stood.margin)}`,
    stood.kept ? "kept" : LEAVES[data.method],
  ];
  return node("tr", { "data-kept": stood.kept }, heading, ...cells.map((text) => node("td", {}, text)));
}

/**
 * One cell a keep-rate: a dot where the patch stays to the end, else the block that drops it.
 *
 * @param {string} score
 * @param {Entry} entry
 * @param {boolean} chosen
 * @param {number} index of the keep-rate that is shown
 * @param {number} patch
 * @param {Data} data
 */
function stripRow(score, entry, chosen, index, patch, data) {
  const fates = entry.drop.map((drop) => drop[patch]);
  const blocks = blocksOf(data);
  const ramps = rampsOf(blocks);
  const { kept, three, other } = STRIP_SHADES;
  const cells = fates.map((by, i) => {
    const shade = !by ? kept : blocks.length === three.length ? three[blocks.indexOf(by)] : other;
    const colour = rampColour(ramps[by], shade);
    const style = `background: rgb(${colour}); color: ${inkOn(colour)}`;
    return node("i", { "data-by": by, "data-here": i === index, style }, by ? `${by}` : "●");
  });
  return node(
    "div",
    { class: "tp-strip", "data-chosen": chosen },
    node("span", {}, score),
    node("span", { class: "tp-cells", role: "img", "aria-label": staysText(entry.rates, fates) }, ...cells),
  );
}

/**
 * "stays to the end at keep-rate 45 %, 55–100 %"
 *
 * @param {number[]} rates
 * @param {number[]} fates at each of them
 */
export function staysText(rates, fates) {
  /** @type {{from: number, to: number}[]} */
  const spans = [];
  fates.forEach((by, i) => {
    if (by) return;
    const last = spans[spans.length - 1];
    if (last?.to === i - 1) last.to = i;
    else spans.push({ from: i, to: i });
  });
  const text = spans.map(({ from, to }) =>
    from === to ? percent(rates[from]) : `${Math.round(100 * rates[from])}–${percent(rates[to])}`,
  );
  return text.length ? `stays to the end at keep-rate ${text.join(", ")}` : "never stays to the end";
}

/**
 * The card of the pinned patch.
 *
 * @param {import("./state.js").View} view
 * @param {() => void} onClose
 * @param {(patch: number) => Record<string, string>} moreFacts
 */
export function createPassport(view, onClose, moreFacts) {
  const { find, out, state, data, entry, rateIndex } = view;
  find(".tp-close").addEventListener("click", onClose);
  find(".tp-body").addEventListener("keydown", (event) => {
    if (event.key === "Escape" && state.opened) onClose();
  });

  return {
    render() {
      setHidden(find(".tp-passport"), !state.opened);
      if (!state.opened || state.pinned === null) return;
      const { score, pinned: patch } = state;
      const index = rateIndex();
      const { rates } = entry();
      out("patch").textContent = `Patch ${patch}`;
      const ranked = data().method === "merge" ? "" : `, ranked by ${score}`;
      out("fate").textContent = `${fateOf(view, patch)} at keep-rate ${rateText(data(), rates[index])}${ranked}`;
      find('[data-loop="group"]').hidden = data().method !== "merge";
      const facts = Object.entries({ ...passportFacts(data(), patch), ...moreFacts(patch) });
      const pairs = facts.flatMap(([name, value]) => [node("dt", {}, name), node("dd", {}, value)]);
      out("facts").replaceChildren(...pairs);
      out("ranked-by").textContent = data().method === "merge" ? "" : RANKING_NAMES[score];
      out("ranked-unit").textContent = score === "attention" && data().method !== "merge" ? EQUAL_SHARE : "";
      const stages = blocksOf(data()).map((stage) => stageRow(data(), score, index, stage, patch));
      out("stages").replaceChildren(...stages);
      const strips = Object.entries(data().scores).map(([name, one]) =>
        stripRow(data().method === "merge" ? "merging" : name, one, name === score, index, patch, data()),
      );
      out("strips").replaceChildren(...strips);
    },
  };
}
