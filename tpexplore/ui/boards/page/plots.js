// Saves what Plotly draws: as a figure of a paper with one or two columns, or as the numbers in it.

import { chosenPaper } from "../shared/figure_controls.js";
import { clamp } from "../shared/grid.js";
import { pdfOf, withResolution } from "../shared/paper.js";
import { DPI, PX_PER_MM } from "../shared/printing.js";
import { saveAs } from "../shared/saving.js";

/**
 * @typedef {{name: string, height: number, csv: string}} About what a plot carries along; on the page its layout has no height
 * @typedef {{font: object, meta: About, annotations?: {font?: object}[]} & Record<string, unknown>} Layout
 * @typedef {HTMLElement & {data: unknown[], layout: Layout}} Plot
 * @typedef {{width: number, height: number}} Size in px of 1/96 inch
 */

const SCREEN_WIDTH = 900; // px for which a plot's height is chosen
const AROUND = 130; // px that axes and legend take at any width
const SHAPE = { lowest: 0.4, highest: 1.5 }; // lowest ratio of height to width, without axes and legend
const LETTERS = 32 / 3; // px: 8 point
const SCALE = DPI / 96;

/**
 * A plot's layout on paper: no title, as papers have a caption, and letters of 8 point.
 *
 * @param {Layout} layout
 * @param {number} mm
 * @returns {{size: Size, layout: Record<string, unknown>}}
 */
export function paperLayout(layout, mm) {
  const width = Math.round(mm * PX_PER_MM);
  const onScreen = (width * layout.meta.height) / SCREEN_WIDTH;
  const height = Math.round(clamp(onScreen, SHAPE.lowest * width + AROUND, SHAPE.highest * width));
  // The page's own fonts are not available in a saved picture.
  const font = { ...layout.font, family: "sans-serif", size: LETTERS };
  const annotations = layout.annotations?.map((note) => ({ ...note, font: { ...note.font, size: LETTERS } }));
  const margin = { l: 4, r: 6, t: annotations?.length ? 20 : 8, b: 4 };
  return { size: { width, height }, layout: { ...layout, font, margin, ...(annotations && { annotations }) } };
}

/** @type {Record<string, (plot: Plot, mm: number) => Promise<Blob>>} */
const FORMATS = {
  async png(plot, mm) {
    return new Blob([withResolution(await pixels(plot, mm), DPI)], { type: "image/png" });
  },
  async pdf(plot, mm) {
    const image = await createImageBitmap(new Blob([await pixels(plot, mm)], { type: "image/png" }));
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.drawImage(image, 0, 0);
    return pdfOf(context.getImageData(0, 0, image.width, image.height), mm);
  },
  async svg(plot, mm) {
    const { size, address } = await drawn(plot, mm, "svg", 1);
    return new Blob([sizedSvg(await (await fetch(address)).text(), size, mm)], { type: "image/svg+xml" });
  },
  async csv(plot) {
    return new Blob([plot.layout.meta.csv], { type: "text/csv" });
  },
};

/**
 * The same SVG at its size on paper. Plotly gives it in px alone.
 *
 * @param {string} svg
 * @param {Size} size
 * @param {number} mm
 */
export function sizedSvg(svg, { width, height }, mm) {
  const high = ((mm * height) / width).toFixed(2);
  return svg.replace(/^<svg\b[^>]*>/, (head) => {
    const plain = head.replace(/ (width|height|viewBox)="[^"]*"/g, "");
    return plain.replace("<svg", `<svg width="${mm}mm" height="${high}mm" viewBox="0 0 ${width} ${height}"`);
  });
}

/** @param {Plot} plot @param {number} mm @returns {Promise<Uint8Array<ArrayBuffer>>} */
async function pixels(plot, mm) {
  const { address } = await drawn(plot, mm, "png", SCALE);
  return new Uint8Array(await (await fetch(address)).arrayBuffer());
}

/** @param {Plot} plot @param {number} mm @param {string} format @param {number} scale */
async function drawn(plot, mm, format, scale) {
  const { size, layout } = paperLayout(plot.layout, mm);
  const figure = { data: plot.data, layout: { ...layout, ...size } };
  /** @type {string} */
  const address = await /** @type {any} */ (globalThis).Plotly.toImage(figure, { format, ...size, scale });
  return { size, address };
}

/** One listener for all figures, whenever they come. */
export function wirePlots() {
  document.addEventListener("click", async (event) => {
    const button = /** @type {HTMLElement | null | undefined} */ (
      /** @type {Element} */ (event.target).closest?.("[data-save-plot]")
    );
    const figure = button?.closest(".figure");
    const plot = /** @type {Plot | null | undefined} */ (figure?.querySelector(".js-plotly-plot"));
    if (!button || !figure || !plot) return;
    const kind = button.dataset.savePlot ?? "";
    saveAs(await FORMATS[kind](plot, chosenPaper(figure).mm), `${plot.layout.meta.name}.${kind}`);
  });
}
