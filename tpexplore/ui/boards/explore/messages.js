// The server's messages: JSON lines. The first holds the picture and the passes done by then, each later one the
// passes done since. They arrive as one text that grows.

import { bytesOf, rowsOf } from "../shared/bytes.js";
import { STFT_BINS } from "./masking.js";
import { attentionOf } from "./ranking.js";

/**
 * @typedef {"attention" | "intensity" | "variation" | "random" | "time-even"} Score
 * @typedef {[string, number, number]} Row a class, its probability with all patches, and after pruning
 *
 * @typedef {object} Point what came of one pass
 * @property {string} answer
 * @property {number} probability
 * @property {number} macs
 * @property {number} milliseconds
 * @property {Row[]} rows
 * @property {number[]} kept
 *
 * @typedef {object} Entry of one score: keep-rates, ascending, and the results at each
 * @property {number[]} rates
 * @property {Point[]} points
 * @property {Uint8Array[]} drop
 * @property {(Record<number, Float32Array> | null)[]} attention
 * @property {(Int16Array[] | null)[]} holders where patches merged, after each pruning block whose token holds each
 * @property {boolean} complete
 * @property {{rate: number, from: string, to: string}[]} flips
 *
 * @typedef {{rate: number, macs: number, value: number, low: number, high: number}} Accuracy
 *
 * @typedef {object} Measured
 * @property {Record<Score, Accuracy[]>} accuracy
 * @property {string} task
 * @property {string} split
 * @property {string} metric
 * @property {number} n
 * @property {string} commit
 * @property {string} made_by
 * @property {string} date
 * @property {string} weights
 *
 * @typedef {object} Data everything that the viewer shows
 * @property {{name: string, family: "ast" | "audiomae", task: string, labels: string[], depth: number, device: string}} model
 * @property {Clip} clip
 * @property {import("../shared/grid.js").Picture} picture
 * @property {Record<"intensity" | "variation", number[]> | null} clusters edges of the dataset's clusters
 * @property {number[]} rates
 * @property {import("../shared/fates.js").Method} method
 * @property {number[]} [blocks] those that prune, ascending; the paper's where none are named
 * @property {number[]} [own_rates] a keep-rate for each, where they differ
 * @property {Score[]} rankings all that will be there
 * @property {Pick<Point, "answer" | "probability" | "macs" | "milliseconds">} unpruned
 * @property {Measured | null} measured
 * @property {Record<Score, Entry>} scores
 * @property {Uint8Array} grey
 * @property {import("./masking.js").BinRows} binRows
 *
 * @typedef {object} Clip
 * @property {string} name
 * @property {number} start
 * @property {number} seconds
 * @property {string[]} sentences
 * @property {boolean} silent
 * @property {Doubt | null} doubt
 * @property {number} sample_rate
 * @property {number} scale
 * @property {string | null} pcm its samples, or null where they lie in the file `sound`
 * @property {string} [sound]
 *
 * @typedef {{sentence: string, source: string | null, task: string | null}} Doubt why the answer may mean nothing, and
 *   the model that may know
 *
 * @typedef {{rates: number[], drop: string, attention: string | null, holders: string | null, points: Point[]}} Part
 */

/** @param {string} text @returns {any[]} */
export function linesOf(text) {
  return text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

/** Two bytes for each bin of the transform, or four where two do not suffice. @param {string} base64 */
export function binRowsOf(base64) {
  const { buffer } = bytesOf(base64);
  return buffer.byteLength > 2 * STFT_BINS ? new Uint32Array(buffer) : new Uint16Array(buffer);
}

/** @param {string} text @returns {Data} */
export function decode(text) {
  const [data, ...later] = linesOf(text);
  const first = data.scores;
  data.scores = {};
  data.grey = bytesOf(data.picture.grey);
  for (const name of ["intensity", "variation"]) data.picture[name] = Float32Array.from(data.picture[name]);
  data.binRows = binRowsOf(data.bin_rows);
  for (const scores of [first, ...later.map((message) => message.scores)]) addPasses(data, scores);
  return data;
}

/**
 * Puts further passes where their keep-rates belong.
 *
 * @param {Data} data
 * @param {Record<string, Part>} scores
 */
export function addPasses(data, scores) {
  for (const [score, part] of Object.entries(scores)) {
    const entry = (data.scores[/** @type {Score} */ (score)] ??= emptyEntry());
    const drop = rowsOf(part.drop, part.rates.length, data.picture.patches);
    const attention = part.attention
      ? attentionOf(new Float32Array(bytesOf(part.attention).buffer), drop, part.rates, data)
      : drop.map(() => null);
    const holders = holdersOf(part, data.picture.patches);
    part.rates.forEach((rate, i) => {
      const higher = entry.rates.findIndex((known) => known > rate);
      const at = higher < 0 ? entry.rates.length : higher;
      entry.rates.splice(at, 0, rate);
      entry.points.splice(at, 0, part.points[i]);
      entry.drop.splice(at, 0, drop[i]);
      entry.attention.splice(at, 0, attention[i]);
      entry.holders.splice(at, 0, holders[i]);
    });
    entry.complete = entry.rates.length === data.rates.length;
    entry.flips = flipsOf(entry);
  }
}

/** For each keep-rate one row after every pruning block. @param {Part} part @param {number} patches */
function holdersOf({ holders, rates }, patches) {
  if (!holders) return rates.map(() => null);
  const ids = new Int16Array(bytesOf(holders).buffer);
  const stages = ids.length / patches / rates.length;
  const row = (/** @type {number} */ at) => ids.subarray(at * patches, (at + 1) * patches);
  return rates.map((_rate, i) => Array.from({ length: stages }, (_stage, at) => row(i * stages + at)));
}

/** @returns {Entry} */
function emptyEntry() {
  return { rates: [], points: [], drop: [], attention: [], holders: [], complete: false, flips: [] };
}

/**
 * Keep-rates whose answer differs from the next higher one's.
 *
 * @param {Pick<Entry, "rates" | "points">} entry
 */
export function flipsOf({ rates, points }) {
  return rates.slice(0, -1).flatMap((rate, i) => {
    const [to, from] = [points[i].answer, points[i + 1].answer];
    return from === to ? [] : [{ rate, from, to }];
  });
}

/** @param {Pick<Data, "scores" | "rankings">} data */
export function isComplete({ scores, rankings }) {
  return rankings.every((score) => scores[score]?.complete);
}
