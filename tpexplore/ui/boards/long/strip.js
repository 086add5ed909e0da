// The strip's windows: which are in view, where they lie, which neighbours share an answer, where pruning changes it.

import { bytesOf } from "../shared/bytes.js";
import { clamp } from "../shared/grid.js";
import { percent } from "../shared/text.js";

/**
 * @typedef {[string, number]} Answer a class and its probability
 *
 * @typedef {object} Heard one window of the recording
 * @property {number} start seconds
 * @property {number} end
 * @property {boolean} silent
 * @property {Answer} before with all patches
 * @property {Answer} after pruned
 * @property {number} share of the patches that are left
 * @property {Uint8Array} level loudness of each column of patches, in half decibels
 * @property {Uint8Array} kept share of each column that is left, 255 for all of it
 *
 * @typedef {{first: number, count: number}} View windows in sight
 * @typedef {{from: number, to: number, label: string}} Stretch windows `from` up to but not including `to`
 */

export const NARROWEST = 12; // px of a window: enough to hit with a finger's help from zooming
export const SILENT = "silent";

/** @param {Record<string, any>} message @returns {Heard} */
export function heardOf(message) {
  return /** @type {Heard} */ ({ ...message, level: bytesOf(message.level), kept: bytesOf(message.kept) });
}

/** Whether pruning changes the answer. @param {Heard} heard */
export function changes({ silent, before, after }) {
  return !silent && before[0] !== after[0];
}

/** The text of a window in a lane. @param {Heard} heard @param {"before" | "after"} lane */
export function labelOf(heard, lane) {
  return heard.silent ? SILENT : heard[lane][0];
}

/** @param {number} width px @param {number} total */
export function windowsInView(width, total) {
  return clamp(Math.floor(width / NARROWEST), 1, total);
}

/**
 * The view, moved only as far as necessary to show a window.
 *
 * @param {View} view
 * @param {number} index
 * @param {number} total
 * @returns {View}
 */
export function viewWith({ first, count }, index, total) {
  return { first: clamp(clamp(first, index - count + 1, index), 0, total - count), count };
}

/** The view with a window in its middle. @param {View} view @param {number} index @param {number} total @returns {View} */
export function viewAround({ count }, index, total) {
  return { first: clamp(index - Math.floor(count / 2), 0, total - count), count };
}

/**
 * Neighbours with the same answer, as one.
 *
 * @param {Heard[]} windows
 * @param {"before" | "after"} lane
 * @param {View} view
 * @returns {Stretch[]}
 */
export function stretches(windows, lane, { first, count }) {
  /** @type {Stretch[]} */
  const runs = [];
  for (let at = first; at < Math.min(first + count, windows.length); at++) {
    const label = labelOf(windows[at], lane);
    const last = runs[runs.length - 1];
    if (last?.label === label) last.to = at + 1;
    else runs.push({ from: at, to: at + 1, label });
  }
  return runs;
}

/**
 * The most frequent answers of both lanes, most frequent first; each has a colour, all others share one.
 *
 * @param {Heard[]} windows
 * @returns {{label: string, before: number, after: number}[]}
 */
export function answerCounts(windows) {
  /** @type {Map<string, {label: string, before: number, after: number}>} */
  const counts = new Map();
  for (const heard of windows) {
    if (heard.silent) continue;
    for (const lane of /** @type {const} */ (["before", "after"])) {
      const [label] = heard[lane];
      const count = counts.get(label) ?? { label, before: 0, after: 0 };
      count[lane] += 1;
      counts.set(label, count);
    }
  }
  const size = (/** @type {{before: number, after: number}} */ { before, after }) => before + after;
  return [...counts.values()].sort((a, b) => size(b) - size(a) || a.label.localeCompare(b.label));
}

/**
 * The next window whose answer pruning changes, or null.
 *
 * @param {Heard[]} windows
 * @param {number} from
 * @param {1 | -1} step
 */
export function nextChange(windows, from, step) {
  for (let at = from + step; at >= 0 && at < windows.length; at += step) if (changes(windows[at])) return at;
  return null;
}

/**
 * The strip in one sentence.
 *
 * @param {Heard[]} windows
 * @param {string} rate in words
 */
export function summaryOf(windows, rate) {
  const heard = windows.filter(({ silent }) => !silent);
  const silent = windows.length - heard.length;
  const rest = silent ? ` ${silent} ${silent === 1 ? "window is" : "windows are"} silent.` : "";
  if (!heard.length) return `All ${windows.length} windows are silent, so there is no answer.`;
  const changed = heard.filter(changes).length;
  const where = `${changed} of ${heard.length} ${heard.length === 1 ? "window" : "windows"}`;
  const change = changed
    ? `At keep-rate ${rate} the answer changes in ${where}.`
    : `At keep-rate ${rate} the answer stays the same in all ${heard.length} windows.`;
  return change + rest;
}

/** Minutes and seconds, or seconds alone in a short recording. @param {number} seconds @param {number} whole */
export function clock(seconds, whole) {
  if (whole < 60) return `${Number(seconds.toFixed(1))} s`;
  const rounded = Math.floor(seconds + 1e-6);
  return `${Math.floor(rounded / 60)}:${String(rounded % 60).padStart(2, "0")}`;
}

/** @param {Heard} heard @param {string} rate in words @param {number} whole seconds of the recording */
export function reading(heard, rate, whole) {
  const { start, end, silent, before, after } = heard;
  const place = `${clock(start, whole)} to ${clock(end, whole)}`;
  if (silent) return `${place}: silent, so there is no answer.`;
  const sure = (/** @type {Answer} */ [label, share]) => `${label} (${percent(share)})`;
  const same = changes(heard) ? "; at" : ", and at";
  const pruned = changes(heard) ? sure(after) : `the same (${percent(after[1])})`;
  return `${place}: ${sure(before)} with all patches${same} keep-rate ${rate} ${pruned}.`;
}

/**
 * Remaining seconds, estimated from the time of the windows so far.
 *
 * @param {number} done
 * @param {number} total
 * @param {number} milliseconds
 */
export function secondsLeft(done, total, milliseconds) {
  return done ? Math.ceil(((total - done) * milliseconds) / done / 1000) : null;
}
