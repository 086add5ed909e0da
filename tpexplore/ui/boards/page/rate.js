// Writes the percentage beside Gradio's sliders of the keep-rate, in Explore's form.

import { percent } from "../shared/text.js";
import { pageState } from "./state.js";

export function showRates() {
  let open = "explore";

  // Explore has its own slider; there every step would search the whole page again.
  function show() {
    if (open !== "explore") document.body.style.setProperty("--tp-rate-text", `"${percent(pageState.get().rate)}"`);
  }

  document.addEventListener("tp-tab", (event) => {
    open = /** @type {CustomEvent} */ (event).detail;
    show();
  });
  pageState.follow(show);
}
