// The fields for the pruning blocks and their own keep-rates; the server computes the results.

import { renew } from "../shared/dom.js";
import { DROPPED_BY } from "../shared/fates.js";
import { countWord, numbersOf, readBlocks, readRates } from "../shared/plan.js";
import { FIRST_RATE } from "./state.js";

const BLOCKS_HELP = `One or more of the model's blocks, ascending; in the paper ${DROPPED_BY.join(", ")}.`;
const EXAMPLE_RATES = [0.9, 0.7, 0.5];

/** @param {number} count of blocks */
function ratesHelp(count) {
  if (count === 1) return "Leave empty for the slider's keep-rate, or type one, such as 0.9.";
  const all = count === 2 ? "both" : `all ${countWord(count)}`;
  const example = count > EXAMPLE_RATES.length ? "one for each" : `one for each, such as ${EXAMPLE_RATES.slice(0, count).join(", ")}`;
  return `Leave empty for the slider's keep-rate at ${all}, or type ${example}.`;
}

/** @param {number} count of blocks */
function ratesProblem(count) {
  if (count === 1) return "Type a number from 0.05 to below 1, or nothing.";
  return `Type ${countWord(count)} numbers from 0.05 to 1, at least one of them below 1, or nothing.`;
}

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
    if (read === null) out("blocks-help").textContent = `Type ascending numbers from 1 to ${data().model.depth}, with commas.`;
    else {
      // The number of own keep-rates must equal the number of blocks.
      const fits = numbersOf(read).length === numbersOf(state.chosen.blocks).length;
      rates.setAttribute("aria-invalid", "false");
      choose(fits ? { blocks: read } : { blocks: read, rates: "" });
    }
  });

  rates.addEventListener("change", () => {
    const read = readRates(rates.value, state.chosen.blocks);
    rates.setAttribute("aria-invalid", String(read === null));
    if (read === null) out("rates-help").textContent = ratesProblem(numbersOf(state.chosen.blocks).length);
    else {
      if (read) setRate(FIRST_RATE); // at 100 % they would have no visible effect
      choose({ rates: read });
    }
  });

  return {
    /** Shows the current choice, unless someone is typing. */
    render() {
      /** @type {[HTMLInputElement, string, string, string][]} */
      const fields = [
        [blocks, "blocks-help", state.chosen.blocks, BLOCKS_HELP],
        [rates, "rates-help", state.chosen.rates, ratesHelp(numbersOf(state.chosen.blocks).length)],
      ];
      for (const [input, help, text, words] of fields) {
        if (input === document.activeElement || input.getAttribute("aria-invalid") === "true") continue;
        input.value = text.replaceAll(",", ", ");
        renew(out(help), words);
      }
    },
  };
}
