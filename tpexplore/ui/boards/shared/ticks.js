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
