// What became of each patch: 0 where it was kept to the end, else the block that dropped it.

/** The blocks after which patches are dropped in the paper. */
export const DROPPED_BY = [4, 7, 10];

/** @typedef {ArrayLike<number>} Fates one number a patch */
/** @typedef {"drop" | "fuse" | "merge"} Method */

/** One word for the fate of a patch that a block does not keep. @type {Record<Method, string>} */
export const LEAVES = { drop: "dropped", fuse: "fused", merge: "merged" };

/**
 * The patches of one token, where patches merged.
 *
 * @param {ArrayLike<number>} holders id of the patch whose token holds each
 * @param {number} patch
 */
export function groupOf(holders, patch) {
  return Array.from(holders, (_, other) => other).filter((other) => holders[other] === holders[patch]);
}

/** The blocks that prune: the paper's where none are named. @param {{blocks?: number[]}} data */
export function blocksOf({ blocks = DROPPED_BY }) {
  return blocks;
}

/** The last pruning block. @param {{blocks?: number[]}} data */
export function lastBlockOf(data) {
  return blocksOf(data)[blocksOf(data).length - 1];
}

/**
 * The block in `now` at the same position as `block` in `before`; the first one if there is none.
 *
 * @param {number} block
 * @param {number[]} before
 * @param {number[]} now
 */
export function inPlaceOf(block, before, now) {
  return now[before.indexOf(block)] ?? now[0];
}

/** @param {number} by @param {number} block */
export function isGone(by, block) {
  return by > 0 && by <= block;
}

/**
 * How many patches are left after a block, of all or of the ones named.
 *
 * @param {Fates} drop
 * @param {number} block
 * @param {Iterable<number>} [patches]
 */
export function keptAfter(drop, block, patches = Array.from(drop, (_, patch) => patch)) {
  let count = 0;
  for (const patch of patches) count += isGone(drop[patch], block) ? 0 : 1;
  return count;
}

/** @param {Fates} drop */
export function isPruned(drop) {
  return Array.from(drop).some(Boolean);
}

/**
 * Patches that a block still had to rank.
 *
 * @param {Fates} drop
 * @param {number} block
 */
export function presentBefore(drop, block) {
  return Array.from(drop, (_, patch) => patch).filter((patch) => drop[patch] === 0 || drop[patch] >= block);
}
