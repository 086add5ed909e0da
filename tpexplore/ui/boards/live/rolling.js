// The rolling picture: the last frames as they arrive, in the loudness range of the visible part.

const SHOWN_DECIBELS = 80;
const QUIETEST_TOP = -40; // dB; a picture of near silence is not blown up to full brightness

/**
 * @param {number} frames that are in sight at most
 * @param {number} bins
 * @param {[number, number]} scale decibels of a byte of 0, and bytes a decibel
 */
export function createRolling(frames, bins, [floor, steps]) {
  const bytes = new Uint8Array(frames * bins);
  const grey = new Uint8Array(frames * bins);
  let end = 0; // frames since the beginning

  return {
    get end() {
      return end;
    },
    clear() {
      bytes.fill(0);
      end = 0;
    },
    /**
     * Adds the frames that end at `now`, of which `real` are visible.
     *
     * @param {Uint8Array} fresh
     * @param {number} now
     * @param {number} real
     */
    take(fresh, now, real) {
      if (now < end) end = 0; // the server has started again
      const before = Math.min(end, frames);
      const stay = Math.max(0, real - (now - end)); // among the frames received
      bytes.copyWithin(0, (before - stay) * bins, before * bins);
      bytes.fill(0, stay * bins);
      const count = fresh.length / bins;
      bytes.set(fresh.subarray(Math.max(0, count - real) * bins), Math.max(0, real - count) * bins);
      end = now;
    },
    /** The picture in 256 steps of grey, and their range in decibels; the rest of it is the model's padding. */
    draw() {
      let loudest = 0;
      for (const value of bytes) loudest = Math.max(loudest, value);
      const high = Math.max(QUIETEST_TOP, Math.ceil((floor + loudest / steps) / 5) * 5);
      const low = high - SHOWN_DECIBELS;
      for (let at = 0; at < bytes.length; at++) {
        grey[at] = Math.max(0, Math.min(255, Math.round((255 * (floor + bytes[at] / steps - low)) / SHOWN_DECIBELS)));
      }
      return { grey, decibels: /** @type {[number, number]} */ ([low, high]) };
    },
  };
}

/**
 * How often something happens: times a second, over the last seconds.
 *
 * @param {number} [span] seconds
 */
export function createPulse(span = 4) {
  /** @type {number[]} */
  let times = [];
  return {
    /** @param {number} milliseconds */
    beat(milliseconds) {
      times = [...times, milliseconds].filter((time) => time > milliseconds - 1000 * span);
    },
    /** Null until it has happened twice. */
    rate() {
      const took = times[times.length - 1] - times[0];
      return took > 0 ? (1000 * (times.length - 1)) / took : null;
    },
  };
}
