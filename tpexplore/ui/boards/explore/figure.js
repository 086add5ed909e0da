// What can be taken away of the viewer: the picture for a paper, the patches as a table, and the sounds.

import { wavOf } from "../page/recording.js";
import { rampsOf } from "../shared/colours.js";
import { LEAVES, blocksOf, groupOf, lastBlockOf } from "../shared/fates.js";
import { node, shape } from "../shared/dom.js";
import { isPadding, patchPlace } from "../shared/grid.js";
import { MARGIN, layoutPanels } from "../shared/layout.js";
import { pdfOf, withResolution } from "../shared/paper.js";
import { drawSample } from "../shared/picture.js";
import { blocksText, rateText } from "../shared/plan.js";
import { DPI, INK, PX_PER_MM, WIDTHS, textRuler } from "../shared/printing.js";
import { canvasBlob, fileName, saveAs, stem } from "../shared/saving.js";
import { svgContext } from "../shared/svg.js";
import { tableBlob } from "../shared/table.js";
import { macsText, percent, probabilityText } from "../shared/text.js";
import { legendKeys, paintPicture } from "./picture.js";
import { soundsOf, trackName } from "./sounds.js";

/**
 * @typedef {import("./messages.js").Data} Data
 * @typedef {import("./messages.js").Score} Score
 * @typedef {import("../shared/fates.js").Fates} Fates
 * @typedef {{mm: number, palette: string}} Paper width and colours
 * @typedef {{mm: number, width: number, height: number, paint: (context: CanvasRenderingContext2D, scale: number) => void}} Figure
 * @typedef {{stage: number | null, text: string, x: number, y: number}} PlacedKey
 */

const PRINT = { margin: 4, line: 16, font: `11px ${INK.font}` }; // px: 8 point

/**
 * Picture and legend, on anything that takes canvas calls. What it shows is said beside it: `captionText`.
 *
 * @param {Data} data
 * @param {Fates} drop
 * @param {Paper} paper
 * @returns {Figure}
 */
export function printedFigure(data, drop, { mm, palette }) {
  const width = Math.round(mm * PX_PER_MM);
  const measure = textRuler(PRINT.font);
  const layout = layoutPanels(width - 2 * PRINT.margin, data.picture, blocksOf(data));
  for (const panel of layout.panels) {
    panel.x += PRINT.margin;
    panel.y += PRINT.margin;
  }
  const keys = placedKeys(legendKeys(data, drop), width, PRINT.margin + layout.height + 12, measure);
  const height = keys[keys.length - 1].y + PRINT.margin + 4;
  /** @type {Figure["paint"]} */
  const paint = (context, scale) => {
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, height);
    paintPicture(context, layout, data, drop, INK, scale, { palette });
    context.font = PRINT.font;
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
    const ramps = rampsOf(blocksOf(data), palette);
    for (const key of keys) drawKey(context, key, ramps);
  };
  return { mm, width, height, paint };
}

/**
 * @param {{stage: number | null, text: string}[]} keys
 * @param {number} width
 * @param {number} y
 * @param {(text: string) => number} measure
 * @returns {PlacedKey[]}
 */
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

/** @param {CanvasRenderingContext2D} context @param {PlacedKey} key @param {Record<number, import("../shared/colours.js").Ramp>} ramps */
function drawKey(context, { stage, text, x, y }, ramps) {
  if (stage === null) drawHatching(context, x, y);
  else drawSample(context, ramps[stage], { x, y: y - 9, w: 24, h: 10 });
  context.fillStyle = INK.text;
  context.fillText(text, x + 30, y);
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y */
function drawHatching(context, x, y) {
  context.fillStyle = "#2a2438";
  context.fillRect(x, y - 9, 24, 10);
  context.strokeStyle = "#8d87a0";
  context.lineWidth = 1;
  context.beginPath();
  for (let at = x; at <= x + 14; at += 5) {
    context.moveTo(at, y + 1);
    context.lineTo(at + 10, y - 9);
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

/** @param {Figure} figure */
export async function pngFigure(figure) {
  const plain = new Uint8Array(await (await canvasBlob(canvasOf(figure))).arrayBuffer());
  return new Blob([withResolution(plain, DPI)], { type: "image/png" });
}

/** @param {Figure} figure */
function pdfFigure(figure) {
  const canvas = canvasOf(figure);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  return pdfOf(context.getImageData(0, 0, canvas.width, canvas.height), figure.mm);
}

/** @param {Figure} figure @param {string} caption */
function svgFigure(figure, caption) {
  const { mm, width, height } = figure;
  const size = { width: `${mm}mm`, height: `${((mm * height) / width).toFixed(2)}mm` };
  const svg = shape("svg", { ...size, viewBox: `0 0 ${width} ${height}` }, shape("title", {}, caption));
  figure.paint(svgContext(svg), DPI / 96);
  return new Blob([new XMLSerializer().serializeToString(svg)], { type: "image/svg+xml" });
}

/** As in the ZIP's tokens.csv; seconds count from the beginning of the file. */
const TABLE_COLUMNS = [
  ...["patch", "column", "row", "start_s", "end_s", "low_hz", "high_hz"],
  ...["intensity", "variation", "mean_db", "padding", "score", "keep_rate", "dropped_by_block"],
];

/**
 * One row a patch; dropped_by_block is 0 where it was kept to the end. By fusing and merging further into, the patch
 * whose token holds this one in the end, or "fused", and group_size, the patches in that token.
 *
 * @param {Data} data
 * @param {Fates} drop
 * @param {{score: string, keepRate: number | string}} view
 * @param {ArrayLike<number> | null} [holders] where patches merged, in the end
 * @returns {unknown[][]}
 */
export function patchRows(data, drop, { score, keepRate }, holders = null) {
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
    return [patch, column, row, fixed(start, 3), fixed(end, 3), low, high, ...values, padding, score, keepRate, by, ...fateCells(patch)];
  });
  return [[...TABLE_COLUMNS, ...(together ? ["into", "group_size"] : [])], ...rows];
}

/**
 * The buttons that save the picture, the table and the sounds.
 *
 * @param {import("./state.js").View} view
 */
export function wireDownloads(view) {
  const { element, find, state, data, rateIndex, dropMap, holders } = view;
  /** @type {Record<string, (caption: string) => Blob | Promise<Blob>>} */
  const make = {
    png: () => pngFigure(chosenFigure(view)),
    svg: (caption) => svgFigure(chosenFigure(view), caption),
    pdf: () => pdfFigure(chosenFigure(view)),
    csv: () => {
      const rate = data().scores[state.score].rates[rateIndex()];
      const own = rate < 1 ? (data().own_rates ?? []) : [];
      const keepRate = own.length ? own.join(" ") : rate;
      const rows = patchRows(data(), dropMap(), { score: state.score, keepRate }, holders()?.at(-1));
      const { clip, model, method } = data();
      return tableBlob(rows, { clip, chosen: { model: model.name, method, blocks: blocksOf(data()).join(" ") } });
    },
    kept: () => wavBlob(view, "kept"),
    removed: () => wavBlob(view, "removed"),
  };
  /** @type {Record<string, string>} */
  const endings = { kept: "wav", removed: "wav" };

  async function save(/** @type {string} */ kind) {
    const { clip, model, method, scores } = data();
    const { score } = state;
    const index = rateIndex();
    const way = method === "drop" ? score : method === "fuse" ? `fuse-${score}` : method;
    const words = [stem(clip.name), model.name, way, scores[score].rates[index].toFixed(2)];
    if (endings[kind]) words.push(kind);
    saveAs(await make[kind](captionText(data(), score, index)), fileName(words, endings[kind] ?? kind));
  }

  for (const button of /** @type {NodeListOf<HTMLElement>} */ (element.querySelectorAll("[data-save]"))) {
    button.addEventListener("click", () => save(button.dataset.save ?? ""));
  }
  // Written when it is wanted: it changes with every move of the slider.
  find(".tp-caption").addEventListener("toggle", () => {
    if (state.data) view.out("caption").textContent = captionText(data(), state.score, rateIndex());
  });
}

/** The figure as the person wants it. @param {import("./state.js").View} view */
export function chosenFigure({ find, data, dropMap }) {
  const chosen = (/** @type {string} */ name) => /** @type {HTMLSelectElement} */ (find(name)).value;
  const mm = WIDTHS[/** @type {keyof typeof WIDTHS} */ (chosen(".tp-paper-width"))];
  return printedFigure(data(), dropMap(), { mm, palette: chosen(".tp-paper-colours") });
}

/** What is left, or gone, after the last block. @param {import("./state.js").View} view @param {string} what */
async function wavBlob(view, what) {
  const { data, dropMap } = view;
  const track = (await soundsOf(view)).tracks(dropMap())[trackName({ what, stage: lastBlockOf(data()) })];
  return new Blob([wavOf([track], data().clip.sample_rate)], { type: "audio/wav" });
}
