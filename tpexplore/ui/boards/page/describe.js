// Links Gradio's inputs to the text beside them, so that a screen reader reads it, too.

import { afterRest } from "../shared/board.js";

/** Components whose sentence Gradio does not place itself: selector of the inputs -> of the sentence. @type {Record<string, string>} */
const SENTENCES_OF = {
  "#own-files button, #own-run, #own-stop": "#own-content .tab-help p",
  "#compare-content .settings input": "#compare-content .tab-help p",
  "#stability-run, #stability-stop": "#stability-content .tab-help p",
};
const SETTLED = 150; // ms without a change to the page

/** Repeats this whenever Gradio builds something. */
export function describePage() {
  let named = 0;

  /** @param {Iterable<Element>} inputs @param {Element} words */
  function describe(inputs, words) {
    for (const input of inputs) input.setAttribute("aria-describedby", idOf(words));
  }

  /** @param {Element} words */
  function idOf(words) {
    return (words.id ||= `words-${++named}`);
  }

  function describeAll() {
    for (const words of document.querySelectorAll(".block .info-text")) {
      const block = words.closest(".block");
      if (!block) continue;
      // A group is described once, not at each of its choices.
      const group = block.matches("fieldset");
      describe(group ? [block] : block.querySelectorAll("input, textarea, select"), words);
    }
    for (const title of document.querySelectorAll("fieldset.block > [data-testid='block-info']")) {
      title.parentElement?.setAttribute("aria-labelledby", idOf(title));
    }
    for (const [inputs, sentence] of Object.entries(SENTENCES_OF)) {
      const words = document.querySelector(sentence);
      if (words) describe(document.querySelectorAll(inputs), words);
    }
  }

  new MutationObserver(afterRest(SETTLED, describeAll)).observe(document.body, { childList: true, subtree: true });
  describeAll();
}
