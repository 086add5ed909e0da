// Sizes and colours on paper, which is white, whatever the page's theme.

import { node } from "./dom.js";

/** Widths of a figure in a paper of one or two columns, in mm. */
export const WIDTHS = { one: 85, two: 175 };
export const DPI = 600;
export const PX_PER_MM = 96 / 25.4;

/** Colours on paper. @type {import("./picture.js").Style} */
export const INK = {
  font: '"IBM Plex Sans", system-ui, sans-serif',
  text: "#111827",
  subdued: "#475569",
  line: "#94a3b8",
};

/**
 * How wide a text is in a font, in px.
 *
 * @param {string} font
 * @returns {(text: string) => number}
 */
export function textRuler(font) {
  const context = /** @type {CanvasRenderingContext2D} */ (node("canvas").getContext("2d"));
  context.font = font;
  return (text) => context.measureText(text).width;
}

/** Letters of a figure in a paper, px: 8 point. */
export const SMALL_PRINT = 11;
/** From the left edge of a legend's key to its words, px. */
export const KEY_INDENT = 30;
const KEY_LINE = 16; // px
const KEY_GAP = 14; // px

/**
 * The keys of a legend in rows, each with the place where its line of text begins.
 *
 * @template {{text: string}} K
 * @param {K[]} keys
 * @param {{left: number, right: number}} span that rows may fill
 * @param {number} y of the first row
 * @param {(text: string) => number} measure
 * @returns {(K & {x: number, y: number})[]}
 */
export function placeKeys(keys, { left, right }, y, measure) {
  let x = left;
  return keys.map((key) => {
    const wide = KEY_INDENT + measure(key.text);
    if (x > left && x + wide > right) [x, y] = [left, y + KEY_LINE];
    const placed = { ...key, x, y };
    x += wide + KEY_GAP;
    return placed;
  });
}
