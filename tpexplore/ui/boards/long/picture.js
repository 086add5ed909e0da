// Draws the strip: the windows in view as lanes over one time axis, and the whole recording above them.

import { RAMPS, rampColour } from "../shared/colours.js";
import { fitCanvas } from "../shared/picture.js";
import { percent } from "../shared/text.js";
import { SILENT, changes, clock, labelOf, stretches } from "./strip.js";

/**
 * @typedef {import("./strip.js").Heard} Heard
 * @typedef {import("./strip.js").View} View
 * @typedef {import("../shared/picture.js").Style & {changed: string, accent: string}} Style
 *
 * @typedef {object} Seen
 * @property {Heard[]} windows those analysed so far
 * @property {number} total
 * @property {number} seconds of the recording
 * @property {number} windowSeconds
 * @property {View} view
 * @property {number | null} pointed the window under the pointer or the keyboard
 * @property {Map<string, string>} colours label -> colour
 */

export const MARGIN = { left: 40, right: 8 };
export const OVERVIEW_HEIGHT = 34;
const LANES = { sound: 24, before: 106, after: 158, sure: 224 }; // px from the top
const HEIGHTS = { sound: 56, answer: 28, sure: 64 };
export const HEIGHT = 318;
const LOUDEST_SHOWN = 60; // dB from the loudest moment down to an empty bar
const PER_DECIBEL = 2;
// For words in black, and different to colour-blind eyes (Paul Tol's light scheme).
export const PALETTE = ["#77aadd", "#ee8866", "#eedd88", "#ffaabb", "#44bb99", "#bbcc33", "#99ddff", "#aaaa00"];
export const OTHER = "#dddddd";
const INK = "#111";
const NARROW = 520; // px
const TITLES = {
  sound: "Loudness; coloured where patches are kept, grey where they are dropped",
  before: "Answer with all patches",
  after: "Answer after pruning, ▲ where it changes",
  sure: "How sure: thin line with all patches, thick line after pruning",
};
const SHORT_TITLES = {
  ...TITLES,
  sound: "Loudness; coloured: kept, grey: dropped",
  sure: "How sure; thick: after pruning",
};

/** @param {Seen} seen @param {number} width */
function axisOf({ view, windowSeconds }, width) {
  const [from, span] = [view.first * windowSeconds, view.count * windowSeconds];
  const inner = width - MARGIN.left - MARGIN.right;
  return (/** @type {number} */ seconds) => MARGIN.left + (inner * (seconds - from)) / span;
}

/** The window at a place of the strip, or null. @param {Seen} seen @param {number} width @param {number} x */
export function windowAt({ view, windows }, width, x) {
  const inner = width - MARGIN.left - MARGIN.right;
  const at = view.first + Math.floor(((x - MARGIN.left) / inner) * view.count);
  const inside = x >= MARGIN.left && x < width - MARGIN.right;
  return inside && at < windows.length ? at : null;
}

/** The window at a place of the overview. @param {Seen} seen @param {number} width @param {number} x */
export function overviewAt({ total }, width, x) {
  const inner = width - MARGIN.left - MARGIN.right;
  return Math.min(total - 1, Math.max(0, Math.floor(((x - MARGIN.left) / inner) * total)));
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {Seen} seen
 * @param {Style} style
 */
export function drawStrip(canvas, width, seen, style) {
  const context = fitCanvas(canvas, { width, height: HEIGHT });
  const { windows, view } = seen;
  const x = axisOf(seen, width);
  const shown = windows.slice(view.first, view.first + view.count);
  const titles = width < NARROW ? SHORT_TITLES : TITLES;
  title(context, titles.sound, LANES.sound, style);
  drawSound(context, shown, x);
  for (const lane of /** @type {const} */ (["before", "after"])) {
    title(context, titles[lane], LANES[lane], style);
    drawAnswers(context, seen, lane, x, style);
  }
  drawChanges(context, shown, x, style);
  title(context, titles.sure, LANES.sure, style);
  drawSure(context, shown, x, style);
  drawTimes(context, seen, x, style);
  if (seen.pointed !== null && windows[seen.pointed]) drawPointed(context, windows[seen.pointed], x, style);
}

/** @param {CanvasRenderingContext2D} context @param {string} words @param {number} y @param {Style} style */
function title(context, words, y, style) {
  context.font = `12px ${style.font}`;
  context.fillStyle = style.subdued;
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  context.fillText(words, MARGIN.left, y - 7);
}

/**
 * @typedef {(seconds: number) => number} Axis
 * @param {CanvasRenderingContext2D} context
 * @param {Heard[]} shown
 * @param {Axis} x
 */
function drawSound(context, shown, x) {
  const loudest = Math.max(0, ...shown.map(({ level }) => Math.max(...level)));
  const middle = LANES.sound + HEIGHTS.sound / 2;
  for (const { start, end, level, kept } of shown) {
    const step = (x(end) - x(start)) / level.length;
    level.forEach((value, i) => {
      const loud = Math.max(0.02, 1 - (loudest - value) / (LOUDEST_SHOWN * PER_DECIBEL));
      const height = HEIGHTS.sound * loud;
      context.fillStyle = columnColour(kept[i] / 255);
      context.fillRect(x(start) + i * step, middle - height / 2, Math.max(1, step - (step > 3 ? 1 : 0)), height);
    });
  }
}

/** Colours of kept and dropped patches, as in the pictures. @param {number} share that is kept */
export function columnColour(share) {
  const colour = share > 0 ? rampColour(RAMPS[0], 0.25 + 0.6 * share) : rampColour(RAMPS[7], 0.5);
  return `rgb(${colour})`;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Seen} seen
 * @param {"before" | "after"} lane
 * @param {Axis} x
 * @param {Style} style
 */
function drawAnswers(context, { windows, view, colours }, lane, x, style) {
  context.font = `12px ${style.font}`;
  context.textBaseline = "middle";
  for (const { from, to, label } of stretches(windows, lane, view)) {
    const [left, right] = [x(windows[from].start), x(windows[to - 1].end)];
    const width = Math.max(1, right - left - 1);
    context.fillStyle = label === SILENT ? style.line : (colours.get(label) ?? OTHER);
    context.fillRect(left, LANES[lane], width, HEIGHTS.answer);
    context.fillStyle = label === SILENT ? style.text : INK;
    const words = fitText(context, label, width - 8);
    if (words) context.fillText(words, left + 4, LANES[lane] + HEIGHTS.answer / 2 + 1);
  }
}

/** As much of a word as there is room for, or "". @param {CanvasRenderingContext2D} context @param {string} text @param {number} room */
function fitText(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  for (let end = text.length - 1; end >= 3; end--) {
    const cut = `${text.slice(0, end)}…`;
    if (context.measureText(cut).width <= room) return cut;
  }
  return "";
}

/** @param {CanvasRenderingContext2D} context @param {Heard[]} shown @param {Axis} x @param {Style} style */
function drawChanges(context, shown, x, style) {
  for (const heard of shown.filter(changes)) {
    const [left, width] = [x(heard.start), x(heard.end) - x(heard.start) - 1];
    context.strokeStyle = style.changed;
    context.lineWidth = 2;
    context.strokeRect(left + 1, LANES.after + 1, width - 2, HEIGHTS.answer - 2);
    const middle = left + width / 2;
    const [top, half] = [LANES.after + HEIGHTS.answer + 3, Math.min(6, width / 2)];
    context.beginPath();
    context.moveTo(middle, top);
    context.lineTo(middle + half, top + 10);
    context.lineTo(middle - half, top + 10);
    context.fillStyle = style.changed;
    context.fill();
  }
}

/** @param {CanvasRenderingContext2D} context @param {Heard[]} shown @param {Axis} x @param {Style} style */
function drawSure(context, shown, x, style) {
  const y = (/** @type {number} */ share) => LANES.sure + HEIGHTS.sure * (1 - share);
  context.font = `11px ${style.font}`;
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.lineWidth = 1;
  for (const share of [0, 0.5, 1]) {
    context.fillStyle = style.subdued;
    context.fillText(percent(share), MARGIN.left - 5, y(share));
    context.fillStyle = style.line;
    context.fillRect(MARGIN.left, y(share), context.canvas.clientWidth - MARGIN.left - MARGIN.right, 1);
  }
  /** @type {["before" | "after", string, number][]} */
  const lines = [
    ["before", style.text, 1],
    ["after", style.accent, 2.5],
  ];
  for (const [lane, colour, thick] of lines) {
    context.beginPath();
    let drawing = false;
    for (const heard of shown) {
      if (heard.silent) {
        drawing = false;
        continue;
      }
      const at = y(heard[lane][1]);
      if (drawing) context.lineTo(x(heard.start), at);
      else context.moveTo(x(heard.start), at);
      context.lineTo(x(heard.end), at);
      drawing = true;
    }
    context.strokeStyle = colour;
    context.lineWidth = thick;
    context.stroke();
  }
}

const STEPS = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200];
const TICK_ROOM = 64; // px

/** @param {CanvasRenderingContext2D} context @param {Seen} seen @param {Axis} x @param {Style} style */
function drawTimes(context, { view, windowSeconds, seconds }, x, style) {
  const [from, to] = [view.first * windowSeconds, Math.min(seconds, (view.first + view.count) * windowSeconds)];
  const step = STEPS.find((each) => x(from + each) - x(from) >= TICK_ROOM) ?? STEPS[STEPS.length - 1];
  const y = LANES.sure + HEIGHTS.sure + 6;
  context.font = `11px ${style.font}`;
  context.textAlign = "center";
  context.textBaseline = "top";
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
    context.fillStyle = style.line;
    context.fillRect(x(at), y - 4, 1, 4);
    context.fillStyle = style.subdued;
    context.fillText(clock(at, seconds), x(at), y + 3);
  }
}

/** In each lane, so that no line runs through words. @param {CanvasRenderingContext2D} context @param {Heard} heard @param {Axis} x @param {Style} style */
function drawPointed(context, heard, x, style) {
  context.strokeStyle = style.text;
  context.lineWidth = 2;
  for (const [top, height] of [
    [LANES.sound, HEIGHTS.sound],
    [LANES.before, HEIGHTS.answer],
    [LANES.after, HEIGHTS.answer],
    [LANES.sure, HEIGHTS.sure],
  ]) {
    context.strokeRect(x(heard.start) - 1, top - 2, x(heard.end) - x(heard.start) + 1, height + 4);
  }
}

/**
 * The whole recording: both lanes of answers, changes between them, and the visible part.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {Seen} seen
 * @param {Style} style
 */
export function drawOverview(canvas, width, { windows, total, view, colours }, style) {
  const context = fitCanvas(canvas, { width, height: OVERVIEW_HEIGHT });
  const inner = width - MARGIN.left - MARGIN.right;
  const x = (/** @type {number} */ at) => MARGIN.left + (inner * at) / total;
  context.fillStyle = style.line;
  context.fillRect(MARGIN.left, 4, inner, OVERVIEW_HEIGHT - 8);
  const each = Math.max(1, inner / total);
  windows.forEach((heard, at) => {
    for (const [lane, top] of /** @type {const} */ ([["before", 4], ["after", 20]])) {
      context.fillStyle = heard.silent ? style.line : (colours.get(labelOf(heard, lane)) ?? OTHER);
      context.fillRect(x(at), top, each, 10);
    }
  });
  context.fillStyle = style.changed;
  windows.forEach((heard, at) => changes(heard) && context.fillRect(x(at), 14, Math.max(2, each), 6));
  context.strokeStyle = style.text;
  context.lineWidth = 2;
  context.strokeRect(x(view.first), 1, (inner * view.count) / total, OVERVIEW_HEIGHT - 2);
}
