// The slider of the keep-rate: its position, the marks where the answer changes, and its text for screen readers.

import { pageState } from "../page/state.js";
import { fillTrack, node, renew } from "../shared/dom.js";
import { blocksOf } from "../shared/fates.js";
import { countWord, rateText } from "../shared/plan.js";
import { setUpRates } from "../shared/rates.js";
import { percent, probabilityText } from "../shared/text.js";
import { flipsText } from "./reading.js";

/** @param {number} stages */
export function rateHelp(stages) {
  if (stages === 1) return "At one point the model keeps this share of the patches.";
  return `At ${countWord(stages)} points the model keeps this share of what is left.`;
}

/**
 * @param {import("./state.js").View} view
 * @param {(event: Event) => void} onInput
 */
export function createSlider(view, onInput) {
  const { find, out, state, data, entry } = view;
  /** @type {HTMLInputElement} */
  const input = find(".tp-rate-input");

  /** @param {number} rate */
  function set(rate) {
    // With their own keep-rates the blocks have one position on the slider, which an address does not contain.
    const named = state.data?.own_rates?.length && rate < 1 ? Math.max(0.3, Math.min(0.95, Math.round(20 * rate) / 20)) : rate;
    state.rate = named;
    input.value = String(rate);
    pageState.set({ rate: named }, view);
  }

  input.addEventListener("input", (event) => {
    set(Number(input.value));
    onInput(event);
  });

  return {
    set,
    /** Another clip: its keep-rates. */
    load() {
      const { rates } = data();
      setUpRates(input, rates, state.rate);
      out("rate-help").textContent = rateHelp(blocksOf(data()).length);
      const ends = [rates[0], rates[rates.length - 1]].map((rate) => node("span", {}, percent(rate)));
      out("strip-ends").replaceChildren(...ends);
    },
    /** Another tab has moved it. @param {number} rate */
    follow(rate) {
      state.rate = rate;
      input.value = String(rate);
    },
    /** @param {import("./messages.js").Point} point @param {number} rate */
    render({ answer, probability }, rate) {
      const text = rateText(data(), rate);
      renew(out("rate"), text);
      fillTrack(input);
      const spoken = `${text} of the patches kept at each stage, answer ${answer} ${probabilityText(probability)}`;
      input.setAttribute("aria-valuetext", spoken);
      const [min, max] = [Number(input.min), Number(input.max)];
      const { flips, complete } = entry();
      const marks = flips.map((flip) => node("span", { style: `--tp-at: ${(flip.rate - min) / (max - min)}` }));
      renew(find(".tp-flips"), ...marks);
      const sentence = data().clip.silent ? "" : flipsText(entry());
      renew(out("flips"), complete ? sentence : "Other keep-rates are still being computed.");
    },
  };
}
