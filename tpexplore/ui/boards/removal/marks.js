// Which patches are marked: groups and brushes. Knows no page.

import { base64Of, bytesOf } from "../shared/bytes.js";

/**
 * @typedef {Uint8Array} Mask 1 where a patch is marked
 * @typedef {"patch" | "square" | "column" | "row"} Brush
 * @typedef {Pick<import("../shared/grid.js").Grid, "rows" | "columns" | "idOf" | "rowOf" | "columnOf">} Grid
 */

const BITS = 8; // in a byte

/**
 * The mask in the server's form: one bit per patch, patch 0 in the lowest bit of the first byte.
 *
 * @param {Mask} mask
 */
export function maskKey(mask) {
  const bytes = new Uint8Array(Math.ceil(mask.length / BITS));
  mask.forEach((marked, patch) => {
    if (marked) bytes[Math.floor(patch / BITS)] |= 1 << (patch % BITS);
  });
  return base64Of(bytes);
}

/** The same in characters that an address can contain unescaped. @param {Mask} mask */
export function maskInLink(mask) {
  return maskKey(mask).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * The mask in a link, or null if it is not valid for this number of patches.
 *
 * @param {string} text
 * @param {number} patches
 */
export function maskOfLink(text, patches) {
  const mask = new Uint8Array(patches);
  /** @type {Uint8Array} */
  let bytes;
  try {
    bytes = bytesOf(text.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return null; // no base64
  }
  for (let patch = 0; patch < patches; patch++) mask[patch] = (bytes[Math.floor(patch / BITS)] >> (patch % BITS)) & 1;
  return maskInLink(mask) === text ? mask : null;
}

/** How many patches are marked. @param {Mask} mask */
export function countOf(mask) {
  return mask.reduce((count, marked) => count + marked, 0);
}

/** @param {Mask} a @param {Mask} b */
export function sameMask(a, b) {
  return a.length === b.length && a.every((marked, patch) => marked === b[patch]);
}

/** @param {Uint8Array} clusters of every patch @param {number[]} members of the group */
export function groupMask(clusters, members) {
  return clusters.map((cluster) => (members.includes(cluster) ? 1 : 0));
}

/**
 * The patches under a brush whose centre is on a patch.
 *
 * @param {number} patch
 * @param {Brush} brush
 * @param {Grid} grid
 */
export function brushed(patch, brush, { columns, rows, columnOf, rowOf, idOf }) {
  const [column, row] = [columnOf(patch), rowOf(patch)];
  const [across, up] = { patch: [0, 0], square: [1, 1], column: [0, rows], row: [columns, 0] }[brush];
  const touched = [];
  for (let t = Math.max(0, column - across); t <= Math.min(columns - 1, column + across); t++) {
    for (let f = Math.max(0, row - up); f <= Math.min(rows - 1, row + up); f++) touched.push(idOf(t, f));
  }
  return touched;
}

/**
 * Patches on the way from one to another: a quick hand skips some between two events.
 *
 * @param {number} from
 * @param {number} to
 * @param {Grid} grid
 */
export function pathBetween(from, to, { columnOf, rowOf, idOf }) {
  const [t0, f0, t1, f1] = [columnOf(from), rowOf(from), columnOf(to), rowOf(to)];
  const steps = Math.max(Math.abs(t1 - t0), Math.abs(f1 - f0));
  const path = [];
  for (let i = 1; i <= steps; i++) {
    path.push(idOf(Math.round(t0 + ((t1 - t0) * i) / steps), Math.round(f0 + ((f1 - f0) * i) / steps)));
  }
  return path.length ? path : [to];
}
