// What became of each patch: 0 where it was kept to the end, else the block that dropped it.

/** The blocks after which patches are dropped. */
export const DROPPED_BY = [4, 7, 10];

/** @typedef {ArrayLike<number>} Fates one number a patch */
/** @typedef {"drop" | "fuse" | "merge"} Method */

/** What becomes of a patch that a block does not keep, in one word. @type {Record<Method, string>} */
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

/**
 * The block that prunes at a stage. Stages are called by the paper's blocks, whichever prune.
 *
 * @param {{blocks?: number[]}} data
 * @param {number} stage
 */
export function blockOf({ blocks = DROPPED_BY }, stage) {
  return blocks[DROPPED_BY.indexOf(stage)];
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
