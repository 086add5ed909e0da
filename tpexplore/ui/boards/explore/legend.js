// Under the picture: what its colours mean. Above it: one sentence on what it shows.

import { cssGradient, rampsOf } from "../shared/colours.js";
import { node } from "../shared/dom.js";
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

/** @param {import("./state.js").View} view */
export function renderLegend({ find, out, state, data, dropMap }) {
  const { method, model } = data();
  const unranked = method === "merge" || Object.hasOwn(CONTROL_NAMES, state.score);
  const help = VIEW_HELP[state.colour !== "rank" ? "sound" : unranked ? "unranked" : "rank"];
  out("view").textContent = help.replace("dropped", LEAVES[method]);
  const ramps = rampsOf(blocksOf(data()));
  const keys = legendKeys(data(), dropMap()).map(({ stage, text }) => {
    const sample = stage === null ? { class: "tp-hatch" } : { style: `background: ${cssGradient(ramps[stage])}` };
    return node("span", { class: "tp-key" }, node("i", sample), text);
  });
  find(".tp-legend").replaceChildren(...keys);
  const many = blocksOf(data()).length > 1;
  out("about-blocks").textContent =
    `${sentenceCase(blocksText(data()))} of the model's ${model.depth} ${many ? "each keep" : "keeps"} only the ` +
    "best-ranked share of the patches that are still there, and " +
    `${many ? "drop" : "drops"} the rest for good.`;
}
