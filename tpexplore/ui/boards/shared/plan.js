// Which blocks prune, and a keep-rate for each where they differ: how texts and links write them.

import { DROPPED_BY } from "./fates.js";
import { percent } from "./text.js";

/** @typedef {{blocks?: number[], own_rates?: number[]}} Planned what the server says of it */

export const PAPERS_BLOCKS = DROPPED_BY.join(",");

/** @param {string} text */
const numbersOf = (text) => text.split(",").map((part) => (part.trim() ? Number(part) : NaN));

/**
 * Blocks as links and the server name them, or null where the text names none.
 *
 * @param {string} text empty for the paper's
 * @param {number} [depth] of the model
 */
export function readBlocks(text, depth = 99) {
  if (!text.trim()) return PAPERS_BLOCKS;
  const blocks = numbersOf(text);
  const fits = blocks.every((block, i) => Number.isInteger(block) && block > (blocks[i - 1] ?? 0) && block <= depth);
  return fits && blocks.length === DROPPED_BY.length ? blocks.join(",") : null;
}

/**
 * The same of keep-rates; empty where all blocks take the slider's.
 *
 * @param {string} text
 */
export function readRates(text) {
  if (!text.trim()) return "";
  const rates = numbersOf(text);
  const fits = rates.every((rate) => rate >= 0.05 && rate <= 1);
  return fits && rates.length === DROPPED_BY.length ? rates.join(",") : null;
}

/**
 * A keep-rate in words: "70%", or where each block has its own "90%, 70%, 50%".
 *
 * @param {Planned} data
 * @param {number} rate
 */
export function rateText({ own_rates: own = [] }, rate) {
  return own.length && rate < 1 ? own.map((one) => percent(one)).join(", ") : percent(rate);
}

/** @typedef {import("../page/state.js").PageState} PageState */

/** The page's keep-rate in words, and at which blocks where they are not the paper's. @param {PageState} state */
export function stateRateText({ rate, blocks, rates }) {
  const where = blocks === PAPERS_BLOCKS ? "" : ` at ${blocksText({ blocks: numbersOf(blocks) })}`;
  return rateText({ own_rates: rates ? numbersOf(rates) : [] }, rate) + where;
}

/** What the page does to the patches, in words. @param {PageState} state */
export function wayText(state) {
  const { method, score } = state;
  const way = method === "merge" ? "merged" : method === "fuse" ? `by ${score}, the others fused` : `by ${score}`;
  return `${way}, keep-rate ${stateRateText(state)}`;
}

/** The same as requests name it. @param {PageState} state */
export function wayRequest({ rate, score, method, blocks, rates }) {
  return { keepRate: rate, score, method, blocks, rates };
}

/** As links name it. @param {Planned} data */
export function planOf({ blocks = DROPPED_BY, own_rates: rates = [] }) {
  return { blocks: blocks.join(","), rates: rates.join(",") };
}

/** @param {Planned} data @param {{blocks: string, rates: string}} chosen */
export function isPlanOf(data, chosen) {
  const { blocks, rates } = planOf(data);
  return blocks === chosen.blocks && rates === chosen.rates;
}

/** "blocks 4, 7 and 10" @param {Planned} data */
export function blocksText({ blocks = DROPPED_BY }) {
  return `blocks ${blocks.slice(0, -1).join(", ")} and ${blocks.at(-1)}`;
}
