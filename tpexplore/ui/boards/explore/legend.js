// Below the picture: the meaning of its colours. Above it: one sentence about it.

import { ATTENTION_RAMP, cssGradient, rampsOf } from "../shared/colours.js";
import { node, renew } from "../shared/dom.js";
import { LEAVES, blocksOf } from "../shared/fates.js";
import { blocksText } from "../shared/plan.js";
import { sentenceCase } from "../shared/text.js";
import { legendKeys } from "./picture.js";
import { CONTROL_NAMES } from "./state.js";

const VIEW_HELP = {
  sound: "Time runs to the right, pitch goes up. Coloured squares (patches) were kept, grey ones dropped.",
  rank: "Bright patches rank high in this stage; the lowest are dropped.",
  unranked: "No values are ranked here that could be shown.",
};

/**
 * @param {import("./state.js").View} view
 * @param {string | null} attention the sentence of the attention layer, if that is chosen
 */
export function renderLegend({ find, out, state, data, dropMap }, attention) {
  const { method, model } = data();
  const unranked = method === "merge" || Object.hasOwn(CONTROL_NAMES, state.score);
  const help = VIEW_HELP[state.colour !== "rank" ? "sound" : unranked ? "unranked" : "rank"];
  renew(out("view"), attention ?? help.replace("dropped", LEAVES[method]));
  const ramps = rampsOf(blocksOf(data()));
  const key = (/** @type {import("../shared/dom.js").Attributes} */ sample, /** @type {string} */ text) =>
    node("span", { class: "tp-key" }, node("i", sample), text);
  const keys = legendKeys(data(), dropMap()).flatMap(({ stage, text }) => {
    if (stage === null) return key({ class: "tp-hatch" }, text);
    return attention ? [] : key({ style: `background: ${cssGradient(ramps[stage])}` }, text);
  });
  if (attention) {
    const lines = key({ class: "tp-outline" }, "around the patches that were kept");
    keys.unshift(key({ style: `background: ${cssGradient(ATTENTION_RAMP)}` }, "attention, from none to most"), lines);
  }
  renew(find(".tp-legend"), ...keys);
  const many = blocksOf(data()).length > 1;
  renew(
    out("about-blocks"),
    `${sentenceCase(blocksText(data()))} of the model's ${model.depth} ${many ? "each keep" : "keeps"} only the ` +
      "best-ranked share of the patches that are still there, and " +
      `${many ? "drop" : "drops"} the rest for good.`,
  );
}
