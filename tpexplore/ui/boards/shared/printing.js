// A picture for print: on white paper, whatever the page's theme, with words under it.

import { node } from "./dom.js";

/** Sizes of a print in px, of which there are `scale` pixels each. */
export const PRINTED = { width: 760, scale: 3, margin: 16, line: 20 };

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

export const CAPTION_FONT = `13px ${INK.font}`;

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

/**
 * A text in lines that are no wider than `width`, a longer word apart.
 *
 * @param {string} text
 * @param {number} width
 * @param {(text: string) => number} measure
 */
export function wrapped(text, width, measure) {
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = `${lines[lines.length - 1]} ${word}`.trim();
    if (measure(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/**
 * What `paint` draws in `layout`, with `lines` under it.
 *
 * @param {import("./layout.js").Layout} layout
 * @param {(context: CanvasRenderingContext2D) => void} paint
 * @param {string[]} lines
 */
export function printedPicture(layout, paint, lines) {
  const { width, scale, margin, line } = PRINTED;
  const height = layout.height + lines.length * line + 2 * margin;
  const canvas = node("canvas", { width: width * scale, height: height * scale });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.scale(scale, scale);
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.translate(margin, margin);
  paint(context);
  context.font = CAPTION_FONT;
  context.fillStyle = INK.text;
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  const left = layout.panels[0].x;
  lines.forEach((text, i) => context.fillText(text, left, layout.height + (i + 1) * line, layout.width - left));
  return canvas;
}
