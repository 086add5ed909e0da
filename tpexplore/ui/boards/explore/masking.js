// Kept or removed patches -> sound, as in resynthesis.py: the short-time Fourier transform of the clip is masked, its
// phase stays. It runs in the browser, so that a move of the slider is heard without the server.

import { DROPPED_BY, isGone } from "../shared/fates.js";
import { clamp } from "../shared/grid.js";

/**
 * @typedef {import("../shared/fates.js").Fates} Fates
 * @typedef {Pick<import("../shared/grid.js").Grid, "patches" | "timeSegments" | "melSegments" | "covered" | "framesOf">} Grid
 *
 * @typedef {Uint16Array | Uint32Array} BinRows
 *
 * @typedef {object} Spectrum
 * @property {Float32Array} samples
 * @property {number} mean
 * @property {number} frames
 * @property {Float32Array} re
 * @property {Float32Array} im
 */

const STFT_SIZE = 512;
const STFT_HOP = 128;
export const STFT_BINS = STFT_SIZE / 2 + 1;
const FRAME_HOP = 160; // samples from one frame of the picture to the next
const FRAME_WINDOW = 400; // samples that one frame reads; columns cross-fade over as many
const GAIN_STEPS = 4096; // steps of the gains, as in the library

const ANGLES = Float64Array.from({ length: STFT_SIZE }, (_, i) => (2 * Math.PI * i) / STFT_SIZE);
const COSINES = ANGLES.map(Math.cos);
const SINES = ANGLES.map(Math.sin);
const WINDOW = COSINES.map((cosine) => 0.5 - 0.5 * cosine);
const REVERSED = Uint16Array.from({ length: STFT_SIZE }, (_, i) => {
  let reversed = 0;
  for (let bit = 1; bit < STFT_SIZE; bit *= 2) reversed = reversed * 2 + (i & bit ? 1 : 0);
  return reversed;
});

/**
 * Fourier transform of STFT_SIZE complex numbers, in place. With the arguments swapped it is the inverse, but
 * for a factor of STFT_SIZE.
 *
 * @param {Float64Array} re
 * @param {Float64Array} im
 */
export function fourier(re, im) {
  for (let i = 0; i < STFT_SIZE; i++) {
    const j = REVERSED[i];
    if (j <= i) continue;
    const [r, m] = [re[i], im[i]];
    re[i] = re[j];
    im[i] = im[j];
    re[j] = r;
    im[j] = m;
  }
  for (let half = 1; half < STFT_SIZE; half *= 2) {
    const stride = STFT_SIZE / (2 * half);
    for (let start = 0; start < STFT_SIZE; start += 2 * half) {
      for (let k = 0; k < half; k++) {
        const i = start + k;
        const j = i + half;
        const r = re[j] * COSINES[k * stride] + im[j] * SINES[k * stride];
        const m = im[j] * COSINES[k * stride] - re[j] * SINES[k * stride];
        re[j] = re[i] - r;
        im[j] = im[i] - m;
        re[i] += r;
        im[i] += m;
      }
    }
  }
}

/**
 * Where a sample before the start or after the end is mirrored to: an edge to zeros would be a click.
 *
 * @param {number} at
 * @param {number} length
 */
export function mirrored(at, length) {
  const period = 2 * Math.max(1, length - 1);
  const place = ((at % period) + period) % period;
  return place < length ? place : period - place;
}

/**
 * The clip's transform without its mean, which the front end subtracts.
 *
 * @param {Float32Array} samples
 * @returns {Spectrum}
 */
export function spectrumOf(samples) {
  const mean = Math.fround(samples.reduce((sum, value) => sum + value, 0) / samples.length);
  const frames = 1 + Math.floor(samples.length / STFT_HOP);
  const bins = () => new Float32Array(frames * STFT_BINS);
  const spectrum = { samples, mean, frames, re: bins(), im: bins() };
  const [re, im] = [new Float64Array(STFT_SIZE), new Float64Array(STFT_SIZE)];
  for (let frame = 0; frame < frames; frame++) {
    const first = frame * STFT_HOP - STFT_SIZE / 2;
    for (let i = 0; i < STFT_SIZE; i++) {
      re[i] = WINDOW[i] * (samples[mirrored(first + i, samples.length)] - mean);
      im[i] = 0;
    }
    fourier(re, im);
    spectrum.re.set(re.subarray(0, STFT_BINS), frame * STFT_BINS);
    spectrum.im.set(im.subarray(0, STFT_BINS), frame * STFT_BINS);
  }
  return spectrum;
}

/**
 * Gain of every mel segment at one frame of the transform; segments of time cross-fade around their edges.
 *
 * @param {Uint8Array} covered what `Grid.covered` says
 * @param {number} frame
 * @param {Pick<Grid, "timeSegments" | "melSegments">} grid
 * @param {Float64Array} gains
 */
export function segmentGains(covered, frame, { timeSegments, melSegments }, gains) {
  const [across, up] = [timeSegments.length - 1, melSegments.length - 1];
  // Frame i of the picture is centred at sample 160 i + 200, and an edge lies half-way between two frames.
  const place = frame * STFT_HOP - (FRAME_WINDOW - FRAME_HOP) / 2;
  let nearest = 1;
  const far = (/** @type {number} */ edge) => Math.abs(timeSegments[edge] * FRAME_HOP - place);
  while (nearest + 1 < across && far(nearest + 1) <= far(nearest)) nearest += 1;
  // Share of a segment and all after it. Edges can be nearer to each other than a fade is long.
  const from = (/** @type {number} */ edge) => {
    if (edge <= 0 || edge >= across) return edge <= 0 ? 1 : 0;
    const past = clamp((place - timeSegments[edge] * FRAME_HOP) / FRAME_WINDOW, -0.5, 0.5);
    return Math.round(GAIN_STEPS * (0.5 + 0.5 * Math.sin(Math.PI * past))) / GAIN_STEPS;
  };
  gains.fill(0);
  for (let i = Math.max(0, nearest - 2); i < Math.min(across, nearest + 2); i++) {
    const share = from(i) - from(i + 1);
    for (let j = 0; share && j < up; j++) gains[j] += share * covered[i * up + j];
  }
}

/**
 * The sounds that pass two maps of patches (0 or 1 each), without the mean. One inverse transform makes two sounds:
 * one as its real part, the other as its imaginary part.
 *
 * @param {Spectrum} spectrum
 * @param {BinRows} binRows where each bin of the transform lies among the mel segments, in GAIN_STEPS each
 * @param {Grid} grid
 * @param {ArrayLike<number>} first
 * @param {ArrayLike<number>} second
 */
export function maskedPair({ samples, frames, re, im }, binRows, grid, first, second) {
  const length = samples.length;
  const maps = [grid.covered(first), grid.covered(second)];
  const sounds = [new Float32Array(length), new Float32Array(length)];
  const weight = new Float32Array(length);
  const gains = [new Float64Array(grid.melSegments.length), new Float64Array(grid.melSegments.length)];
  const [zr, zi] = [new Float64Array(STFT_SIZE), new Float64Array(STFT_SIZE)];
  for (let frame = 0; frame < frames; frame++) {
    segmentGains(maps[0], frame, grid, gains[0]);
    segmentGains(maps[1], frame, grid, gains[1]);
    const silent = gains.every((rows) => rows.every((gain) => gain === 0));
    if (!silent) {
      for (let bin = 0; bin < STFT_BINS; bin++) {
        const row = Math.floor(binRows[bin] / GAIN_STEPS);
        const share = binRows[bin] / GAIN_STEPS - row;
        const a = gains[0][row] * (1 - share) + gains[0][row + 1] * share;
        const b = gains[1][row] * (1 - share) + gains[1][row + 1] * share;
        const r = re[frame * STFT_BINS + bin];
        const m = im[frame * STFT_BINS + bin];
        zr[bin] = r * a - m * b;
        zi[bin] = r * b + m * a;
        if (bin === 0 || bin === STFT_BINS - 1) continue;
        zr[STFT_SIZE - bin] = r * a + m * b;
        zi[STFT_SIZE - bin] = r * b - m * a;
      }
      fourier(zi, zr);
    }
    const start = frame * STFT_HOP - STFT_SIZE / 2;
    for (let i = Math.max(0, -start); i < STFT_SIZE && start + i < length; i++) {
      weight[start + i] += WINDOW[i] * WINDOW[i];
      if (silent) continue;
      sounds[0][start + i] += (WINDOW[i] * zr[i]) / STFT_SIZE;
      sounds[1][start + i] += (WINDOW[i] * zi[i]) / STFT_SIZE;
    }
  }
  for (const sound of sounds) sound.forEach((value, i) => (sound[i] = value / weight[i]));
  return sounds;
}

/**
 * The original and, for each stage, the sounds kept and removed so far: aligned, and all turned down by the same
 * factor if one would exceed full scale.
 *
 * @param {Spectrum} spectrum
 * @param {BinRows} binRows
 * @param {Grid} grid
 * @param {Fates} drop
 * @param {number[]} [blocks] those that prune
 * @returns {Record<string, Float32Array>} "original", "kept 4", "removed 4" and so on
 */
export function listenTracks(spectrum, binRows, grid, drop, blocks = DROPPED_BY) {
  const { samples, mean } = spectrum;
  const maps = blocks.map((stage) => Uint8Array.from(drop, (by) => (isGone(by, stage) ? 0 : 1)));
  /** @type {Float32Array[]} */
  const masked = [];
  for (let i = 0; i < maps.length; i += 2) {
    masked.push(...maskedPair(spectrum, binRows, grid, maps[i], maps[i + 1] ?? maps[i]));
  }
  /** @type {Record<string, Float32Array>} */
  const tracks = { original: samples };
  blocks.forEach((stage, i) => {
    const all = maps[i].every(Boolean);
    const none = !maps[i].some(Boolean);
    const removed = samples.map((value, at) => (all ? 0 : value - mean - masked[i][at]));
    tracks[`kept ${stage}`] = samples.map((value, at) => (none ? 0 : value - removed[at]));
    tracks[`removed ${stage}`] = removed;
  });
  const peak = Math.max(...Object.values(tracks).map(peakOf));
  if (peak <= 1) return tracks;
  return Object.fromEntries(
    Object.entries(tracks).map(([name, track]) => [name, track.map((value) => value / peak)]),
  );
}

/** @param {Float32Array} samples */
export function peakOf(samples) {
  return samples.reduce((peak, value) => Math.max(peak, Math.abs(value)), 0);
}

/**
 * How much louder one sound is than another over their whole length, in dB.
 *
 * @param {Float32Array} samples
 * @param {Float32Array} reference
 */
export function levelAgainst(samples, reference) {
  const energy = (/** @type {Float32Array} */ sound) => sound.reduce((sum, value) => sum + value * value, 0);
  return 10 * Math.log10(energy(samples) / energy(reference));
}

/**
 * The sound of patches of one column, followed by silence that separates its repetitions.
 *
 * @param {Spectrum} spectrum
 * @param {BinRows} binRows
 * @param {Grid} grid
 * @param {number[]} kept ids of the patches
 * @param {number} period samples from one repetition to the next
 */
export function columnSound(spectrum, binRows, grid, kept, period) {
  const map = new Uint8Array(grid.patches);
  for (const patch of kept) map[patch] = 1;
  const [sound] = maskedPair(spectrum, binRows, grid, map, map);
  const [begin, end] = grid.framesOf(kept[0]).map((frame) => frame * FRAME_HOP);
  const audible = sound.subarray(Math.max(0, begin - STFT_SIZE), end + STFT_SIZE);
  const loop = new Float32Array(period);
  const loudest = Math.max(1, peakOf(audible));
  audible.subarray(0, period).forEach((value, i) => (loop[i] = value / loudest));
  return loop;
}
