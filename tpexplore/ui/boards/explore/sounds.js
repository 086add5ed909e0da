// The sounds: the clip, or the part that a stage keeps or has removed; computed on first use.

import { bytesOf } from "../shared/bytes.js";
import { blocksOf, keptAfter } from "../shared/fates.js";
import { gridOf } from "../shared/grid.js";
import { columnSound, levelAgainst, listenTracks, maskedPair, peakOf, spectrumOf } from "./masking.js";

/**
 * @typedef {import("../shared/fates.js").Fates} Fates
 * @typedef {import("./state.js").Listen} Listen
 */

const LOOP_SECONDS = 0.5; // from one repetition of a patch to the next
const QUIET_DECIBELS = -40; // against the clip's peak; fainter patches are hard to hear by themselves

/**
 * The sounds of what is shown. Samples that did not come with the clip are fetched, once.
 *
 * @param {Pick<import("./state.js").View, "state" | "data">} view
 * @returns {Promise<Sounds>}
 */
export async function soundsOf({ state, data }) {
  if (state.sounds) return state.sounds;
  const shown = data();
  const samples = await (state.samples ??= samplesOf(shown.clip));
  if (data() !== shown) return soundsOf({ state, data });
  return (state.sounds ??= createSounds(shown, samples));
}

/** @param {import("./messages.js").Clip} clip @returns {Promise<Float32Array>} */
async function samplesOf({ pcm, sound, scale }) {
  if (pcm !== null) return samplesFrom(bytesOf(pcm), scale);
  // Relative to the modules, so that the address includes a proxy's prefix.
  const answer = await fetch(new URL(`../${sound}`, import.meta.url));
  if (!answer.ok) throw new Error(`The clip's sound could not be fetched: ${answer.status}.`);
  return samplesFrom(new Uint8Array(await answer.arrayBuffer()), scale);
}

/** 16-bit samples, little-endian, at a scale. @param {Uint8Array} bytes @param {number} scale */
export function samplesFrom(bytes, scale) {
  return Float32Array.from(new Int16Array(bytes.buffer), (value) => (value / 32767) * scale);
}

/** @typedef {ReturnType<typeof createSounds>} Sounds */

/**
 * @param {Pick<import("./messages.js").Data, "clip" | "picture" | "binRows" | "blocks">} data
 * @param {Float32Array} samples
 */
export function createSounds(data, samples) {
  const { clip, picture, binRows } = data;
  const grid = gridOf(picture);
  /** @type {import("./masking.js").Spectrum | null} */
  let spectrum = null;
  /** @type {{drop: Fates | null, tracks: Record<string, Float32Array>}} */
  let made = { drop: null, tracks: {} };
  return {
    samples,
    /** All tracks for one map of dropped patches; the last ones are kept. @param {Fates} drop */
    tracks(drop) {
      spectrum ??= spectrumOf(samples);
      if (made.drop !== drop) made = { drop, tracks: listenTracks(spectrum, binRows, grid, drop, blocksOf(data)) };
      return made.tracks;
    },
    /** @param {number[]} patches of one column */
    loop(patches) {
      spectrum ??= spectrumOf(samples);
      return columnSound(spectrum, binRows, grid, patches, clip.sample_rate * LOOP_SECONDS);
    },
    /** What all these patches sound like, each at its time. @param {number[]} patches */
    together(patches) {
      spectrum ??= spectrumOf(samples);
      const map = Uint8Array.from({ length: grid.patches }, (_, patch) => (patches.includes(patch) ? 1 : 0));
      const [sound] = maskedPair(spectrum, binRows, grid, map, map);
      const loudest = Math.max(1, peakOf(sound));
      return sound.map((value) => value / loudest);
    },
  };
}

/** @param {Listen} listen */
export function trackName({ what, stage }) {
  return what === "original" ? what : `${what} ${stage}`;
}

/**
 * @param {Listen} listen
 * @param {Record<string, Float32Array>} tracks
 * @param {Fates} drop
 */
export function listenText({ what, stage }, tracks, drop) {
  if (what === "original") return "The clip as the model gets it.";
  const left = keptAfter(drop, stage);
  const removed = what === "removed";
  if (removed && left === drop.length) return "Nothing is removed here: silence.";
  const whose = removed ? `${drop.length - left} patches gone` : `${left} patches left`;
  const level = Math.round(levelAgainst(tracks[trackName({ what, stage })], tracks.original));
  const against = level > 0 ? `${level} dB louder than` : level < 0 ? `${-level} dB quieter than` : "as loud as";
  return `The ${whose} after block ${stage}: ${Number.isFinite(level) ? against : "silent beside"} the clip.`;
}

/**
 * @param {Float32Array} loop
 * @param {Float32Array} clip
 * @param {string} what
 */
export function loudnessText(loop, clip, what) {
  const level = 20 * Math.log10(peakOf(loop) / peakOf(clip));
  if (!Number.isFinite(level)) return `${what}: silence.`;
  const below = `${what}: its peak is ${Math.round(-level)} dB below the clip's`;
  return level < QUIET_DECIBELS ? `${below}, which may be too quiet to hear.` : `${below}.`;
}
