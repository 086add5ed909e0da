// The grid of patches: which patch lies where in the picture, in time and in frequency. Its measures come
// from the model, as `grid` in what the server sends.

/**
 * @typedef {object} GridMessage
 * @property {number} rows
 * @property {number} columns
 * @property {number} melStride mel bins from one row of patches to the next
 * @property {number} timeStride frames from one column to the next
 * @property {number} patch frames and mel bins that one patch reads
 *
 * @typedef {object} Picture the spectrogram as the server sends it
 * @property {number} frames
 * @property {number} bins
 * @property {number} patches
 * @property {number} real_frames frames that are sound, not padding
 * @property {number} seconds
 * @property {GridMessage} grid
 * @property {[number, number]} decibels
 * @property {number[]} row_hertz
 * @property {{label: string, at: number}[]} hertz_ticks
 * @property {ArrayLike<number>} intensity
 * @property {ArrayLike<number>} variation
 * @property {number[]} patch_decibels
 * @property {string} grey base64, one byte a frame and mel bin
 *
 * @typedef {ReturnType<typeof createGrid>} Grid
 */

/** @param {number} value @param {number} low @param {number} high */
export function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

/**
 * Where the cells of a picture's grid begin and end along one side: `count` + 1 edges from 0 to `length`.
 *
 * Patches that overlap share what lies between their middles; what no patch reads goes with the nearest.
 *
 * @param {number} count
 * @param {number} stride
 * @param {number} patch
 * @param {number} length
 */
export function cellEdges(count, stride, patch, length) {
  const inner = Array.from({ length: count - 1 }, (_, i) => (i + 1) * stride + Math.floor((patch - stride) / 2));
  return [0, ...inner, length];
}

/**
 * Patches count up the first column, then up the next.
 *
 * @param {Pick<Picture, "grid" | "frames" | "bins">} picture
 */
export function gridOf(picture) {
  const known = grids.get(picture) ?? createGrid(picture);
  grids.set(picture, known);
  return known;
}

/** @type {WeakMap<object, ReturnType<typeof createGrid>>} */
const grids = new WeakMap();

/** @param {Pick<Picture, "grid" | "frames" | "bins">} picture */
function createGrid({ grid: { rows, columns, melStride, timeStride, patch }, frames, bins }) {
  const frameEdges = cellEdges(columns, timeStride, patch, frames);
  const binEdges = cellEdges(rows, melStride, patch, bins);
  const columnOf = (/** @type {number} */ id) => Math.floor(id / rows);
  const rowOf = (/** @type {number} */ id) => id % rows;
  const idOf = (/** @type {number} */ column, /** @type {number} */ row) => column * rows + row;
  const cellAt = (/** @type {number[]} */ edges, /** @type {number} */ place) =>
    clamp(edges.findLastIndex((edge) => edge <= place), 0, edges.length - 2);
  return {
    rows,
    columns,
    timeStride,
    patches: rows * columns,
    frameEdges,
    binEdges,
    columnOf,
    rowOf,
    idOf,
    /** The patch whose cell holds a frame and mel bin. @param {number} frame @param {number} bin */
    at: (frame, bin) => idOf(cellAt(frameEdges, frame), cellAt(binEdges, bin)),
    /**
     * The patch so many columns and rows away, at the edge if there are no more.
     *
     * @param {number} id
     * @param {number} across
     * @param {number} up
     */
    step: (id, across, up) =>
      idOf(clamp(columnOf(id) + across, 0, columns - 1), clamp(rowOf(id) + up, 0, rows - 1)),
    /** Frames that a patch reads: the first, and the first that it does not. @param {number} id */
    framesOf: (id) => [columnOf(id) * timeStride, columnOf(id) * timeStride + patch],
    /** All patches of the same time. @param {number} id */
    columnPatches: (id) => Array.from({ length: rows }, (_, row) => idOf(columnOf(id), row)),
  };
}

/**
 * When a patch sounds, in seconds of the file, and between which frequencies.
 *
 * @param {{picture: Picture, clip: {start: number}}} data
 * @param {number} id
 */
export function patchPlace({ picture, clip }, id) {
  const grid = gridOf(picture);
  const [column, row] = [grid.columnOf(id), grid.rowOf(id)];
  const [start, end] = grid.framesOf(id).map((frame) => clip.start + frame * (picture.seconds / picture.frames));
  return { column, row, start, end, low: picture.row_hertz[row], high: picture.row_hertz[row + 1] };
}

/**
 * Whether a patch begins after the end of the sound.
 *
 * @param {Picture} picture
 * @param {number} id
 */
export function isPadding(picture, id) {
  return gridOf(picture).framesOf(id)[0] >= picture.real_frames;
}
