// Ties Gradio's inputs to the words that stand beside them, so that a screen reader says these too.

// Components whose sentence Gradio does not place itself: selector of the inputs -> of the sentence.
const SENTENCES_OF = {
  "#clip button[aria-dropeffect], #clip .source-selection button": "#controls .hint p",
  "#own-files button, #own-run, #own-stop": "#own-content .tab-help p",
  "#stability-run, #stability-stop": "#stability-content .tab-help p",
};
const SETTLED = 150; // ms without a change to the page

let named = 0;
const idOf = (words) => (words.id ||= `words-${++named}`);

function describe(inputs, words) {
  for (const input of inputs) input.setAttribute("aria-describedby", idOf(words));
}

function describeAll() {
  for (const words of document.querySelectorAll(".block .info-text")) {
    const block = words.closest(".block");
    // A group is described once, not at each of its choices.
    const group = block.matches("fieldset");
    describe(group ? [block] : block.querySelectorAll("input, textarea, select"), words);
  }
  for (const title of document.querySelectorAll("fieldset.block > [data-testid='block-info']")) {
    title.parentElement.setAttribute("aria-labelledby", idOf(title));
  }
  for (const [inputs, sentence] of Object.entries(SENTENCES_OF)) {
    const words = document.querySelector(sentence);
    if (words) describe(document.querySelectorAll(inputs), words);
  }
}

let rest = 0;
new MutationObserver(() => {
  clearTimeout(rest);
  rest = setTimeout(describeAll, SETTLED);
}).observe(document.body, { childList: true, subtree: true });
describeAll();
