// What happened to this clip, in its own numbers.

import { LEAVES, blocksOf, isGone, isPruned, keptAfter, lastBlockOf } from "../shared/fates.js";
import { gridOf, isPadding } from "../shared/grid.js";
import { listed } from "../shared/plan.js";
import { percent } from "../shared/text.js";

/**
 * @typedef {import("./messages.js").Data} Data
 * @typedef {import("../shared/grid.js").Picture} Picture
 * @typedef {import("../shared/fates.js").Fates} Fates
 */

const MOST_NAMED = 4; // stages; of more, the first and the last

/** @param {Data} data @param {import("./messages.js").Score} score @param {number} index of the keep-rate */
export function explanation(data, score, index) {
  const entry = data.scores[score];
  const sentences = [
    leftText(data, entry.drop[index], entry.rates[index]),
    methodText(data.method, entry, index),
    paddingText(data, entry.drop[index]),
    entry.complete ? answerText(data.unpruned, entry, index) : "",
    loudnessOfKept(data, entry.drop[index]),
  ];
  return sentences.filter(Boolean).join(" ");
}

/** @param {Pick<Data, "picture" | "blocks">} data @param {Fates} drop @param {number} rate */
function leftText(data, drop, rate) {
  const { picture } = data;
  if (!isPruned(drop)) return `At ${percent(rate)} all ${picture.patches} patches are kept.`;
  const blocks = blocksOf(data);
  const named = blocks.length > MOST_NAMED ? [blocks[0], lastBlockOf(data)] : blocks;
  const [first, ...others] = named.map((block) => ({ block, left: keptAfter(drop, block) }));
  const grid = gridOf(picture);
  const last = Array.from(drop, (by) => (isGone(by, lastBlockOf(data)) ? 0 : 1));
  const count = keptAfter(drop, lastBlockOf(data));
  const overlap = grid.overlaps ? ` They overlap: the last ${count} see ${percent(grid.coveredShare(last))} of the picture.` : "";
  const parts = [
    `${first.left} of ${picture.patches} patches are left after block ${first.block}`,
    ...others.map(({ block, left }) => `${left} after block ${block}`),
  ];
  return `${listed(parts)}.${overlap}`;
}

/**
 * What happened to the other patches, if they were not dropped.
 *
 * @param {import("../shared/fates.js").Method} method
 * @param {Pick<import("./messages.js").Entry, "drop" | "holders">} entry
 * @param {number} index of the keep-rate
 */
export function methodText(method, { drop, holders }, index) {
  if (method === "drop") return "";
  const gone = Array.from(drop[index]).filter(Boolean).length;
  if (!gone) return `At this keep-rate no patch is ${LEAVES[method]}.`;
  if (method === "fuse") return `The other ${gone} live on in one fused token.`;
  const sizes = new Map();
  for (const holder of holders[index]?.at(-1) ?? []) sizes.set(holder, (sizes.get(holder) ?? 0) + 1);
  return `The other ${gone} joined patches that are like them: the largest group has ${Math.max(...sizes.values())}.`;
}

/** @param {Pick<Data, "picture" | "method" | "blocks">} data @param {Fates} drop */
function paddingText(data, drop) {
  const { picture, method } = data;
  const padding = Array.from(drop, (_, patch) => patch).filter((patch) => isPadding(picture, patch));
  if (!padding.length) return "";
  if (!isPruned(drop)) return `${padding.length} of them are empty padding.`;
  const left = padding.filter((patch) => drop[patch] === 0).length;
  const all = `${padding.length} patches of empty padding`;
  return left ? `${left} of the ${all} ${left === 1 ? "was" : "were"} kept to the end.` : `All ${all} were ${LEAVES[method]}.`;
}

/**
 * The lowest keep-rate down to which nothing changes the answer: index into the keep-rates.
 *
 * @param {{answer: string}[]} points
 * @param {string} answer
 */
export function steadyFrom(points, answer) {
  return points.findLastIndex((point) => point.answer !== answer) + 1;
}

/** @param {{answer: string}} unpruned @param {{rates: number[], points: {answer: string}[]}} entry @param {number} index */
export function answerText({ answer }, { rates, points }, index) {
  const from = steadyFrom(points, answer);
  if (from === 0) return `The answer is “${answer}” at every keep-rate.`;
  const stays =
    from === rates.length - 1
      ? `Even the lightest pruning changes the answer “${answer}”`
      : `Down to ${percent(rates[from])} the answer is “${answer}”`;
  const here = points[index].answer;
  const at = percent(rates[index]);
  if (here !== answer) return `${stays}; at ${at} it is “${here}”.`;
  return index < from ? `${stays}; at ${at} it is “${answer}” again.` : `${stays}.`;
}

/** @param {{picture: Pick<Picture, "patch_decibels">, method: import("../shared/fates.js").Method}} data @param {Fates} drop */
function loudnessOfKept({ picture: { patch_decibels: decibels }, method }, drop) {
  const mean = (/** @type {boolean} */ kept) => {
    const levels = decibels.filter((_, patch) => (drop[patch] === 0) === kept);
    return levels.reduce((sum, value) => sum + value, 0) / levels.length;
  };
  if (!isPruned(drop)) return "";
  const louder = mean(true) - mean(false);
  const by = Math.round(Math.abs(louder));
  if (by === 0) return "Patches kept to the end are on average as loud as the " + `${LEAVES[method]} ones.`;
  const than = `${by} dB ${louder > 0 ? "louder" : "quieter"} than the ${LEAVES[method]} ones`;
  return `Patches kept to the end are on average ${than}.`;
}
