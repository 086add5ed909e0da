// A picture for a paper: as wide as a column, with its legend and no other words; as PNG, SVG or PDF.

import { node, shape } from "./dom.js";
import { MARGIN } from "./layout.js";
import { pdfOf, withResolution } from "./paper.js";
import { DPI, INK, PX_PER_MM, WIDTHS, textRuler } from "./printing.js";
import { canvasBlob } from "./saving.js";
import { svgContext } from "./svg.js";

/**
 * @typedef {(context: CanvasRenderingContext2D, scale: number) => void} Paint on paper of `scale` pixels a px
 * @typedef {{mm: number, width: number, height: number, paint: Paint}} Figure in px
 * @typedef {(context: CanvasRenderingContext2D, box: {x: number, y: number, w: number, h: number}) => void} DrawSample
 * @typedef {{text: string, draw: DrawSample}} Key of the legend
 * @typedef {import("./layout.js").Layout} Layout
 */

const PRINT = { margin: 4, line: 16, font: `11px ${INK.font}` }; // px: 8 point
const SAMPLE = { w: 24, h: 10 };

/**
 * Panels and under them their legend, on anything that takes canvas calls.
 *
 * @param {number} mm
 * @param {(width: number) => Layout} layoutAt
 * @param {(context: CanvasRenderingContext2D, layout: Layout, scale: number) => void} paintPanels
 * @param {Key[]} keys
 * @returns {Figure}
 */
export function panelFigure(mm, layoutAt, paintPanels, keys) {
  const width = Math.round(mm * PX_PER_MM);
  const layout = layoutAt(width - 2 * PRINT.margin);
  for (const panel of layout.panels) {
    panel.x += PRINT.margin;
    panel.y += PRINT.margin;
  }
  const placed = placedKeys(keys, width, PRINT.margin + layout.height + 12, textRuler(PRINT.font));
  const height = placed[placed.length - 1].y + PRINT.margin + 4;
  /** @type {Paint} */
  const paint = (context, scale) => {
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, height);
    paintPanels(context, layout, scale);
    context.font = PRINT.font;
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
    for (const { text, draw, x, y } of placed) {
      draw(context, { x, y: y - 9, ...SAMPLE });
      context.fillStyle = INK.text;
      context.fillText(text, x + 30, y);
    }
  };
  return { mm, width, height, paint };
}

/** @param {Key[]} keys @param {number} width @param {number} y @param {(text: string) => number} measure */
function placedKeys(keys, width, y, measure) {
  const left = PRINT.margin + MARGIN.left;
  let x = left;
  return keys.map((key) => {
    const wide = 30 + measure(key.text);
    if (x > left && x + wide > width - PRINT.margin) [x, y] = [left, y + PRINT.line];
    const placed = { ...key, x, y };
    x += wide + 14;
    return placed;
  });
}

/** What fills the part of a picture that is padding. @type {DrawSample} */
export function drawHatching(context, { x, y, w, h }) {
  context.fillStyle = "#2a2438";
  context.fillRect(x, y, w, h);
  context.strokeStyle = "#8d87a0";
  context.lineWidth = 1;
  context.beginPath();
  for (let at = x; at <= x + w - h; at += 5) {
    context.moveTo(at, y + h);
    context.lineTo(at + h, y);
  }
  context.stroke();
}

/** The width that a person chose, in mm. @param {HTMLElement} select of `WIDTHS` by name */
export function chosenWidth(select) {
  const { value } = /** @type {HTMLSelectElement} */ (select);
  return WIDTHS[/** @type {keyof typeof WIDTHS} */ (value)];
}

/** @type {Record<string, (figure: Figure, title: string) => Blob | Promise<Blob>>} */
const FORMATS = {
  async png(figure) {
    const plain = new Uint8Array(await (await canvasBlob(canvasOf(figure))).arrayBuffer());
    return new Blob([withResolution(plain, DPI)], { type: "image/png" });
  },
  pdf(figure) {
    const canvas = canvasOf(figure);
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    return pdfOf(context.getImageData(0, 0, canvas.width, canvas.height), figure.mm);
  },
  svg({ mm, width, height, paint }, title) {
    const size = { width: `${mm}mm`, height: `${((mm * height) / width).toFixed(2)}mm` };
    const svg = shape("svg", { ...size, viewBox: `0 0 ${width} ${height}` }, shape("title", {}, title));
    paint(svgContext(svg), DPI / 96);
    return new Blob([new XMLSerializer().serializeToString(svg)], { type: "image/svg+xml" });
  },
};

/**
 * @param {Figure} figure
 * @param {string} kind "png", "svg" or "pdf"
 * @param {string} title what an SVG says of itself
 */
export async function figureBlob(figure, kind, title) {
  return FORMATS[kind](figure, title);
}

/** @param {Figure} figure */
function canvasOf(figure) {
  const scale = DPI / 96;
  const canvas = node("canvas", {
    width: Math.round(figure.width * scale),
    height: Math.round(figure.height * scale),
  });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.scale(scale, scale);
  figure.paint(context, scale);
  return canvas;
}
