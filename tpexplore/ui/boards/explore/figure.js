// What can be taken away of the viewer: the picture for print, and the patches as a table.

import { RAMPS } from "../shared/colours.js";
import { LEAVES, blockOf, groupOf } from "../shared/fates.js";
import { node, shape } from "../shared/dom.js";
import { isPadding, patchPlace } from "../shared/grid.js";
import { MARGIN, layoutPanels } from "../shared/layout.js";
import { drawSample } from "../shared/picture.js";
import { blocksText, rateText } from "../shared/plan.js";
import { CAPTION_FONT, INK, textRuler, wrapped } from "../shared/printing.js";
import { canvasBlob, csvBlob, fileName, saveAs, stem } from "../shared/saving.js";
import { svgContext } from "../shared/svg.js";
import { macsText, percent, probabilityText } from "../shared/text.js";
import { legendKeys, paintPicture } from "./picture.js";

/**
 * @typedef {import("./messages.js").Data} Data
 * @typedef {import("./messages.js").Score} Score
 * @typedef {import("../shared/fates.js").Fates} Fates
 * @typedef {{height: number, paint: (context: CanvasRenderingContext2D, scale: number) => void}} Figure
 * @typedef {{stage: number | null, text: string, x: number, y: number}} PlacedKey
 */

const PRINT = { width: 840, scale: 3, margin: 16, line: 19 }; // 2520 pixels: a text column at 380 dpi

/**
 * Picture, legend and caption, on anything that takes canvas calls.
 *
 * @param {Data} data
 * @param {Fates} drop
 * @param {string} caption
 * @returns {Figure}
 */
export function printedFigure(data, drop, caption) {
  const measure = textRuler(CAPTION_FONT);
  const layout = layoutPanels(PRINT.width - 2 * PRINT.margin, data.picture);
  for (const panel of layout.panels) {
    panel.x += PRINT.margin;
    panel.y += PRINT.margin;
  }
  const keys = placedKeys(legendKeys(data, drop), PRINT.margin + layout.height + 14, measure);
  const lines = wrapped(caption, PRINT.width - 2 * PRINT.margin, measure);
  const top = keys[keys.length - 1].y + 10;
  const height = top + (lines.length + 1) * PRINT.line;
  /** @type {Figure["paint"]} */
  const paint = (context, scale) => {
    context.fillStyle = "#fff";
    context.fillRect(0, 0, PRINT.width, height);
    paintPicture(context, layout, data, drop, INK, scale);
    context.font = CAPTION_FONT;
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
    for (const key of keys) drawKey(context, key);
    lines.forEach((line, i) => context.fillText(line, PRINT.margin, top + PRINT.line * (i + 1)));
  };
  return { height, paint };
}

/**
 * @param {{stage: number | null, text: string}[]} keys
 * @param {number} y
 * @param {(text: string) => number} measure
 * @returns {PlacedKey[]}
 */
function placedKeys(keys, y, measure) {
  const left = PRINT.margin + MARGIN.left;
  let x = left;
  return keys.map((key) => {
    const width = 36 + measure(key.text);
    if (x + width > PRINT.width - PRINT.margin) [x, y] = [left, y + PRINT.line];
    const placed = { ...key, x, y };
    x += width + 18;
    return placed;
  });
}

/** @param {CanvasRenderingContext2D} context @param {PlacedKey} key */
function drawKey(context, { stage, text, x, y }) {
  if (stage === null) drawHatching(context, x, y);
  else drawSample(context, RAMPS[stage], { x, y: y - 11, w: 30, h: 12 });
  context.fillStyle = INK.text;
  context.fillText(text, x + 36, y);
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y */
function drawHatching(context, x, y) {
  context.fillStyle = "#2a2438";
  context.fillRect(x, y - 11, 30, 12);
  context.strokeStyle = "#8d87a0";
  context.lineWidth = 1;
  context.beginPath();
  for (let at = x; at <= x + 18; at += 6) {
    context.moveTo(at, y + 1);
    context.lineTo(at + 12, y - 11);
  }
  context.stroke();
}

/** @param {Data} data @param {Score} score @param {number} index of the keep-rate */
export function captionText(data, score, index) {
  const { clip, model, unpruned } = data;
  const { points, rates } = data.scores[score];
  const point = points[index];
  const answer = (/** @type {{answer: string, probability: number}} */ one) =>
    `${one.answer} ${probabilityText(one.probability)}`;
  return (
    `${clip.name} in ${model.name}, ${wayText(data.method, score)}, keep-rate ${rateText(data, rates[index])} at ` +
    `${blocksText(data)}. Answer: ${answer(point)}; with all patches: ${answer(unpruned)}. ` +
    `${macsText(point.macs, unpruned.macs)} MACs, ${percent(1 - point.macs / unpruned.macs)} saved.`
  );
}

/** @param {import("../shared/fates.js").Method} method @param {Score} score */
function wayText(method, score) {
  if (method === "merge") return "patches merged with those like them";
  return `patches ranked by ${score}${method === "fuse" ? ", the others fused" : ""}`;
}

/** @param {Figure} figure */
export function pngFigure(figure) {
  const canvas = node("canvas", {
    width: PRINT.width * PRINT.scale,
    height: Math.round(figure.height * PRINT.scale),
  });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.scale(PRINT.scale, PRINT.scale);
  figure.paint(context, PRINT.scale);
  return canvasBlob(canvas);
}

/** @param {Figure} figure @param {string} caption */
function svgFigure(figure, caption) {
  const size = { width: PRINT.width, height: figure.height };
  const svg = shape("svg", { ...size, viewBox: `0 0 ${size.width} ${size.height}` }, shape("title", {}, caption));
  figure.paint(svgContext(svg), PRINT.scale);
  return new Blob([new XMLSerializer().serializeToString(svg)], { type: "image/svg+xml" });
}

const TABLE_COLUMNS = [
  ...["patch", "column", "row", "start_s", "end_s", "low_hz", "high_hz"],
  ...["intensity", "variation", "mean_db", "padding", "dropped_by_block"],
];

/**
 * One row a patch; dropped_by_block is 0 where it was kept to the end. By fusing and merging further into, the patch
 * whose token holds this one in the end, or "fused", and group_size, the patches in that token.
 *
 * @param {Data} data
 * @param {Fates} drop
 * @param {ArrayLike<number> | null} [holders] where patches merged, in the end
 * @returns {unknown[][]}
 */
export function patchRows(data, drop, holders = null) {
  const together = data.method === "fuse" || data.method === "merge";
  const fused = Array.from(drop).filter(Boolean).length;
  const fateCells = (/** @type {number} */ patch) => {
    if (!together) return [];
    if (holders) return [holders[patch], groupOf(holders, patch).length];
    return drop[patch] ? [LEAVES.fuse, fused] : [patch, 1];
  };
  const { intensity, variation, patch_decibels: decibels } = data.picture;
  const rows = Array.from(drop, (by, patch) => {
    const { column, row, start, end, low, high } = patchPlace(data, patch);
    const padding = isPadding(data.picture, patch) ? 1 : 0;
    // Numbers, though written with a fixed count of digits: a text that begins with a minus would be quoted.
    const fixed = (/** @type {number} */ value, /** @type {number} */ digits) => ({ toString: () => value.toFixed(digits) });
    const values = [fixed(intensity[patch], 6), fixed(variation[patch], 6), decibels[patch]];
    return [patch, column, row, fixed(start, 3), fixed(end, 3), low, high, ...values, padding, by && blockOf(data, by), ...fateCells(patch)];
  });
  return [[...TABLE_COLUMNS, ...(together ? ["into", "group_size"] : [])], ...rows];
}

/**
 * The buttons that save the picture and the table.
 *
 * @param {import("./state.js").View} view
 */
export function wireDownloads({ element, state, data, rateIndex, dropMap, holders }) {
  /** @type {Record<string, (caption: string) => Blob | Promise<Blob>>} */
  const make = {
    png: (caption) => pngFigure(printedFigure(data(), dropMap(), caption)),
    svg: (caption) => svgFigure(printedFigure(data(), dropMap(), caption), caption),
    csv: () => csvBlob(patchRows(data(), dropMap(), holders()?.at(-1))),
  };

  async function save(/** @type {string} */ kind) {
    const { clip, model, method, scores } = data();
    const { score } = state;
    const index = rateIndex();
    const way = method === "drop" ? score : method === "fuse" ? `fuse-${score}` : method;
    const words = [stem(clip.name), model.name, way, scores[score].rates[index].toFixed(2)];
    saveAs(await make[kind](captionText(data(), score, index)), fileName(words, kind));
  }

  for (const button of /** @type {NodeListOf<HTMLElement>} */ (element.querySelectorAll("[data-save]"))) {
    button.addEventListener("click", () => save(button.dataset.save ?? ""));
  }
}
