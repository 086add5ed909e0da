// Small pictures and numbers that several tests share.

/** A picture of square patches side by side, or overlapping ones. */
export function pictureOf(columns, rows, { stride = 16, patch = 16, real = Infinity } = {}) {
  const frames = (columns - 1) * stride + patch;
  const patches = columns * rows;
  return {
    frames,
    bins: (rows - 1) * stride + patch,
    patches,
    real_frames: Math.min(real, frames),
    seconds: frames / 100,
    grid: { rows, columns, melStride: stride, timeStride: stride, patch },
    decibels: [-60, 0],
    row_hertz: Array.from({ length: rows }, (_, i) => [100 * i, 100 * (i + 1)]),
    hertz_ticks: [],
    intensity: Float32Array.from({ length: patches }, (_, i) => i),
    variation: Float32Array.from({ length: patches }, (_, i) => -i),
    patch_decibels: Array.from({ length: patches }, (_, i) => -i),
    grey: "",
  };
}

/** Numbers in [0, 1) that are the same in every run. */
export function drawNumbers(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return state / 4294967296;
  };
}

export const base64 = (bytes) => Buffer.from(bytes).toString("base64");
