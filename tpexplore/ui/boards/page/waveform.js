// The whole file as a row of bars, and in words which part of it the model gets.

import { fitCanvas } from "../shared/picture.js";

/**
 * @typedef {object} Sound
 * @property {string} name
 * @property {number} seconds of the file
 * @property {number} window seconds that the model reads at once
 * @property {number} start of the part that it gets
 * @property {boolean} is_chosen whether somebody chose that part, rather than the loudest
 * @property {Uint8Array} levels how loud the file is from its start to its end, 0 to 255
 */

const BAR = 3; // px from one bar to the next

/** @param {number} seconds */
export function lengthText(seconds) {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 2 : 1)}\u00a0s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}\u00a0min`;
}

/** @param {Sound} sound */
export function partText({ name, seconds, window: span, start, is_chosen: isChosen }) {
  if (seconds <= span) return `${name}, ${lengthText(seconds)}`;
  const place = `${start.toFixed(1)} to ${Math.min(seconds, start + span).toFixed(1)}\u00a0s`;
  return `${name}, ${lengthText(seconds)}. The model hears ${isChosen ? "" : "the loudest part, "}${place}. Drag to move it.`;
}

/**
 * The loudest level in each of `count` stretches.
 *
 * @param {Uint8Array} levels
 * @param {number} count
 */
export function barsOf(levels, count) {
  return Array.from({ length: count }, (_, i) => {
    const from = Math.floor((i * levels.length) / count);
    const to = Math.max(from + 1, Math.floor(((i + 1) * levels.length) / count));
    return Math.max(...levels.subarray(from, to));
  });
}

/** @param {HTMLCanvasElement} canvas @param {Sound} sound @param {number} start */
export function drawWave(canvas, { levels, seconds, window: span }, start) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const context = fitCanvas(canvas, { width, height });
  const css = getComputedStyle(canvas);
  const [on, off] = ["--tp-accent", "--tp-before"].map((name) => css.getPropertyValue(name));
  const bars = barsOf(levels, Math.floor(width / BAR));
  bars.forEach((level, i) => {
    const at = ((i + 0.5) / bars.length) * seconds;
    const tall = Math.max(2, (level / 255) * (height - 4));
    context.fillStyle = at >= start && at <= start + span ? on : off;
    context.fillRect(i * BAR, (height - tall) / 2, BAR - 1, tall);
  });
}
