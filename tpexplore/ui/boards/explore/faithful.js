// Do the kept patches suffice, and do the removed ones matter? On request the server runs the model on each part alone.

import { enableAgain } from "../shared/dom.js";
import { planOf } from "../shared/plan.js";
import { createRequests } from "../shared/requests.js";
import { probabilityText } from "../shared/text.js";

/**
 * @typedef {{answer: string, probability: number}} Said
 * @typedef {{whole: Said, kept: Said, removed: Said, random: {draws: number, same: number}}} Heard
 */

const HEAR_TEXT = { rest: "Test each part alone", busy: "Testing …" };

/** @param {Heard} heard */
export function heardText({ whole, kept, removed, random }) {
  const quote = (/** @type {Said} */ part) => `“${part.answer}” (${probabilityText(part.probability)})`;
  return (
    `From the kept parts alone the model hears ${quote(kept)}, from the removed parts alone ${quote(removed)}. ` +
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
  const requests = createRequests((request) => trigger("hear", request));
  let about = ""; // what the sentence is about

  const shown = () => {
    const { clip, model, method } = data();
    const keepRate = entry().rates[rateIndex()];
    const way = { score: state.score, method, ...planOf(data()), keep_rate: keepRate };
    return { clip: clip.name, start: clip.start, model: model.name, ...way };
  };

  /** @param {string} sentence */
  function end(sentence) {
    enableAgain(button, HEAR_TEXT.rest);
    out("heard").textContent = sentence;
  }

  button.addEventListener("click", async () => {
    const request = shown();
    const own = (about = JSON.stringify(request));
    button.disabled = true;
    button.textContent = HEAR_TEXT.busy;
    const reply = await requests.ask(request);
    if (about === own) end(reply.problem ?? heardText(reply)); // otherwise the view has changed
  });

  return {
    /** Removes the sentence if the view has changed. */
    render() {
      if (about && about !== JSON.stringify(shown())) {
        about = "";
        end("");
      }
    },
    /** The server's answer. @param {string} text */
    receive(text) {
      if (text) requests.receive(JSON.parse(text));
    },
  };
}
