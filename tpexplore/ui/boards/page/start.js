// The page around the tabs: what its inputs are described by, keys on its tabs and radio buttons, the keep-rate,
// saved figures, the tour.

import { describePage } from "./describe.js";
import { wirePlots } from "./plots.js";
import { keepProblemsInSight } from "./problems.js";
import { joinRadios } from "./radios.js";
import { showRates } from "./rate.js";
import { keepOpenTabInSight, wireTabKeys } from "./tablist.js";
import { startTour } from "./tour.js";

/** @param {import("../shared/board.js").Gradio} gradio */
export function start({ element }) {
  describePage();
  joinRadios();
  wireTabKeys();
  keepOpenTabInSight();
  showRates();
  wirePlots();
  keepProblemsInSight();
  startTour(element);
}
