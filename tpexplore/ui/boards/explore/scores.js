// The choice of the ranking beside the slider, and its meaning.

import { addSegments, checkRadio, renew, valueOf } from "../shared/dom.js";
import { SCORE_NAMES } from "./state.js";

/** @typedef {import("./messages.js").Score} Score */

const SCORE_HELP = {
  attention: {
    ast: "What the model looks at stays (CLS token, mean over heads).",
    audiomae: "What the model looks at stays (mean over patches and heads).",
  },
  intensity: "Loud patches stay (mean of their values).",
  variation: "Patches with contrasts stay (spread of their values).",
  random: "A random order, the same each time: what chance does.",
  "time-even": "Of every moment the patch with most attention first, then every second one.",
};

/**
 * @param {import("./state.js").View} view
 * @param {(score: Score, event: Event) => void} choose
 */
export function createScores({ find, out, state, data }, choose) {
  const field = find(".tp-score");
  addSegments(field, "tp-score", SCORE_NAMES);
  for (const one of [field, find(".tp-controls")]) {
    one.addEventListener("change", (event) => choose(/** @type {Score} */ (valueOf(event)), event));
  }
  return {
    render() {
      const { scores, model } = data();
      checkRadio(field, state.chosen.score);
      for (const radio of field.querySelectorAll("input")) radio.disabled = !scores[/** @type {Score} */ (radio.value)];
      const help = SCORE_HELP[state.score];
      renew(out("score-help"), typeof help === "string" ? help : help[model.family]);
    },
  };
}
