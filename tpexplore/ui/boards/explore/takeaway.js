// The ZIP to take away: the picture is drawn here, the server puts the numbers and the Python beside it.

import { enableAgain } from "../shared/dom.js";
import { bytesOf } from "../shared/bytes.js";
import { planOf, wayName } from "../shared/plan.js";
import { createRequests } from "../shared/requests.js";
import { saveAs, stem } from "../shared/saving.js";
import { figureBlob } from "../shared/figure.js";
import { chosenFigure } from "./figure.js";

const TAKE_TEXT = { rest: "Take away (ZIP)", busy: "Making the ZIP …" };

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
  const requests = createRequests((request) => trigger("takeaway", request));

  /** A sentence on the result. */
  async function take() {
    const { clip, model, method } = data();
    const { score } = state;
    const rate = entry().rates[rateIndex()];
    const plain = stem(clip.name).replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-(?=.)|(?<=.)-$/g, "");
    const name = `tpexplore-${plain}-${model.name}-${wayName(method, score)}-${Math.round(100 * rate)}.zip`;
    const about = { clip: clip.name, start: clip.start, model: model.name };
    const way = { score, method, ...planOf(data()), keep_rate: rate };
    const picture = await figureBlob(chosenFigure(view), "png", "");
    const pictures = { picture: await base64OfBlob(picture) };
    const reply = await requests.ask({ ...about, ...way, pictures });
    if (reply.problem) return reply.problem;
    saveAs(new Blob([bytesOf(reply.zip)], { type: "application/zip" }), name);
    return "The ZIP is in your downloads.";
  }

  button.addEventListener("click", async () => {
    button.disabled = true;
    button.textContent = TAKE_TEXT.busy;
    out("taken").textContent = TAKE_TEXT.busy;
    try {
      out("taken").textContent = await take();
    } catch {
      out("taken").textContent = "The ZIP could not be made. Please try again.";
    }
    enableAgain(button, TAKE_TEXT.rest);
  });

  return {
    /** The server's answer. @param {string} text */
    receive(text) {
      if (text) requests.receive(JSON.parse(text));
    },
  };
}
