// Plays samples and reports the play-head's position to `onMove`, frame by frame. Every start, stop and change of
// sound is a short, sample-exact fade, so there are no clicks.

import { clamp } from "../shared/grid.js";

/** @typedef {{source: AudioBufferSourceNode, stops: GainNode, begun: number}} Voice */

const FADE_SECONDS = 0.005;
const LEAD_SECONDS = 0.02; // a change is scheduled this far ahead, so that both sounds meet at the same sample

/**
 * @param {(seconds: number, playing: boolean) => void} onMove
 */
export function createPlayer(onMove) {
  /** @type {AudioContext | null} */
  let context = null; // made at the first sound: browsers allow none before a gesture
  /** @type {Float32Array | null} */
  let samples = null;
  let rate = 0;
  let position = 0; // of the play-head while nothing plays
  /** @type {Voice | null} */
  let voice = null; // what plays the samples now
  /** @type {Voice | null} */
  let loop = null; // what repeats a patch now
  let next = 0;

  const length = () => (samples ? samples.length / rate : 0);
  const here = () => (voice && context ? clamp(context.currentTime - voice.begun, 0, length()) : position);

  function wake() {
    context ??= new AudioContext();
    if (context.state !== "running") context.resume();
    return context;
  }

  /**
   * From the place `from` on, in seconds, at the context's time `at`.
   *
   * @param {AudioContext} context
   * @param {Float32Array<ArrayBuffer>} data
   * @param {number} from
   * @param {number} at
   * @param {boolean} repeat
   * @returns {Voice}
   */
  function sound(context, data, from, at, repeat) {
    const buffer = context.createBuffer(1, data.length, rate);
    buffer.copyToChannel(data, 0);
    const source = new AudioBufferSourceNode(context, { buffer, loop: repeat });
    // One gain for the start and the natural end, one for an early stop, so that the two fades are independent.
    const [ends, stops] = [new GainNode(context, { gain: 0 }), new GainNode(context)];
    source.connect(ends).connect(stops).connect(context.destination);
    ends.gain.setValueAtTime(0, at);
    ends.gain.linearRampToValueAtTime(1, at + FADE_SECONDS);
    if (!repeat) {
      const end = at + buffer.duration - from;
      ends.gain.setValueAtTime(1, Math.max(at + FADE_SECONDS, end - FADE_SECONDS));
      ends.gain.linearRampToValueAtTime(0, Math.max(at + FADE_SECONDS, end));
    }
    source.start(at, from);
    return { source, stops, begun: at - from };
  }

  /** @param {Voice} voice @param {number} at */
  function hush({ source, stops }, at) {
    source.onended = null;
    stops.gain.setValueAtTime(1, at);
    stops.gain.linearRampToValueAtTime(0, at + FADE_SECONDS);
    source.stop(at + FADE_SECONDS);
  }

  function follow() {
    cancelAnimationFrame(next); // a seek while playing must not start a second chain
    onMove(here(), Boolean(voice));
    if (voice) next = requestAnimationFrame(follow);
  }

  /** @param {(at: number) => number} placeAt of the context's time at which it begins: the clock moves on between two looks at it */
  function play(placeAt) {
    const awake = wake();
    const at = awake.currentTime + LEAD_SECONDS;
    const from = clamp(placeAt(at), 0, length());
    if (voice) hush(voice, at);
    voice = sound(awake, /** @type {Float32Array<ArrayBuffer>} */ (samples), from, at, false);
    voice.source.onended = () => rest(length());
    follow();
  }

  /** @param {number} at */
  function rest(at) {
    if (voice && context) hush(voice, context.currentTime);
    voice = null;
    position = at;
    follow();
  }

  function endLoop() {
    if (loop && context) hush(loop, context.currentTime);
    loop = null;
  }

  return {
    isPlaying: () => Boolean(voice),
    /** @param {Float32Array} clip @param {number} sampleRate */
    load(clip, sampleRate) {
      samples = clip;
      rate = sampleRate;
    },
    /** The clip is gone; another may be loaded. */
    unload() {
      endLoop();
      rest(0);
      samples = null;
    },
    /** Another sound of the same length takes over where the last one is. @param {Float32Array} track */
    change(track) {
      if (track === samples) return;
      samples = track;
      if (!voice) return;
      const { begun } = voice;
      play((at) => at - begun);
    },
    /** @param {number} seconds */
    seek(seconds) {
      const to = clamp(seconds, 0, length());
      if (voice) play(() => to);
      else rest(to);
    },
    toggle() {
      endLoop();
      if (voice) rest(here());
      else if (samples) play(() => (position < length() - FADE_SECONDS ? position : 0));
    },
    /** Repeats a sound; null stops it. @param {Float32Array<ArrayBuffer> | null} data */
    repeat(data) {
      endLoop();
      if (!data) return;
      if (voice) rest(here());
      const awake = wake();
      loop = sound(awake, data, 0, awake.currentTime + LEAD_SECONDS, true);
    },
  };
}
