// The server's answers about each removal, and the next question. One piece at a time, the visible one first, and
// only short ones: the queue is shared with all users, and a user who continues to paint must wait for the piece
// being computed.

import { clamp } from "../shared/grid.js";

/**
 * @typedef {object} Answer what the model says without some patches
 * @property {string} answer
 * @property {number} probability
 * @property {number} kept probability of the answer with all patches
 * @property {boolean} stays
 * @property {number} left
 * @property {[string, number, number][]} rows
 *
 * @typedef {{value: number, stays: boolean}} Draw the result without as many random patches
 * @typedef {{mask: string, blocks: number[], draws: number[]}} Question
 *
 * @typedef {object} Reply
 * @property {number} id
 * @property {number} seconds
 * @property {Answer[]} [answers] one a block
 * @property {number[][]} [values] of each block, one a draw
 * @property {boolean[][]} [stays]
 * @property {string} [problem]
 * @property {boolean} [stale]
 *
 * @typedef {ReturnType<typeof createKnowledge>} Knowledge
 */

const AT_ONCE_SECONDS = 0.1; // the visible block is requested alone unless all take no longer than this
const MOMENT_SECONDS = 0.35; // as many random draws are requested together as take no longer than this
const LONGEST_SECONDS = 4; // all blocks of a removal are requested at once unless that takes longer

/** @param {{model: {depth: number}, picture: {patches: number}, draws: number}} data */
export function createKnowledge(data) {
  const blocks = Array.from({ length: data.model.depth - 1 }, (_, i) => i + 1);
  /** @type {Map<string, Map<number, Answer>>} of each mask: block -> answer */
  const answers = new Map();
  /** @type {Map<number, Map<number, Draw>[]>} of each number of patches: for each draw, block -> result */
  const draws = new Map();
  let pace = 0; // seconds one block of one clip takes there; 0 until the first answer
  let delay = 0; // seconds an answer takes beyond that

  /** @param {string} key @returns {Map<number, Answer>} */
  function answersOf(key) {
    const results = answers.get(key) ?? new Map();
    answers.set(key, results);
    return results;
  }

  /** @param {number} count */
  function drawsOf(count) {
    const results = draws.get(count) ?? Array.from({ length: data.draws }, () => new Map());
    draws.set(count, results);
    return results;
  }

  const passes = (/** @type {number[]} */ chosen, /** @type {number} */ rows) =>
    Math.max(...chosen) + rows * chosen.reduce((sum, block) => sum + data.model.depth - block, 0);
  const within = (/** @type {number} */ seconds, /** @type {number[]} */ chosen, /** @type {number} */ rows) =>
    pace > 0 && pace * passes(chosen, rows) <= seconds;

  /** As many of the missing blocks as do not take too long, in order; at least one. @param {number[]} missing */
  function affordable(missing) {
    let most = 1;
    while (most < missing.length && within(LONGEST_SECONDS, missing.slice(0, most + 1), 1)) most += 1;
    return missing.slice(0, most).sort((a, b) => a - b);
  }

  /** @param {string} key @param {number} block */
  function missingAnswers(key, block) {
    const missing = blocks.filter((b) => !answersOf(key).has(b));
    return missing.sort((a, b) => Math.abs(a - block) - Math.abs(b - block));
  }

  /** @param {number} count */
  function missingDraws(count) {
    const open = drawsOf(count).map((results) => blocks.filter((b) => !results.has(b)));
    const first = open.findIndex((missing) => missing.length);
    if (first < 0) return null;
    const affordableBlocks = affordable(open[first]);
    const numbers = [first];
    for (let next = first + 1; next < open.length; next++) {
      const moment = clamp(delay, MOMENT_SECONDS, LONGEST_SECONDS / 2); // a repeated request must not take longer
      if (open[next].join() !== open[first].join() || !within(moment, affordableBlocks, numbers.length + 1)) break;
      numbers.push(next);
    }
    return { blocks: affordableBlocks, draws: numbers };
  }

  return {
    blocks,
    answersOf,
    drawsOf,
    /**
     * @param {string[]} keys masks to know all blocks of, the chosen one first
     * @param {number} block the one in sight
     * @param {number} count of marked patches; random draws have the same number
     * @returns {Question | null}
     */
    next(keys, block, count) {
      for (const key of keys) {
        const missing = missingAnswers(key, block);
        const waiting = missing[0] === block && key === keys[0] && !within(AT_ONCE_SECONDS, missing, 1);
        if (waiting) return { mask: key, blocks: [block], draws: [] };
        if (missing.length) return { mask: key, blocks: affordable(missing), draws: [] };
      }
      const open = count > 0 && count < data.picture.patches ? missingDraws(count) : null;
      return open && { mask: keys[0], ...open };
    },
    /** @param {Question} question @param {number} count @param {Reply} reply @param {number} waited seconds */
    learn(question, count, reply, waited) {
      const rows = Math.max(1, question.draws.length);
      const measured = reply.seconds / passes(question.blocks, rows);
      pace = pace ? 0.7 * pace + 0.3 * measured : measured;
      delay = 0.7 * delay + 0.3 * Math.max(0, waited - reply.seconds);
      const { answers: newAnswers, values, stays } = reply;
      question.blocks.forEach((block, i) => {
        if (newAnswers) answersOf(question.mask).set(block, newAnswers[i]);
        if (!values || !stays) return;
        question.draws.forEach((draw, j) => {
          drawsOf(count)[draw].set(block, { value: values[i][j], stays: stays[i][j] });
        });
      });
    },
  };
}
