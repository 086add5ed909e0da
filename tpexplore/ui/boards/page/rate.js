// Beside Gradio's sliders of the keep-rate: the percentage, as Explore writes it.

import { percent } from "../shared/text.js";
import { pageState } from "./state.js";

export function showRates() {
  let open = "explore";

  // On Explore, which has a slider of its own, it would cost a new look at the whole page at every step.
  function show() {
    if (open !== "explore") document.body.style.setProperty("--tp-rate-text", `"${percent(pageState.get().rate)}"`);
  }

  document.addEventListener("tp-tab", (event) => {
    open = /** @type {CustomEvent} */ (event).detail;
    show();
  });
  pageState.follow(show);
}
