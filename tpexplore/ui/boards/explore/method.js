// The choice of what happens to patches that are not kept, and of rankings to compare with; the server computes both.

import { pageState } from "../page/state.js";
import { addSegments, checkRadio, renew, valueOf } from "../shared/dom.js";
import { isPlanOf } from "../shared/plan.js";
import { CONTROL_NAMES, METHOD_NAMES } from "./state.js";

/** @typedef {import("../shared/fates.js").Method} Method */

/** @type {Record<Method, string>} */
const METHOD_HELP = {
  drop: "The other patches leave, as in the paper.",
  fuse: "The other patches become one token, their mean weighted by attention (EViT).",
  merge: "Patches that are alike join, until the keep-rate is reached; nothing is ranked (ToMe).",
};

/**
 * @param {import("./state.js").View} view
 * @param {import("../shared/board.js").Gradio["trigger"]} trigger
 */
export function createMethodField(view, trigger) {
  const { find, out, state, data } = view;
  const [field, controls] = [".tp-method", ".tp-controls"].map((name) => find(name));
  addSegments(field, "tp-method", METHOD_NAMES);
  addSegments(controls, "tp-score", CONTROL_NAMES);

  /**
   * Shows available results at once, and requests the rest from the server.
   *
   * @param {Partial<import("./state.js").State["chosen"]>} choice
   */
  function choose(choice) {
    const { chosen } = state;
    Object.assign(chosen, choice);
    tellPage();
    if (!state.data) return;
    const { method, scores } = state.data;
    const same = chosen.method === method && isPlanOf(state.data, chosen);
    if (same && scores[chosen.score]) state.score = chosen.score;
    else trigger("again");
  }

  /** All but a control is the page's; the server's request reads it here. */
  function tellPage() {
    const { method, score, blocks, rates } = state.chosen;
    const control = Object.hasOwn(CONTROL_NAMES, score);
    pageState.set({ method, blocks, rates, ...(!control && { score }) }, view);
    Object.assign(find(".tp").dataset, { method, control: control ? score : "", blocks, rates });
  }

  field.addEventListener("change", (event) => {
    const method = /** @type {Method} */ (valueOf(event));
    // Merging does not rank, so the previous ranking is reset.
    choose(method === "merge" ? { method, score: "attention" } : { method });
    render();
  });

  function render() {
    const { method, score } = state.chosen;
    checkRadio(field, method);
    checkRadio(controls, score);
    for (const radio of controls.querySelectorAll("input")) radio.disabled = method === "merge";
    const waits = method !== data().method || score !== state.score || !isPlanOf(data(), state.chosen);
    renew(out("method-help"), waits ? "This is being computed." : METHOD_HELP[method]);
  }

  return { choose, tellPage, render };
}
