// The ZIP to take away: the picture is drawn here, the server puts the numbers and the Python beside it.

import { enableAgain } from "../shared/dom.js";
import { bytesOf } from "../shared/bytes.js";
import { planOf, wayName } from "../shared/plan.js";
import { saveAs, stem } from "../shared/saving.js";
import { figureBlob } from "../shared/figure.js";
import { chosenFigure } from "./figure.js";

const TAKE_TEXT = { rest: "Take away (ZIP)", busy: "Making the ZIP …" };
const TAKE_PATIENCE = 60_000; // ms; where the server's queue is full, no answer comes

/** @param {Blob} blob @returns {Promise<string>} */
function base64OfBlob(blob) {
  return new Promise((done) => {
    const reader = new FileReader();
    reader.onload = () => done(String(reader.result).split(",")[1]);
    reader.readAsDataURL(blob);
  });
}

/**
 * @param {import("./state.js").View} view
 * @param {import("../shared/board.js").Gradio["trigger"]} trigger
 */
export function createTakeaway(view, trigger) {
  const { find, out, state, data, entry, rateIndex } = view;
  /** @type {HTMLButtonElement} */
  const button = find(".tp-take");
  /** @type {{id: number, name: string, timer: ReturnType<typeof setTimeout>} | null} the ZIP that is waited for */
  let taking = null;
  let count = 0;

  /** @param {string} message */
  function end(message) {
    clearTimeout(taking?.timer);
    taking = null;
    enableAgain(button, TAKE_TEXT.rest);
    out("taken").textContent = message;
  }

  async function take() {
    const { clip, model, method } = data();
    const { score } = state;
    const index = rateIndex();
    const rate = entry().rates[index];
    const timer = setTimeout(() => end("The server has not answered; please try again."), TAKE_PATIENCE);
    const plain = stem(clip.name).replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-(?=.)|(?<=.)-$/g, "");
    const name = `tpexplore-${plain}-${model.name}-${wayName(method, score)}-${Math.round(100 * rate)}.zip`;
    const id = ++count;
    taking = { id, name, timer };
    button.disabled = true;
    button.textContent = TAKE_TEXT.busy;
    out("taken").textContent = TAKE_TEXT.busy;
    const picture = await figureBlob(chosenFigure(view), "png", "");
    trigger("takeaway", {
      id,
      clip: clip.name,
      start: clip.start,
      model: model.name,
      score,
      method,
      ...planOf(data()),
      keep_rate: rate,
      pictures: { picture: await base64OfBlob(picture) },
    });
  }

  button.addEventListener("click", take);

  return {
    /** The server's answer. @param {string} text */
    receive(text) {
      const reply = text && JSON.parse(text);
      if (!reply || !taking || reply.id !== taking.id) return; // emptied again, or answered too late
      if (reply.zip) saveAs(new Blob([bytesOf(reply.zip)], { type: "application/zip" }), taking.name);
      end(reply.problem ?? "The ZIP is in your downloads.");
    },
  };
}
