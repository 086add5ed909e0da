// Does what is kept suffice, and does what is removed matter? The server hears each part alone, when it is asked to.

import { enableAgain } from "../shared/dom.js";
import { planOf } from "../shared/plan.js";
import { probabilityText } from "../shared/text.js";

/**
 * @typedef {{answer: string, probability: number}} Said
 * @typedef {{whole: Said, kept: Said, removed: Said, random: {draws: number, same: number}}} Heard
 */

const HEAR_TEXT = { rest: "Test each part alone", busy: "Testing …" };
const PATIENCE = 60_000; // ms; where the server's queue is full, no answer comes

/** @param {Heard} heard */
export function heardText({ whole, kept, removed, random }) {
  const said = (/** @type {Said} */ part) => `“${part.answer}” (${probabilityText(part.probability)})`;
  return (
    `From the kept parts alone the model hears ${said(kept)}, from the removed parts alone ${said(removed)}. ` +
    `Of ${random.draws} random choices of as many patches, ` +
    `${random.same || "none"} ${random.same > 1 ? "give" : "gives"} “${whole.answer}”.`
  );
}

/**
 * @param {import("./state.js").View} view
 * @param {import("../shared/board.js").Gradio["trigger"]} trigger
 */
export function createFaithfulness({ find, out, state, data, entry, rateIndex }, trigger) {
  /** @type {HTMLButtonElement} */
  const button = find(".tp-hear");
  /** @type {{id: number, timer: ReturnType<typeof setTimeout>} | null} the answer that is waited for */
  let waiting = null;
  let about = ""; // what the sentence is about
  let count = 0;

  const shown = () => {
    const { clip, model, method } = data();
    const keepRate = entry().rates[rateIndex()];
    const way = { score: state.score, method, ...planOf(data()), keep_rate: keepRate };
    return { clip: clip.name, start: clip.start, model: model.name, ...way };
  };

  /** @param {string} sentence */
  function end(sentence) {
    clearTimeout(waiting?.timer);
    waiting = null;
    enableAgain(button, HEAR_TEXT.rest);
    out("heard").textContent = sentence;
  }

  button.addEventListener("click", () => {
    const timer = setTimeout(() => end("The server has not answered; please try again."), PATIENCE);
    const request = shown();
    const id = ++count;
    waiting = { id, timer };
    about = JSON.stringify(request);
    button.disabled = true;
    button.textContent = HEAR_TEXT.busy;
    trigger("hear", { id, ...request });
  });

  return {
    /** The sentence goes once it is about something else than what is seen. */
    render() {
      if (about && about !== JSON.stringify(shown())) {
        about = "";
        end("");
      }
    },
    /** The server's answer. @param {string} text */
    receive(text) {
      const reply = text && JSON.parse(text);
      if (!reply || !waiting || reply.id !== waiting.id) return; // too late: something else is seen
      end(reply.problem ?? heardText(reply));
    },
  };
}
