// The server's messages: JSON lines. The first holds the picture and the passes done by then, each later one the
// passes done since. They arrive as one text that grows.

import { bytesOf, rowsOf } from "../shared/bytes.js";
import { STFT_BINS } from "./masking.js";
import { attentionOf } from "./ranking.js";

/**
 * @typedef {"attention" | "intensity" | "variation"} Score
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
 * @typedef {object} Entry of one score: keep-rates, ascending, and beside each what came of it
 * @property {number[]} rates
 * @property {Point[]} points
 * @property {Uint8Array[]} drop
 * @property {(Record<number, Float32Array> | null)[]} attention
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
 * @property {{name: string, family: "ast" | "audiomae", task: string, labels: string[]}} model
 * @property {Clip} clip
 * @property {import("../shared/grid.js").Picture} picture
 * @property {Record<"intensity" | "variation", number[]> | null} clusters edges of the dataset's clusters
 * @property {number[]} rates
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
 * @property {number} sample_rate
 * @property {number} scale
 * @property {string} pcm
 *
 * @typedef {{rates: number[], drop: string, attention: string | null, points: Point[]}} Part
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
      ? attentionOf(new Float32Array(bytesOf(part.attention).buffer), drop)
      : drop.map(() => null);
    part.rates.forEach((rate, i) => {
      const higher = entry.rates.findIndex((known) => known > rate);
      const at = higher < 0 ? entry.rates.length : higher;
      entry.rates.splice(at, 0, rate);
      entry.points.splice(at, 0, part.points[i]);
      entry.drop.splice(at, 0, drop[i]);
      entry.attention.splice(at, 0, attention[i]);
    });
    entry.complete = entry.rates.length === data.rates.length;
    entry.flips = flipsOf(entry);
  }
}

/** @returns {Entry} */
function emptyEntry() {
  return { rates: [], points: [], drop: [], attention: [], complete: false, flips: [] };
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

/** @param {Data} data @param {string[]} names scores */
export function isComplete({ scores }, names) {
  return names.every((score) => scores[/** @type {Score} */ (score)]?.complete);
}
