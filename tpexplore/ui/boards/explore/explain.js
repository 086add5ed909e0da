// What happened to this clip, in its own numbers.

import { DROPPED_BY, isGone, isPruned, keptAfter } from "../shared/fates.js";
import { gridOf, isPadding } from "../shared/grid.js";
import { percent } from "../shared/text.js";

/**
 * @typedef {import("./messages.js").Data} Data
 * @typedef {import("../shared/grid.js").Picture} Picture
 * @typedef {import("../shared/fates.js").Fates} Fates
 */

/** @param {Data} data @param {import("./messages.js").Score} score @param {number} index of the keep-rate */
export function explanation(data, score, index) {
  const entry = data.scores[score];
  const sentences = [
    leftText(data, entry.drop[index], entry.rates[index]),
    paddingText(data.picture, entry.drop[index]),
    entry.complete ? answerText(data.unpruned, entry, index) : "",
    loudnessOfKept(data.picture, entry.drop[index]),
  ];
  return sentences.filter(Boolean).join(" ");
}

/** @param {Pick<Data, "picture">} data @param {Fates} drop @param {number} rate */
function leftText({ picture }, drop, rate) {
  if (!isPruned(drop)) return `At keep-rate ${percent(rate)} all ${picture.patches} patches reach the end.`;
  const [first, second, third] = DROPPED_BY.map((stage) => keptAfter(drop, stage));
  const grid = gridOf(picture);
  const last = Array.from(drop, (by) => (isGone(by, DROPPED_BY[2]) ? 0 : 1));
  const seen = grid.overlaps ? ` They overlap: the last ${third} see ${percent(grid.coveredShare(last))} of the picture.` : "";
  return (
    `${first} of ${picture.patches} patches are left after block 4, ${second} after block 7 and ` +
    `${third} after block 10.${seen}`
  );
}

/** @param {Picture} picture @param {Fates} drop */
function paddingText(picture, drop) {
  const padding = Array.from(drop, (_, patch) => patch).filter((patch) => isPadding(picture, patch));
  if (!padding.length) return "";
  if (!isPruned(drop)) return `${padding.length} of them are padding.`;
  const dropped = drop.length - keptAfter(drop, DROPPED_BY[0]);
  const first = padding.filter((patch) => drop[patch] === DROPPED_BY[0]).length;
  const left = padding.filter((patch) => drop[patch] === 0).length;
  return (
    `${first || "None"} of the ${dropped} that block 4 drops are padding; ` +
    `of all ${padding.length} padding patches ${left || "none"} ${left === 1 ? "stays" : "stay"} to the end.`
  );
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
      : `The answer stays “${answer}” down to keep-rate ${percent(rates[from])}`;
  const here = points[index].answer;
  if (here !== answer) return `${stays}; here it is “${here}”.`;
  return index < from ? `${stays}, but it is “${answer}” again here.` : `${stays}.`;
}

/** @param {Pick<Picture, "patch_decibels">} picture @param {Fates} drop */
function loudnessOfKept({ patch_decibels: decibels }, drop) {
  const mean = (/** @type {boolean} */ kept) => {
    const levels = decibels.filter((_, patch) => (drop[patch] === 0) === kept);
    return levels.reduce((sum, value) => sum + value, 0) / levels.length;
  };
  if (!isPruned(drop)) return "";
  const louder = mean(true) - mean(false);
  const by = Math.round(Math.abs(louder));
  if (by === 0) return "Patches kept to the end are on average as loud as the dropped ones.";
  const than = `${by} dB ${louder > 0 ? "louder" : "quieter"} than the dropped ones`;
  return `Patches kept to the end are on average ${than}.`;
}
