import assert from "node:assert/strict";
import { test } from "node:test";

import { budgetText, fitBudget } from "../../tpexplore/ui/boards/explore/budget.js";

const UNPRUNED = { macs: 4e8, milliseconds: 20 };
const COSTS = {
  rates: [0.3, 0.5, 0.7, 1],
  points: [
    { macs: 1.5e8, milliseconds: 9 },
    { macs: 2e8, milliseconds: 12 },
    { macs: 2.6e8, milliseconds: 11 }, // measured times need not rise
    UNPRUNED,
  ],
};

test("the highest keep-rate that fits", () => {
  assert.equal(fitBudget(COSTS, UNPRUNED, "mega", 200), 1);
  assert.equal(fitBudget(COSTS, UNPRUNED, "mega", 199.9), 0);
  assert.equal(fitBudget(COSTS, UNPRUNED, "giga", 0.3), 2);
  assert.equal(fitBudget(COSTS, UNPRUNED, "share", 50), 1);
  assert.equal(fitBudget(COSTS, UNPRUNED, "time", 11), 2);
  assert.equal(fitBudget(COSTS, UNPRUNED, "time", 1), -1);
});

test("the sentences about a budget", () => {
  assert.equal(budgetText(COSTS, UNPRUNED, "mega", 0), "Type a number above 0.");
  assert.equal(budgetText(COSTS, UNPRUNED, "mega", NaN), "Type a number above 0.");
  assert.equal(budgetText(COSTS, UNPRUNED, "mega", 100), "No keep-rate fits: 30\u00a0% takes 150 M MACs.");
  assert.match(budgetText(COSTS, UNPRUNED, "share", 60), /^Keep-rate 50\u00a0% takes 50.0\u00a0%, 70\u00a0% would take 65.0\u00a0%/);
  assert.match(budgetText(COSTS, UNPRUNED, "time", 99), /^Keep-rate 100\u00a0% takes 20.0 ms: it fits without pruning/);
});
