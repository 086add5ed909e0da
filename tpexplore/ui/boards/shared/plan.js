// Which blocks prune, and a keep-rate for each where they differ: how texts and links write them.

import { DROPPED_BY, blocksOf } from "./fates.js";
import { percent } from "./text.js";

/** @typedef {{blocks?: number[], own_rates?: number[]}} Planned the plan in the server's message */

export const PAPERS_BLOCKS = DROPPED_BY.join(",");

const WORDS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

/** A small number as a sentence writes it. @param {number} count */
export const countWord = (count) => WORDS[count] ?? String(count);

/** @param {string} text */
export const numbersOf = (text) => text.split(",").map((part) => (part.trim() ? Number(part) : NaN));

/**
 * Blocks in the form of links and the server, or null if the text is not valid.
 *
 * @param {string} text empty for the paper's
 * @param {number} [depth] of the model
 */
export function readBlocks(text, depth = 99) {
  if (!text.trim()) return PAPERS_BLOCKS;
  const blocks = numbersOf(text);
  const fits = blocks.every((block, i) => Number.isInteger(block) && block > (blocks[i - 1] ?? 0) && block <= depth);
  return fits ? blocks.join(",") : null;
}

/**
 * The same for keep-rates, at least one of which is below 1; empty if all blocks use the slider's.
 *
 * @param {string} text
 * @param {string} [blocks] as links name them: one keep-rate for each
 */
export function readRates(text, blocks = PAPERS_BLOCKS) {
  if (!text.trim()) return "";
  const rates = numbersOf(text);
  const fits = rates.every((rate) => rate >= 0.05 && rate <= 1) && rates.some((rate) => rate < 1);
  return fits && rates.length === numbersOf(blocks).length ? rates.join(",") : null;
}

/**
 * A pruning block's name in a link. Three blocks always have the names of the paper's, as in old links; any other
 * number of blocks have their own numbers. Undefined if the block does not prune any more.
 *
 * @param {number} block
 * @param {string} blocks as links name them
 */
export function stageName(block, blocks) {
  const all = numbersOf(blocks);
  const at = all.indexOf(block);
  if (at < 0) return undefined;
  return all.length === DROPPED_BY.length ? DROPPED_BY[at] : block;
}

/**
 * The block with this name in a link; undefined if it does not prune.
 *
 * @param {string} text
 * @param {string} blocks
 */
export function stageNamed(text, blocks) {
  const all = numbersOf(blocks);
  return all.find((block) => String(stageName(block, blocks)) === text) ?? all.find((block) => String(block) === text);
}

/**
 * A keep-rate in words: "70 %", or where each block has its own "90 %, 70 %, 50 %".
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

/**
 * The score and the method, as file names have them.
 *
 * @param {import("./fates.js").Method} method
 * @param {string} score
 */
export function wayName(method, score) {
  if (method === "merge") return method;
  return method === "fuse" ? `fuse-${score}` : score;
}

/** How the page prunes, in words. @param {PageState} state */
export function wayText(state) {
  const { method, score } = state;
  const way = method === "merge" ? "merged" : method === "fuse" ? `by ${score}, the others fused` : `by ${score}`;
  return `${way}, keep-rate ${stateRateText(state)}`;
}

/** The same in the form of requests. @param {PageState} state */
export function wayRequest({ rate, score, method, blocks, rates }) {
  return { keepRate: rate, score, method, blocks, rates };
}

/** The plan in the form of links. @param {Planned} data */
export function planOf(data) {
  return { blocks: blocksOf(data).join(","), rates: (data.own_rates ?? []).join(",") };
}

/** @param {Planned} data @param {{blocks: string, rates: string}} chosen */
export function isPlanOf(data, chosen) {
  const { blocks, rates } = planOf(data);
  return blocks === chosen.blocks && rates === chosen.rates;
}

/** "blocks 4, 7 and 10" @param {Planned} data */
export function blocksText(data) {
  const blocks = blocksOf(data);
  return blocks.length > 1 ? `blocks ${listed(blocks)}` : `block ${blocks[0]}`;
}

/** "a, b and c" @param {(string | number)[]} parts */
export function listed(parts) {
  return parts.length > 1 ? `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}` : String(parts[0]);
}
