// How often the model is right at the chosen keep-rate: the number, its interval, and where on the curve that is.

import { node, renew } from "../shared/dom.js";
import { isPlanOf, planOf } from "../shared/plan.js";
import { clipsText, percent } from "../shared/text.js";
import { accuracyCurve, curveWidth, FIRST_WIDTH } from "./curve.js";

/**
 * @typedef {import("./messages.js").Data} Data
 * @typedef {import("./messages.js").Measured} Measured
 * @typedef {import("./messages.js").Score} Score
 */

/** @param {HTMLElement} card */
export function createAccuracy(card) {
  const heading = () => node("h3", {}, "How often it is right");
  /** @type {ReturnType<typeof draw> | null} the card as it is drawn; null where there is nothing to draw */
  let drawn = null;
  let width = FIRST_WIDTH;
  /** @type {[Data, Score, number] | null} the last rendering, to be repeated in another width */
  let shown = null;

  /** All but what moves with the keep-rate. @param {Data} data @param {Measured} about @param {Score} score */
  function draw(data, about, score) {
    const value = node("b");
    const interval = node("p", { class: "tp-help" });
    const curve = accuracyCurve(about.accuracy, data.unpruned, score, width);
    const others = Object.entries(about.accuracy).some(([name, row]) => name !== score && row.length);
    const band = data.method === "merge" ? "merged" : `ranked by ${score}`;
    const key = `Circle: this keep-rate. Shading: 95 % confidence, ${band}.${others ? " Thin lines: other rankings." : ""}`;
    const source = provenance(about, card.querySelector("details")?.open);
    const line = node("p", { class: "tp-figure-line" }, value);
    card.replaceChildren(heading(), line, interval, curve.picture, node("p", { class: "tp-help" }, key), source);
    return { about, score, width, value, interval, curve };
  }

  /** @param {Data} data @param {Score} score @param {number} index of the keep-rate */
  function render(data, score, index) {
    shown = [data, score, index];
    const about = data.measured;
    const rate = data.scores[score].rates[index];
    const here = about?.accuracy[score]?.find((measured) => measured.rate === rate);
    if (!about || !here) {
      drawn = null;
      renew(card, heading(), node("p", {}, missing(data)));
      return;
    }
    if (drawn?.about !== about || drawn.score !== score || drawn.width !== width) drawn = draw(data, about, score);
    const interval = `95 % confidence ${percent(here.low, 1)} to ${percent(here.high, 1)}`;
    const what = `${about.metric} of this checkpoint at this keep-rate`;
    renew(drawn.value, percent(here.value, 1));
    renew(drawn.interval, `${interval}: ${what} on ${clipsText(about)}.`);
    drawn.curve.mark(here);
  }

  new ResizeObserver(([{ contentRect }]) => {
    width = curveWidth(contentRect.width);
    if (shown && drawn && contentRect.width) render(...shown);
  }).observe(card);

  return { render };
}

/** @param {Data} data */
function missing(data) {
  if (!isPlanOf(data, planOf({}))) {
    return "Accuracy has been measured for the paper's blocks only, with one keep-rate for all.";
  }
  return `The accuracy of this checkpoint has not been measured ${data.measured ? "at this keep-rate" : "at any keep-rate"}.`;
}

/** @param {Measured} about @param {boolean | undefined} open */
function provenance(about, open) {
  const details = node(
    "details",
    { class: "tp-help" },
    node("summary", {}, "Where these figures come from"),
    `Weights ${about.weights}, measured on ${about.date} at commit ${about.commit} by `,
    node("code", {}, about.made_by),
  );
  details.open = Boolean(open);
  return details;
}
