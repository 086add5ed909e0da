// Where the panels of a picture are, and what is at a point.

import { DROPPED_BY } from "./fates.js";
import { clamp, gridOf } from "./grid.js";

/**
 * @typedef {import("./grid.js").Picture} Picture
 *
 * @typedef {object} Panel
 * @property {number} stage the block after which it shows the patches
 * @property {number} x
 * @property {number} y
 * @property {number} w
 * @property {number} h
 * @property {boolean} axis whether the numbers of the time axis stand below it
 * @property {boolean} hertz whether the frequency axis is beside it
 * @property {Cut | null} [cut] the part of the picture that it shows, where that is not all
 *
 * @typedef {{left: number, right: number, low: number, high: number}} Cut shares of the picture's width and height
 *
 * @typedef {{abreast: boolean, panels: Panel[], width: number, height: number}} Layout
 */

/** @type {Cut} */
export const WHOLE = { left: 0, right: 1, low: 0, high: 1 };
export const MARGIN = { left: 42, right: 54, top: 28, bottom: 26, gap: 14 };
const SIDE_BY_SIDE_FROM = 620; // px of width; below it three panels would be too small to touch
const ABREAST = 3; // panels in a row, whatever their width
const LEAST_WIDTH = 180; // px of a panel in a row of more
const STACKED = 4; // panels below each other; more lie in rows, each of at least
const LEAST_LONG = 420; // px
export const LONGEST_SIDE_BY_SIDE = 256; // frames; longer pictures want the whole width

/**
 * One panel per stage, side by side or below each other; further rows take those that do not fit.
 *
 * @param {number} width
 * @param {Picture} picture
 * @param {number[]} [stages] the blocks after which the panels show the patches; 0 is before all of them
 * @returns {Layout}
 */
export function layoutPanels(width, picture, stages = DROPPED_BY) {
  const alone = stages.length === 1;
  const isShort = picture.frames <= LONGEST_SIDE_BY_SIDE;
  const room = (/** @type {number} */ least) =>
    Math.floor((width - MARGIN.left - MARGIN.right + MARGIN.gap) / (least + MARGIN.gap));
  let columns = 1;
  if (isShort && width >= SIDE_BY_SIDE_FROM) columns = evenColumns(stages.length, Math.max(ABREAST, room(LEAST_WIDTH)));
  else if (stages.length > STACKED) columns = evenColumns(stages.length, Math.max(1, room(isShort ? LEAST_WIDTH : LEAST_LONG)));
  const abreast = columns > 1;
  const inner = width - MARGIN.left - MARGIN.right - MARGIN.gap * (columns - 1);
  const w = Math.floor(inner / columns);
  const [least, most] = alone ? [210, 340] : abreast ? [150, 260] : [104, 150];
  const h = Math.round(clamp((w * picture.bins) / picture.frames, least, most));
  const panels = stages.map((stage, i) => ({
    stage,
    x: MARGIN.left + (i % columns) * (w + MARGIN.gap),
    y: MARGIN.top + Math.floor(i / columns) * (h + MARGIN.top + 4),
    w,
    h,
    axis: i + columns >= stages.length,
    hertz: i % columns === 0,
  }));
  const last = panels[panels.length - 1];
  return { abreast, panels, width, height: last.y + h + MARGIN.bottom };
}

/** As few rows as can be, and those of one length. @param {number} count @param {number} most in a row */
function evenColumns(count, most) {
  return Math.ceil(count / Math.ceil(count / most));
}

/**
 * Where a place along the time axis lies on the canvas.
 *
 * @param {Pick<Panel, "x" | "w" | "cut">} panel
 * @param {number} at
 * @param {number} length of the whole axis, in the same unit
 */
export function acrossOf({ x, w, cut }, at, length) {
  return cut ? x + (w * (at / length - cut.left)) / (cut.right - cut.left) : x + (w * at) / length;
}

/** The same of a place up the frequency axis. @param {Pick<Panel, "y" | "h" | "cut">} panel @param {number} share */
export function upOf({ y, h, cut }, share) {
  return cut ? y + h * (1 - (share - cut.low) / (cut.high - cut.low)) : y + h * (1 - share);
}

/**
 * Where a patch's cell lies in a panel.
 *
 * @param {Panel} panel
 * @param {Picture} picture
 * @param {number} patch
 */
export function patchBox(panel, picture, patch) {
  const grid = gridOf(picture);
  const [column, row] = [grid.columnOf(patch), grid.rowOf(patch)];
  const x = (/** @type {number} */ i) => acrossOf(panel, grid.frameEdges[i], picture.frames);
  const y = (/** @type {number} */ i) => upOf(panel, grid.binEdges[i] / picture.bins);
  return { x: x(column), y: y(row + 1), w: x(column + 1) - x(column), h: y(row) - y(row + 1) };
}

/**
 * All that a patch reads; where patches overlap, more than the cell in which it is drawn.
 *
 * @param {Panel} panel
 * @param {Picture} picture
 * @param {number} patch
 */
export function extentBox(panel, picture, patch) {
  const grid = gridOf(picture);
  const [left, right] = grid.framesOf(patch).map((frame) => acrossOf(panel, frame, picture.frames));
  const [bottom, top] = grid.binsOf(patch).map((bin) => upOf(panel, bin / picture.bins));
  return { x: left, y: top, w: right - left, h: bottom - top };
}

/**
 * What is shown at a point, or null outside of all panels.
 *
 * @param {Layout} layout
 * @param {Picture} picture
 * @param {number} x
 * @param {number} y
 */
export function pointAt(layout, picture, x, y) {
  for (const panel of layout.panels) {
    const [inside, above] = [(x - panel.x) / panel.w, (panel.y + panel.h - y) / panel.h];
    if (inside < 0 || inside >= 1 || above < 0 || above >= 1) continue;
    const { left, right, low, high } = panel.cut ?? WHOLE;
    const [across, up] = [left + inside * (right - left), low + above * (high - low)];
    const frame = Math.floor(across * picture.frames);
    const bin = Math.floor(up * picture.bins);
    const { stage } = panel;
    return { frame, bin, patch: gridOf(picture).at(frame, bin), seconds: across * picture.seconds, stage, across, up };
  }
  return null;
}
