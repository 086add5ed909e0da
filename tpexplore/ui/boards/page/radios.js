// Gradio gives every radio button its own name, so the arrow keys do not work and a screen reader counts each button
// as "1 of 1". Here the buttons of one question get the same name, again after every choice, because Gradio then
// renames them.

import { afterRest } from "../shared/board.js";

const SETTLED = 150; // ms without a change to the page

/** Repeats this whenever Gradio builds something. */
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
