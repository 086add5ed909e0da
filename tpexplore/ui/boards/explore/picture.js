// The viewer's panels: kept patches warm, dropped ones cool, and the layer of marks above.

import { PALETTES, lookupTables, rampsOf } from "../shared/colours.js";
import { LEAVES, blocksOf, keptAfter, lastBlockOf } from "../shared/fates.js";
import { clamp, gridOf } from "../shared/grid.js";
import { acrossOf, extentBox, patchBox } from "../shared/layout.js";
import { fitCanvas, inside, paintPanels, strokeTwice } from "../shared/picture.js";

/**
 * @typedef {import("../shared/fates.js").Fates} Fates
 * @typedef {import("../shared/layout.js").Layout} Layout
 * @typedef {import("../shared/picture.js").Seen} Seen
 * @typedef {import("../shared/picture.js").Style} Style
 */

/** @type {Record<string, Record<number, Uint32Array>>} by palette and blocks, made on first use */
const tables = {};

/** @param {number[]} blocks @param {string} palette */
function tablesOf(blocks, palette) {
  return (tables[`${palette} ${blocks}`] ??= lookupTables(rampsOf(blocks, palette)));
}

/**
 * On a canvas of `scale` pixels a px, or on anything that takes the same calls.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Layout} layout
 * @param {Seen & {blocks?: number[]}} data
 * @param {Fates} drop
 * @param {Style} style
 * @param {number} scale
 * @param {object} [options]
 * @param {Partial<import("../shared/picture.js").Look>} [options.layer] settings that differ, if something replaces
 * the spectrogram
 * @param {string} [options.palette] one of `PALETTES`
 */
export function paintPicture(context, layout, data, drop, style, scale, { layer, palette = "warm" } = {}) {
  /** @type {import("../shared/picture.js").Look} */
  const look = {
    tables: tablesOf(blocksOf(data), palette),
    bar: PALETTES[palette][0],
    fates: () => drop,
    heading: ({ stage }) =>
      stage
        ? [`After block ${stage}`, `${keptAfter(drop, stage)} of ${drop.length} kept`]
        : ["All patches", `${drop.length}`],
    ...layer,
  };
  paintPanels(context, layout, data, look, style, scale);
}

/**
 * How high each patch ranked in a panel's stage, as a picture: one byte a frame and bin. A patch that had left before
 * is in the middle.
 *
 * @param {import("../shared/grid.js").Picture} picture
 * @param {{ids: number[], values: ArrayLike<number> | null}} standing the patches that were ranked, and by what
 */
export function rankShades(picture, { ids, values }) {
  const shade = new Uint8Array(picture.patches).fill(128);
  if (values) {
    const order = ids.map((_, i) => i).sort((a, b) => values[a] - values[b]);
    order.forEach((i, place) => {
      shade[ids[i]] = Math.round((255 * place) / Math.max(1, ids.length - 1));
    });
  }
  return patchShades(picture, shade);
}

/**
 * One shade a patch as a picture: one byte a frame and bin.
 *
 * @param {import("../shared/grid.js").Picture} picture
 * @param {Uint8Array} shade
 */
export function patchShades(picture, shade) {
  const grid = gridOf(picture);
  const grey = new Uint8Array(picture.frames * picture.bins);
  for (let patch = 0; patch < grid.patches; patch++) {
    const [column, row] = [grid.columnOf(patch), grid.rowOf(patch)];
    for (let frame = grid.frameEdges[column]; frame < grid.frameEdges[column + 1]; frame++) {
      const at = frame * picture.bins;
      grey.fill(shade[patch], at + grid.binEdges[row], at + grid.binEdges[row + 1]);
    }
  }
  return grey;
}

/**
 * What the colours mean, with the number of patches; the stage is null for the hatching.
 *
 * @param {Pick<Seen, "picture"> & {method?: import("../shared/fates.js").Method, blocks?: number[]}} data
 * @param {Fates} drop
 * @returns {{stage: number | null, text: string}[]}
 */
export function legendKeys(data, drop) {
  const { picture, method = "drop" } = data;
  const dropped = (/** @type {number} */ stage) => Array.from(drop).filter((by) => by === stage).length;
  const kept = keptAfter(drop, lastBlockOf(data));
  /** @type {{stage: number | null, text: string}[]} */
  const keys = [{ stage: 0, text: `kept (${kept})` }];
  for (const stage of blocksOf(data)) {
    keys.push({ stage, text: `${LEAVES[method]} by block ${stage} (${dropped(stage)})` });
  }
  if (picture.real_frames < picture.frames) keys.push({ stage: null, text: "padding, not sound" });
  return keys;
}

/**
 * The layer above, in all panels at once: play-head, the patch being read, the patch whose passport is
 * open, and a veil over all but the patches of a lit group.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {Layout} layout
 * @param {Seen} data
 * @param {{patch: number | null, opened: number | null, mates: Record<number, number[]>, lit: Set<number> | null, seconds: number | null}} marks
 */
export function drawCursor(canvas, layout, { picture }, { patch, opened, mates, lit, seconds }) {
  const context = fitCanvas(canvas, layout);
  for (const panel of layout.panels) inside(context, panel, () => drawMarks(panel));

  /** @param {import("../shared/layout.js").Panel} panel */
  function drawMarks(panel) {
    if (lit) {
      context.fillStyle = "rgba(12, 8, 24, 0.78)";
      for (let at = 0; at < picture.patches; at++) {
        if (lit.has(at)) continue;
        const { x, y, w, h } = patchBox(panel, picture, at);
        context.fillRect(x, y, w, h);
      }
    }
    for (const at of mates[panel.stage] ?? []) {
      const { x, y, w, h } = extentBox(panel, picture, at);
      strokeTwice(context, () => context.rect(x, y, w, h), 1);
    }
    for (const at of new Set([opened, patch])) {
      if (at === null) continue;
      const { x, y, w, h } = extentBox(panel, picture, at);
      strokeTwice(context, () => context.rect(x, y, w, h), at === patch ? 2 : 1.25);
    }
    if (seconds !== null) {
      const x = acrossOf(panel, clamp(seconds, 0, picture.seconds), picture.seconds);
      strokeTwice(context, () => {
        context.moveTo(x, panel.y);
        context.lineTo(x, panel.y + panel.h);
      });
    }
  }
}
