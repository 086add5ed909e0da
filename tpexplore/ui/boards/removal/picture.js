// The one panel of the board: marked patches are cool and crossed, the others warm, as in the viewer.

import { PALETTES, lookupTables } from "../shared/colours.js";
import { DROPPED_BY } from "../shared/fates.js";
import { panelFigure } from "../shared/figure.js";
import { clamp, gridOf } from "../shared/grid.js";
import { MARGIN, patchBox } from "../shared/layout.js";
import { drawSample, fitCanvas, paintPanels, strokeTwice } from "../shared/picture.js";
import { INK } from "../shared/printing.js";
import { brushed } from "./marks.js";

/**
 * @typedef {import("../shared/picture.js").Seen} Seen
 * @typedef {import("../shared/layout.js").Layout} Layout
 * @typedef {{mask: import("./marks.js").Mask, title: string, left: string}} BoardView
 */

const STAYS = 0;
const LEAVES = DROPPED_BY[0]; // which of the viewer's cool ramps marked patches take
const ALL_STAGES = DROPPED_BY[DROPPED_BY.length - 1];
const TABLES = Object.fromEntries(Object.entries(PALETTES).map(([name, ramps]) => [name, lookupTables(ramps)]));
const CROSS = 2.5; // px from the middle of a cross to its end

/** @param {string} palette */
const rampsIn = (palette) => ({ stays: PALETTES[palette][STAYS], leaves: PALETTES[palette][LEAVES] });
export const { stays: STAYS_RAMP, leaves: LEAVES_RAMP } = rampsIn("warm");

/** @param {number} width @param {import("../shared/grid.js").Picture} picture @returns {Layout} */
export function layoutBoard(width, picture) {
  const w = Math.floor(width - MARGIN.left - MARGIN.right);
  const h = Math.round(clamp((w * picture.bins) / picture.frames, 176, 264));
  const panel = { stage: ALL_STAGES, x: MARGIN.left, y: MARGIN.top, w, h, axis: true, hertz: true };
  return { abreast: false, panels: [panel], width, height: MARGIN.top + h + MARGIN.bottom };
}

/**
 * On a canvas of `scale` pixels a px.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Layout} layout
 * @param {Seen} data
 * @param {BoardView} view
 * @param {import("../shared/picture.js").Style} style
 * @param {number} scale
 * @param {string} [palette]
 */
export function paintBoard(context, layout, data, { mask, title, left }, style, scale, palette = "warm") {
  const fates = mask.map((marked) => (marked ? LEAVES : STAYS));
  /** @type {import("../shared/picture.js").Look} */
  const look = {
    tables: TABLES[palette],
    fates: () => fates,
    marks: (context, panel) => drawCrosses(context, panel, data.picture, mask),
    heading: () => [title, left],
  };
  paintPanels(context, layout, data, look, style, scale);
}

/**
 * Crosses say "deleted" for those who see no difference in colour.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {import("../shared/layout.js").Panel} panel
 * @param {import("../shared/grid.js").Picture} picture
 * @param {import("./marks.js").Mask} mask
 */
function drawCrosses(context, panel, picture, mask) {
  context.beginPath();
  mask.forEach((marked, patch) => {
    if (!marked) return;
    const { x, y, w, h } = patchBox(panel, picture, patch);
    const [cx, cy, r] = [x + w / 2, y + h / 2, Math.min(CROSS, w / 3)];
    context.moveTo(cx - r, cy - r);
    context.lineTo(cx + r, cy + r);
    context.moveTo(cx - r, cy + r);
    context.lineTo(cx + r, cy - r);
  });
  context.lineCap = "round";
  context.lineWidth = 1;
  context.strokeStyle = "rgba(255, 255, 255, 0.8)";
  context.stroke();
}

/**
 * The layer above: the outline of the brush.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {Layout} layout
 * @param {import("../shared/grid.js").Picture} picture
 * @param {number | null} patch
 * @param {import("./marks.js").Brush} brush
 */
export function drawBrush(canvas, layout, picture, patch, brush) {
  const context = fitCanvas(canvas, layout);
  if (patch === null) return;
  const [panel] = layout.panels;
  const boxes = brushed(patch, brush, gridOf(picture)).map((touched) => patchBox(panel, picture, touched));
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  const right = Math.max(...boxes.map((box) => box.x + box.w));
  const bottom = Math.max(...boxes.map((box) => box.y + box.h));
  strokeTwice(context, () => context.rect(x, y, right - x, bottom - y));
}

/**
 * The picture and its legend, for a paper.
 *
 * @param {Seen} data
 * @param {BoardView} view
 * @param {{mm: number, palette: string}} paper width and colours
 */
export function printedBoard(data, view, { mm, palette }) {
  const { stays, leaves } = rampsIn(palette);
  const ramps = { stays, "× deleted": leaves };
  const keys = Object.entries(ramps).map(([text, ramp]) => ({
    text,
    /** @type {import("../shared/figure.js").DrawSample} */
    draw: (context, box) => drawSample(context, ramp, box),
  }));
  return panelFigure(
    mm,
    (width) => layoutBoard(width, data.picture),
    (context, layout, scale) => paintBoard(context, layout, data, { ...view, title: "" }, INK, scale, palette), // a caption has room for it
    keys,
  );
}
