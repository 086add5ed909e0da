// Readable numbers and counts.

/** @param {number | string} number */
export function minus(number) {
  return String(number).replace("-", "−");
}

/** @param {number} share @param {number} [digits] */
export function percent(share, digits = 0) {
  return `${(100 * share).toFixed(digits)}\u00a0%`;
}

/** @param {number} share */
export function probabilityText(share) {
  if (share < 0.0005) return "<0.1\u00a0%";
  return percent(share, share < 0.0995 ? 1 : 0);
}

/**
 * @param {number} macs
 * @param {number} scale the MACs whose size decides the unit
 */
export function macsText(macs, scale) {
  if (scale < 1e9) return `${(macs / 1e6).toFixed(0)} M`;
  return `${(macs / 1e9).toFixed(scale < 1e10 ? 2 : 1)} G`;
}

/** @param {number} value */
export function millisecondsText(value) {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

/** @param {number} low @param {number} high */
export function hertzRange(low, high) {
  if (high < 1000) return `${Math.round(low)}–${Math.round(high)} Hz`;
  const kilo = (/** @type {number} */ hertz) => (hertz / 1000).toFixed(hertz < 995 ? 2 : 1);
  return `${kilo(low)}–${kilo(high)} kHz`;
}

/** A span of time in a file. @param {number} start @param {number} end */
export function timeRange(start, end) {
  return `${start.toFixed(2)}–${end.toFixed(2)} s`;
}

/** @param {string} text */
export function sentenceCase(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * The sample behind an accuracy.
 *
 * @param {{n: number, task: string, split: string}} measured
 */
export function clipsText({ n, task, split }) {
  return `${n.toLocaleString("en")} clips of ${split.startsWith(task) ? split : `${task}, ${split}`}`;
}

/** @param {number} count */
export function patchCount(count) {
  return `${count} ${count === 1 ? "patch" : "patches"}`;
}
