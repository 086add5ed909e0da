// Below the field for the user's own model: facts about the one just loaded, and the last ones used here.

import { finder, node } from "../shared/dom.js";

const STORED = "tpexplore-own-models";
const REMEMBERED = 5;

/**
 * The sources to remember, newest first.
 *
 * @param {unknown} before the stored value, perhaps by an older version
 * @param {string} [newest]
 * @returns {string[]}
 */
export function remembered(before, newest) {
  const sources = Array.isArray(before) ? before.filter((source) => typeof source === "string") : [];
  return [...new Set(newest ? [newest, ...sources] : sources)].slice(0, REMEMBERED);
}

function stored() {
  try {
    return remembered(JSON.parse(localStorage.getItem(STORED) ?? "[]"));
  } catch {
    return []; // the browser stores nothing, or the value is not a list
  }
}

/** @param {string[]} sources */
function store(sources) {
  try {
    localStorage.setItem(STORED, JSON.stringify(sources));
  } catch {
    // a browser that keeps nothing
  }
}

/** @param {string} text */
function fillField(text) {
  /** @type {HTMLInputElement | null} */
  const field = document.querySelector("#own-model-source textarea, #own-model-source input");
  if (!field) return;
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** @param {import("../shared/board.js").Gradio} gradio */
export function start({ element, props, watch }) {
  const find = finder(element);

  function render() {
    const sources = stored();
    const buttons = sources.map((source) => {
      const button = node("button", { type: "button", class: "tp-button", title: source }, source);
      button.addEventListener("click", () => {
        fillField(source);
        /** @type {HTMLElement | null} */ (document.querySelector("#own-model-load"))?.click();
      });
      return button;
    });
    find(".to-used").hidden = !sources.length;
    find(".to-list").replaceChildren(...buttons);
  }

  /** A model was loaded. */
  function receive() {
    if (!props.value) return;
    const { source, about } = JSON.parse(props.value);
    find(".to-about").textContent = about;
    store(remembered(stored(), source));
    render();
  }

  /** A link names a model of the Hub; it is fetched only after the user confirms. @param {string} source */
  function offer(source) {
    document.body.classList.add("tp-own-model");
    fillField(source);
    find(".to-about").textContent = `The link names ${source}. Press “Load this model” to open it.`;
  }

  document.addEventListener("tp-own-model", (event) => offer(/** @type {CustomEvent} */ (event).detail));
  const { ownModel } = document.documentElement.dataset;
  if (ownModel) offer(ownModel);
  watch("value", receive);
  render();
  receive();
}
