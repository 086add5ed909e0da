// Three panels in which every patch shows its fate in A and B.

import { lookupTables } from "../shared/colours.js";
import { node } from "../shared/dom.js";
import { panelFigure } from "../shared/figure.js";
import { layoutPanels, patchBox } from "../shared/layout.js";
import { drawSample, paintPanels, strokeTwice } from "../shared/picture.js";
import { INK } from "../shared/printing.js";
import { FATES, countOf } from "./fates.js";

/**
 * @typedef {import("../shared/picture.js").Seen} Seen
 * @typedef {import("./reading.js").FatedStage} FatedStage
 */

/** @typedef {Record<number, import("../shared/colours.js").Ramp>} Ramps by fate */

/** @type {Record<string, Ramps>} */
const PALETTES = {
  // Blue, orange, bright and dark grey: hues and lightness that no common colour blindness confuses.
  page: {
    [FATES.both]: { lightness: [0.5, 0.98], chroma: [0.01, 0.01, 0.01], hue: [90, 90] },
    [FATES.a]: { lightness: [0.32, 0.76], chroma: [0.13, 0.15, 0.1], hue: [264, 245] },
    [FATES.b]: { lightness: [0.42, 0.84], chroma: [0.1, 0.15, 0.14], hue: [48, 72] },
    [FATES.neither]: { lightness: [0.1, 0.4], chroma: [0.01, 0.01, 0.01], hue: [280, 280] },
  },
  // For papers printed in black: both lightest, neither darkest; the marks tell A from B between them.
  grey: {
    [FATES.both]: { lightness: [0.72, 1], chroma: [0, 0, 0], hue: [0, 0] },
    [FATES.a]: { lightness: [0.4, 0.66], chroma: [0, 0, 0], hue: [0, 0] },
    [FATES.b]: { lightness: [0.4, 0.66], chroma: [0, 0, 0], hue: [0, 0] },
    [FATES.neither]: { lightness: [0.05, 0.32], chroma: [0, 0, 0], hue: [0, 0] },
  },
};
/** Names of the palettes. */
export const PALETTE_NAMES = { page: "Colours of the page", grey: "Grey with marks" };
const TABLES = Object.fromEntries(Object.entries(PALETTES).map(([name, ramps]) => [name, lookupTables(ramps)]));

const MARK = 4; // px from the middle of a mark to its end
const KEY = { w: 30, h: 14 };

/**
 * @param {CanvasRenderingContext2D} context
 * @param {import("../shared/layout.js").Layout} layout
 * @param {Seen} data
 * @param {FatedStage[]} stages
 * @param {import("../shared/picture.js").Style} style
 * @param {number} scale
 * @param {string} [palette]
 */
export function paintComparison(context, layout, data, stages, style, scale, palette = "page") {
  /** @type {import("../shared/picture.js").Look} */
  const look = {
    tables: TABLES[palette],
    bar: null,
    fates: (_, i) => stages[i].fates,
    marks: (context, panel, i) => drawMarks(context, panel, data.picture, stages[i].fates),
    heading: ({ stage }, i) => [`After block ${stage}`, `IoU ${stages[i].iou.toFixed(2)}`],
  };
  paintPanels(context, layout, data, look, style, scale);
}

/**
 * Marks say "only A" and "only B" for those who see no difference in colour.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {import("../shared/layout.js").Panel} panel
 * @param {import("../shared/grid.js").Picture} picture
 * @param {Uint8Array} fates
 */
function drawMarks(context, panel, picture, fates) {
  strokeTwice(
    context,
    () => {
      fates.forEach((fate, patch) => {
        const { x, y, w, h } = patchBox(panel, picture, patch);
        traceMark(context, fate, x + w / 2, y + h / 2, Math.min(MARK, w / 3, h / 3));
      });
    },
    1,
  );
}

/**
 * The mark of A is horizontal, that of B vertical.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {number} fate
 * @param {number} x
 * @param {number} y
 * @param {number} reach
 */
function traceMark(context, fate, x, y, reach) {
  if (fate !== FATES.a && fate !== FATES.b) return;
  const [dx, dy] = fate === FATES.a ? [reach, 0] : [0, reach];
  context.moveTo(x - dx, y - dy);
  context.lineTo(x + dx, y + dy);
}

/**
 * The sample of a fate in the legend.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {number} fate
 * @param {{x: number, y: number, w: number, h: number}} box
 * @param {string} [palette]
 */
function drawKey(context, fate, box, palette = "page") {
  const { x, y, w, h } = box;
  drawSample(context, PALETTES[palette][fate], box);
  if (fate === FATES.both) strokeTwice(context, () => context.rect(x + 2, y + 2, w - 4, h - 4), 1);
  else strokeTwice(context, () => traceMark(context, fate, x + w / 2, y + h / 2, MARK), 1);
}

/** @param {number} fate */
export function keyCanvas(fate) {
  const scale = Math.ceil(devicePixelRatio);
  const canvas = node("canvas", { width: KEY.w * scale, height: KEY.h * scale, "aria-hidden": true });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.scale(scale, scale);
  drawKey(context, fate, { x: 0, y: 0, ...KEY });
  return canvas;
}

/**
 * What the colours and marks mean, with the number of patches after blocks 4, 7 and 10.
 *
 * @param {FatedStage[]} stages
 */
export function legendTexts(stages) {
  const names = { both: "both keep", a: "only A (–)", b: "only B (|)", neither: "neither" };
  return Object.entries(names).map(([name, text]) => {
    const fate = FATES[/** @type {keyof FATES} */ (name)];
    return { fate, text: `${text}: ${stages.map(({ fates }) => countOf(fates, fate)).join(", ")}` };
  });
}

/**
 * The panels and their legend, for a paper.
 *
 * @param {Seen} data
 * @param {FatedStage[]} stages
 * @param {{mm: number, palette: string}} paper width and colours
 */
export function printedComparison(data, stages, { mm, palette }) {
  const keys = legendTexts(stages).map(({ fate, text }) => ({
    text,
    /** @type {import("../shared/figure.js").DrawSample} */
    draw: (context, box) => drawKey(context, fate, box, palette),
  }));
  return panelFigure(
    mm,
    (width) => layoutPanels(width, data.picture),
    (context, layout, scale) => paintComparison(context, layout, data, stages, INK, scale, palette),
    keys,
  );
}
