// Finds the highest keep-rate within a budget; and the field for the budget beside the slider.

import { addOptions, renew } from "../shared/dom.js";
import { percent } from "../shared/text.js";

/**
 * @typedef {Pick<import("./messages.js").Point, "macs" | "milliseconds">} Cost
 * @typedef {{rates: number[], points: Cost[]}} Costs
 * @typedef {{label: string, after: string, cost: (point: Cost, all: Cost) => number, digits: number}} Unit
 * @typedef {"giga" | "mega" | "share" | "time"} UnitName
 */

/** @type {Record<UnitName, Unit>} */
export const BUDGET_UNITS = {
  giga: { label: "G MACs", after: " G MACs", cost: (point) => point.macs / 1e9, digits: 2 },
  mega: { label: "M MACs", after: " M MACs", cost: (point) => point.macs / 1e6, digits: 0 },
  share: { label: "% of MACs", after: "\u00a0%", cost: (point, all) => (100 * point.macs) / all.macs, digits: 1 },
  time: { label: "ms here", after: " ms", cost: (point) => point.milliseconds, digits: 1 },
};

const BUDGET_HELP = "Type a limit; the highest keep-rate within it is used.";

/**
 * Index of the keep-rate, or -1. Measured times need not fall with the keep-rate: the highest that fits counts.
 *
 * @param {Costs} costs
 * @param {Cost} unpruned
 * @param {UnitName} unit
 * @param {number} budget
 */
export function fitBudget({ points }, unpruned, unit, budget) {
  return points.findLastIndex((point) => BUDGET_UNITS[unit].cost(point, unpruned) <= budget);
}

/**
 * @param {Costs} costs
 * @param {Cost} unpruned
 * @param {UnitName} unit
 * @param {number} budget
 */
export function budgetText(costs, unpruned, unit, budget) {
  if (!(budget > 0)) return "Type a number above 0.";
  const { after, cost, digits } = BUDGET_UNITS[unit];
  const { rates } = costs;
  const takes = (/** @type {number} */ i) => cost(costs.points[i], unpruned).toFixed(digits) + after;
  const index = fitBudget(costs, unpruned, unit, budget);
  if (index < 0) return `No keep-rate fits: ${percent(rates[0])} takes ${takes(0)}.`;
  const here = `Keep-rate ${percent(rates[index])} takes ${takes(index)}`;
  if (index === rates.length - 1) return `${here}: it fits without pruning.`;
  return `${here}, ${percent(rates[index + 1])} would take ${takes(index + 1)}.`;
}

/**
 * @param {import("./state.js").View} view
 * @param {{setRate: (rate: number) => void, onChange: (event: Event) => void}} acts
 */
export function createBudgetField({ find, out, state, data, entry }, { setRate, onChange }) {
  /** @type {HTMLInputElement} */
  const input = find(".tp-budget-input");
  /** @type {HTMLSelectElement} */
  const unit = find(".tp-budget-unit");
  addOptions(unit, Object.fromEntries(Object.entries(BUDGET_UNITS).map(([name, { label }]) => [name, label])));

  function apply() {
    if (!input.value && !input.validity.badInput) {
      renew(out("budget"), BUDGET_HELP);
      return;
    }
    const budget = input.valueAsNumber;
    const name = /** @type {UnitName} */ (unit.value);
    const { unpruned } = data();
    renew(out("budget"), budgetText(entry(), unpruned, name, budget));
    const index = budget > 0 ? fitBudget(entry(), unpruned, name, budget) : -1;
    if (index >= 0) setRate(entry().rates[index]);
  }

  for (const type of ["input", "change"]) {
    find(".tp-budget-row").addEventListener(type, (event) => {
      if (event.target === unit) unit.dataset.chosen = "true";
      if (state.data) apply();
      onChange(event);
    });
  }

  return {
    apply,
    /** Another clip: in the unit that suits its model, unless someone has chosen one. */
    load() {
      if (!unit.dataset.chosen) unit.value = data().unpruned.macs < 1e9 ? "mega" : "giga";
      apply();
    },
    /** The keep-rate has changed, so the budget no longer describes the view. */
    clear() {
      if (input.value || input.validity.badInput) input.value = "";
      apply();
    },
  };
}
