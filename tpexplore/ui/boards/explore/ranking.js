// The ranking of the patches in each stage: which were present, their scores, which were dropped.

import { blocksOf, presentBefore } from "../shared/fates.js";

/**
 * @typedef {import("./messages.js").Data} Data
 * @typedef {import("./messages.js").Score} Score
 */

/**
 * Attention scores arrive in one row: the first block's, then for each keep-rate those of the later ones.
 *
 * @param {Float32Array} scores
 * @param {Uint8Array[]} drop one map of fates a keep-rate
 * @param {number[]} rates
 * @param {{blocks?: number[]}} data
 */
export function attentionOf(scores, drop, rates, data) {
  const patches = drop[0].length;
  const [firstBlock, ...later] = blocksOf(data);
  let from = patches;
  return drop.map((row, i) => {
    if (rates[i] === 1) return null; // nothing was pruned, hence nothing scored
    /** @type {Record<number, Float32Array>} */
    const ofBlock = { [firstBlock]: scores.subarray(0, patches) };
    for (const stage of later) {
      const present = presentBefore(row, stage).length;
      ofBlock[stage] = scores.subarray(from, from + present);
      from += present;
    }
    return ofBlock;
  });
}

/**
 * The patches a stage ranked, and by what. Attention in multiples of an equal share: of 40 patches, each has 1
 * if all get a fortieth.
 *
 * @param {Data} data
 * @param {Score} score
 * @param {number} index of the keep-rate
 * @param {number} stage
 */
export function ranked(data, score, index, stage) {
  const { attention, drop } = data.scores[score];
  const ids = presentBefore(drop[index], stage);
  if (score === "intensity" || score === "variation") {
    const statistic = data.picture[score];
    return { ids, values: ids.map((patch) => statistic[patch]) };
  }
  const shares = attention[index]?.[stage];
  // A block that keeps all, while others have their own keep-rates, scores no patch.
  const scored = shares && !Number.isNaN(shares[0]);
  return { ids, values: scored ? Array.from(shares, (share) => share * ids.length) : null };
}

/**
 * One patch in one stage, or null where it was gone before.
 *
 * @param {Data} data
 * @param {Score} score
 * @param {number} index of the keep-rate
 * @param {number} stage
 * @param {number} patch
 */
export function standing(data, score, index, stage, patch) {
  const { ids, values } = ranked(data, score, index, stage);
  const place = ids.indexOf(patch);
  if (place < 0 || !values) return null;
  const drop = data.scores[score].drop[index];
  const value = values[place];
  const ahead = values.filter((other, i) => other > value || (other === value && i < place)).length;
  const cut = Math.min(...values.filter((_, i) => drop[ids[i]] !== stage));
  return { value, rank: ahead + 1, of: ids.length, cut, margin: value - cut, kept: drop[patch] !== stage };
}

/**
 * Share of the clip's patches with a lower value.
 *
 * @param {ArrayLike<number>} values
 * @param {number} patch
 */
export function percentile(values, patch) {
  return Array.from(values).filter((value) => value < values[patch]).length / values.length;
}

/**
 * Cluster 0 (lowest) to the last; a value on a boundary goes to the upper one.
 *
 * @param {number} value
 * @param {number[]} edges
 */
export function clusterOf(value, edges) {
  return edges.slice(1, -1).filter((edge) => value >= edge).length;
}
