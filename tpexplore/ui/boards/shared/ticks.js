// Round numbers along an axis of shares.

const STEPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5];

/**
 * Where an axis is marked: multiples of one round step.
 *
 * @param {number} low
 * @param {number} high
 * @param {number} [most] steps
 */
export function shareTicks(low, high, most = 5) {
  const step = STEPS.find((one) => (high - low) / one <= most + 1e-6) ?? 0.5;
  const [first, last] = [Math.ceil(low / step - 1e-6), Math.floor(high / step + 1e-6)];
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

const FINER = [50, 150, 200, 300, 400, 600, 700, 800, 1200, 1400, 1600, 1800, 2500, 3000, 3500, 5000, 6000, 7000];
const TICK_ROOM = 22; // px between two

/** @typedef {{label: string, at: number}} Tick how far up the whole axis, 0 to 1 */

/**
 * Labels of the visible part of a frequency axis: those of the whole axis, and as many between them as fit.
 *
 * @param {Tick[]} ticks of the whole axis, which is even in mel
 * @param {{low: number, high: number}} cut
 * @param {number} height px that the part takes
 * @returns {Tick[]} from the lowest up
 */
export function hertzTicks(ticks, { low, high }, height) {
  const hertzOf = (/** @type {Tick} */ { label }) => (label.endsWith("k") ? 1000 * parseFloat(label) : Number(label));
  const mel = (/** @type {number} */ hertz) => Math.log1p(hertz / 700);
  // The outermost is left out of the reckoning: at the top of the axis it is moved to its end.
  const inner = ticks.filter(({ at }) => at < 1);
  if (inner.length < 2) return ticks;
  const [one, other] = [inner[0], inner[inner.length - 1]];
  const slope = (other.at - one.at) / (mel(hertzOf(other)) - mel(hertzOf(one)));
  const finer = FINER.map((hertz) => ({
    label: hertz < 1000 ? `${hertz}` : `${hertz / 1000}k`,
    at: one.at + slope * (mel(hertz) - mel(hertzOf(one))),
  }));
  /** @type {Tick[]} */
  const chosen = [];
  for (const tick of [...ticks, ...finer]) {
    const isFar = chosen.every(({ at }) => (Math.abs(at - tick.at) * height) / (high - low) >= TICK_ROOM);
    if (tick.at >= low && tick.at <= high && isFar) chosen.push(tick);
  }
  return chosen.sort((a, b) => a.at - b.at);
}
