// The grid of patches: the place of each patch in the picture, in time and in frequency. Its measures come from the
// model, as `grid` in the server's message.

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
 * @property {[number, number][]} row_hertz frequencies between which each row of patches reads
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
 * Where the cells in which patches are drawn begin along one side, and where the last one ends.
 *
 * A cell lies around its patch's middle; the outer ones reach to the ends of what patches read.
 *
 * @param {number} count
 * @param {number} stride
 * @param {number} patch
 */
export function cellEdges(count, stride, patch) {
  const inner = Array.from({ length: count - 1 }, (_, i) => (i + 1) * stride + Math.floor((patch - stride) / 2));
  return [0, ...inner, stride * (count - 1) + patch];
}

/**
 * Where a patch begins or ends along one side: between two of these places the same patches read.
 *
 * @param {number} count
 * @param {number} stride
 * @param {number} patch
 */
export function segmentEdges(count, stride, patch) {
  const begins = Array.from({ length: count }, (_, i) => i * stride);
  return [...new Set([...begins, ...begins.map((begin) => begin + patch)])].sort((a, b) => a - b);
}

/**
 * Patches count up the first column, then up the next.
 *
 * @param {{grid: GridMessage}} picture
 */
export function gridOf(picture) {
  const grid = grids.get(picture) ?? createGrid(picture);
  grids.set(picture, grid);
  return grid;
}

/** @type {WeakMap<object, ReturnType<typeof createGrid>>} */
const grids = new WeakMap();

/** @param {{grid: GridMessage}} picture */
function createGrid({ grid: { rows, columns, melStride, timeStride, patch } }) {
  const frameEdges = cellEdges(columns, timeStride, patch);
  const binEdges = cellEdges(rows, melStride, patch);
  const timeSegments = segmentEdges(columns, timeStride, patch);
  const melSegments = segmentEdges(rows, melStride, patch);
  const columnOf = (/** @type {number} */ id) => Math.floor(id / rows);
  const rowOf = (/** @type {number} */ id) => id % rows;
  const idOf = (/** @type {number} */ column, /** @type {number} */ row) => column * rows + row;
  const cellAt = (/** @type {number[]} */ edges, /** @type {number} */ place) =>
    clamp(edges.findLastIndex((edge) => edge <= place), 0, edges.length - 2);
  return {
    rows,
    columns,
    patches: rows * columns,
    frameEdges,
    binEdges,
    timeSegments,
    melSegments,
    seenFrames: timeSegments[timeSegments.length - 1],
    seenBins: melSegments[melSegments.length - 1],
    columnOf,
    rowOf,
    idOf,
    /** The patch whose cell holds a frame and mel bin. @param {number} frame @param {number} bin */
    at: (frame, bin) => idOf(cellAt(frameEdges, frame), cellAt(binEdges, bin)),
    /**
     * The patch this many columns and rows away, stopping at the edge; the first patch if `id` is null.
     *
     * @param {number | null} id
     * @param {number} across
     * @param {number} up
     */
    step: (id, across, up) =>
      id === null ? 0 : idOf(clamp(columnOf(id) + across, 0, columns - 1), clamp(rowOf(id) + up, 0, rows - 1)),
    /** Frames that a patch reads: the first, and the first that it does not. @param {number} id */
    framesOf: (id) => [columnOf(id) * timeStride, columnOf(id) * timeStride + patch],
    /** Mel bins that a patch reads, likewise. @param {number} id */
    binsOf: (id) => [rowOf(id) * melStride, rowOf(id) * melStride + patch],
    overlaps: melStride < patch || timeStride < patch,
    /** The area that the kept patches read, as a share of the area that all read. @param {ArrayLike<number>} kept */
    coveredShare(kept) {
      const up = melSegments.length - 1;
      const sum = this.covered(kept).reduce((area, one, at) => {
        const [i, j] = [Math.floor(at / up), at % up];
        return area + one * (timeSegments[i + 1] - timeSegments[i]) * (melSegments[j + 1] - melSegments[j]);
      }, 0);
      return sum / (timeSegments[timeSegments.length - 1] * melSegments[up]);
    },
    /**
     * For every segment of time and frequency 1 if at least one kept patch reads it, else 0; up the first segment of
     * time, then up the next. Without overlap a segment is a patch.
     *
     * @param {ArrayLike<number>} kept 0 or 1 a patch
     */
    covered(kept) {
      const [across, up] = [timeSegments.length - 1, melSegments.length - 1];
      const covered = new Uint8Array(across * up);
      for (let id = 0; id < rows * columns; id++) {
        if (!kept[id]) continue;
        const t = timeSegments.indexOf(columnOf(id) * timeStride);
        const f = melSegments.indexOf(rowOf(id) * melStride);
        for (let i = t; timeSegments[i] < timeSegments[t] + patch; i++) {
          for (let j = f; melSegments[j] < melSegments[f] + patch; j++) covered[i * up + j] = 1;
        }
      }
      return covered;
    },
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
  const [low, high] = picture.row_hertz[row];
  const [start, end] = grid.framesOf(id).map((frame) => clip.start + frame * (picture.seconds / picture.frames));
  return { column, row, start, end, low, high };
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

/**
 * What the keys do that move through the patches of a picture, by the key's name.
 *
 * @param {(across: number, up: number) => void} move
 * @returns {Record<string, () => void>}
 */
export function arrowKeys(move) {
  return {
    ArrowLeft: () => move(-1, 0),
    ArrowRight: () => move(1, 0),
    ArrowUp: () => move(0, 1),
    ArrowDown: () => move(0, -1),
    Home: () => move(-Infinity, 0),
    End: () => move(Infinity, 0),
  };
}
