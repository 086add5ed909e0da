// The keep-rates that a slider moves over.

/**
 * The rate that is nearest to a target: index into `rates`.
 *
 * @param {number[]} rates
 * @param {number} target
 */
export function nearestRate(rates, target) {
  const distances = rates.map((rate) => Math.abs(rate - target));
  return distances.indexOf(Math.min(...distances));
}

/**
 * Sets a slider up for these rates.
 *
 * @param {HTMLInputElement} slider
 * @param {number[]} rates ascending, in even steps
 * @param {number} value
 */
export function setUpRates(slider, rates, value) {
  const step = (rates[1] - rates[0]).toFixed(2);
  Object.assign(slider, { min: rates[0], max: rates[rates.length - 1], step });
  slider.value = String(value);
}
