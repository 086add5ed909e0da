// Which blocks prune, and a keep-rate for each where they are to differ: typed here, computed by the server.

import { DROPPED_BY } from "../shared/fates.js";
import { readBlocks, readRates } from "../shared/plan.js";
import { FIRST_RATE } from "./state.js";

const BLOCKS_HELP = `Three of the model's blocks, ascending; in the paper ${DROPPED_BY.join(", ")}.`;
const RATES_HELP = "Leave empty for the slider's keep-rate at all three, or type one for each, such as 0.9, 0.7, 0.5.";

/**
 * @param {import("./state.js").View} view
 * @param {{choose: (choice: {blocks?: string, rates?: string}) => void, setRate: (rate: number) => void}} acts
 */
export function createPlanField({ find, out, state, data }, { choose, setRate }) {
  /** @type {HTMLInputElement} */
  const blocks = find(".tp-blocks");
  /** @type {HTMLInputElement} */
  const rates = find(".tp-rates");

  blocks.addEventListener("change", () => {
    const read = readBlocks(blocks.value, data().model.depth);
    blocks.setAttribute("aria-invalid", String(read === null));
    if (read === null) out("blocks-help").textContent = `Type three ascending numbers from 1 to ${data().model.depth}.`;
    else choose({ blocks: read });
  });

  rates.addEventListener("change", () => {
    const read = readRates(rates.value);
    rates.setAttribute("aria-invalid", String(read === null));
    if (read === null) out("rates-help").textContent = "Type three numbers from 0.05 to 1, or nothing.";
    else {
      if (read) setRate(FIRST_RATE); // at 100 % they would not be seen
      choose({ rates: read });
    }
  });

  return {
    /** What is chosen, unless someone is typing. */
    render() {
      /** @type {[HTMLInputElement, string, string, string][]} */
      const fields = [
        [blocks, "blocks-help", state.chosen.blocks, BLOCKS_HELP],
        [rates, "rates-help", state.chosen.rates, RATES_HELP],
      ];
      for (const [input, help, text, words] of fields) {
        if (input === document.activeElement || input.getAttribute("aria-invalid") === "true") continue;
        input.value = text.replaceAll(",", ", ");
        out(help).textContent = words;
      }
    },
  };
}
