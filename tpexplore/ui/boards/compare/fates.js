// What became of each patch in A and in B.

/** Numbered below every pruning block, so that a panel takes them for blocks that have dropped already. */
export const FATES = { both: 0, a: 1, b: 2, neither: 3 };

/**
 * Fate of every patch after one block, from the blocks that dropped it in A and in B. A patch dropped by one side is
 * kept by the other alone, and the numbers of these two fates add up to the number of "neither".
 *
 * @param {number} block
 * @param {Uint8Array} dropA
 * @param {Uint8Array} dropB
 */
export function fatesAfter(block, dropA, dropB) {
  const kept = (/** @type {number} */ by) => by === 0 || by > block;
  return dropA.map((by, patch) => (kept(by) ? 0 : FATES.b) + (kept(dropB[patch]) ? 0 : FATES.a));
}

/**
 * How many patches have a fate.
 *
 * @param {Uint8Array} fates
 * @param {number} fate
 */
export function countOf(fates, fate) {
  return fates.filter((one) => one === fate).length;
}
