// A picture for a paper: as wide as a column, with its legend and no other words; as PNG, SVG or PDF.

import { node, shape } from "./dom.js";
import { MARGIN } from "./layout.js";
import { pdfOf, withResolution } from "./paper.js";
import { DPI, INK, KEY_INDENT, PX_PER_MM, SMALL_PRINT, placeKeys, textRuler } from "./printing.js";
import { canvasBlob } from "./saving.js";
import { svgContext } from "./svg.js";

/**
 * @typedef {(context: CanvasRenderingContext2D, scale: number) => void} Paint on paper of `scale` pixels a px
 * @typedef {{width: number, height: number}} Size in px
 *
 * @typedef {object} Figure
 * @property {number} mm width
 * @property {() => HTMLCanvasElement | Promise<HTMLCanvasElement>} canvas its pixels
 * @property {() => SVGSVGElement} svg its shapes
 *
 * @typedef {(context: CanvasRenderingContext2D, box: {x: number, y: number, w: number, h: number}) => void} DrawSample
 * @typedef {{text: string, draw: DrawSample}} Key of the legend
 * @typedef {import("./layout.js").Layout} Layout
 */

const MARGIN_ALL_ROUND = 4; // px
const SAMPLE = { w: 24, h: 10 };
const SCALE = DPI / 96;

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
  const layout = layoutAt(width - 2 * MARGIN_ALL_ROUND);
  for (const panel of layout.panels) {
    panel.x += MARGIN_ALL_ROUND;
    panel.y += MARGIN_ALL_ROUND;
  }
  const font = `${SMALL_PRINT}px ${INK.font}`;
  const span = { left: MARGIN_ALL_ROUND + MARGIN.left, right: width - MARGIN_ALL_ROUND };
  const placed = placeKeys(keys, span, MARGIN_ALL_ROUND + layout.height + 12, textRuler(font));
  const height = placed[placed.length - 1].y + MARGIN_ALL_ROUND + 4;
  /** @type {Paint} */
  const paint = (context, scale) => {
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, height);
    paintPanels(context, layout, scale);
    context.font = font;
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
    for (const { text, draw, x, y } of placed) {
      draw(context, { x, y: y - 9, ...SAMPLE });
      context.fillStyle = INK.text;
      context.fillText(text, x + KEY_INDENT, y);
    }
  };
  return {
    mm,
    canvas() {
      const { canvas, context } = paperCanvas({ width, height });
      paint(context, SCALE);
      return canvas;
    },
    svg() {
      const svg = paperSvg(mm, { width, height });
      paint(svgContext(svg), SCALE);
      return svg;
    },
  };
}

/** An empty canvas of a figure's size on paper, to be painted in px. @param {Size} size */
export function paperCanvas({ width, height }) {
  const canvas = node("canvas", { width: Math.round(width * SCALE), height: Math.round(height * SCALE) });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.scale(SCALE, SCALE);
  return { canvas, context };
}

/** An empty SVG that says its size on paper, to be drawn in px. @param {number} mm @param {Size} size */
export function paperSvg(mm, { width, height }) {
  const high = ((mm * height) / width).toFixed(2);
  return shape("svg", { width: `${mm}mm`, height: `${high}mm`, viewBox: `0 0 ${width} ${height}` });
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

/** @type {Record<string, (figure: Figure, title: string) => Blob | Promise<Blob>>} */
const FORMATS = {
  async png(figure) {
    const plain = new Uint8Array(await (await canvasBlob(await figure.canvas())).arrayBuffer());
    return new Blob([withResolution(plain, DPI)], { type: "image/png" });
  },
  async pdf(figure) {
    const canvas = await figure.canvas();
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    return pdfOf(context.getImageData(0, 0, canvas.width, canvas.height), figure.mm);
  },
  svg(figure, title) {
    const svg = figure.svg();
    svg.prepend(shape("title", {}, title));
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
