// Gradio gives every radio button a name of its own, so that the arrow keys lead nowhere and a screen reader counts
// each as one of one. Those of one question get one name here, again after every choice, as Gradio then renames them.

import { afterRest } from "../shared/board.js";

const SETTLED = 150; // ms without a change to the page

/** Keeps doing so, whatever Gradio builds. */
export function joinRadios() {
  /** @type {WeakMap<Element, string>} question -> name of its buttons */
  const names = new WeakMap();
  let named = 0;

  function join() {
    for (const radio of document.querySelectorAll("fieldset.block input[type='radio']")) {
      const question = /** @type {Element} */ (radio.closest("fieldset"));
      if (!names.has(question)) names.set(question, `question-${++named}`);
      const name = names.get(question) ?? "";
      if (radio.getAttribute("name") !== name) radio.setAttribute("name", name);
    }
  }

  // A key acts after this, so that it already finds them joined.
  addEventListener("keydown", join, true);
  new MutationObserver(afterRest(SETTLED, join)).observe(document.body, {
    childList: true,
    subtree: true,
    attributeFilter: ["name"],
  });
  join();
}
