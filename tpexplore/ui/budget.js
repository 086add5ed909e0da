// From a budget to the highest keep-rate that fits it.

const BUDGET_UNITS = {
  giga: { label: "G MACs", after: " G MACs", cost: (point) => point.macs / 1e9, digits: 2 },
  mega: { label: "M MACs", after: " M MACs", cost: (point) => point.macs / 1e6, digits: 0 },
  share: { label: "% of MACs", after: "%", cost: (point, all) => (100 * point.macs) / all.macs, digits: 1 },
  time: { label: "ms here", after: " ms", cost: (point) => point.milliseconds, digits: 1 },
};

// Index of the keep-rate, or -1. Measured times need not fall with the keep-rate: the highest that fits counts.
function fitBudget({ points }, unpruned, unit, budget) {
  return points.findLastIndex((point) => BUDGET_UNITS[unit].cost(point, unpruned) <= budget);
}

function budgetText(entry, unpruned, unit, budget) {
  if (!(budget > 0)) return "Type a number above 0.";
  const { after, cost, digits } = BUDGET_UNITS[unit];
  const { rates } = entry;
  const takes = (i) => cost(entry.points[i], unpruned).toFixed(digits) + after;
  const index = fitBudget(entry, unpruned, unit, budget);
  if (index < 0) return `No keep-rate fits: ${percent(rates[0])} takes ${takes(0)}.`;
  const here = `Keep-rate ${percent(rates[index])} takes ${takes(index)}`;
  if (index === rates.length - 1) return `${here}: it fits without pruning.`;
  return `${here}, ${percent(rates[index + 1])} would take ${takes(index + 1)}.`;
}

// ---- the field beside the slider --------------------------------------------------------------------------

const BUDGET_HELP = "What a pass may cost: the highest keep-rate that fits is chosen.";

const budgetInput = find(".tp-budget-input");
const budgetUnit = find(".tp-budget-unit");
addOptions(budgetUnit, Object.fromEntries(Object.entries(BUDGET_UNITS).map(([unit, { label }]) => [unit, label])));

function applyBudget() {
  const { data, score } = state;
  const entry = data.scores[score];
  if (!budgetInput.value && !budgetInput.validity.badInput) {
    out("budget").textContent = BUDGET_HELP;
    return;
  }
  const budget = budgetInput.valueAsNumber;
  out("budget").textContent = budgetText(entry, data.unpruned, budgetUnit.value, budget);
  const index = budget > 0 ? fitBudget(entry, data.unpruned, budgetUnit.value, budget) : -1;
  if (index >= 0) {
    state.rate = entry.rates[index];
    rateInput.value = state.rate;
  }
}

for (const type of ["input", "change"]) {
  find(".tp-budget-row").addEventListener(type, (event) => {
    if (event.target === budgetUnit) budgetUnit.dataset.chosen = true;
    applyBudget();
    speakSummarySoon();
    redrawAfter(event);
  });
}
