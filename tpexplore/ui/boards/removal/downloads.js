// What can be taken away: the picture, the two curves, their numbers.

import { chosenWidth, figureBlob } from "../shared/figure.js";
import { fileName, saveAs } from "../shared/saving.js";
import { tableBlob } from "../shared/table.js";
import { probabilityText } from "../shared/text.js";
import { chartBlob, printedChart } from "./chart.js";
import { printedBoard } from "./picture.js";
import { clipRows, measuredRows } from "./reading.js";

/**
 * What the download buttons do, by name.
 *
 * @param {import("./state.js").Board} board
 * @param {ReturnType<typeof import("./curves.js").createCurves>} curves
 * @param {object} said
 * @param {() => string} said.leaving
 * @param {() => import("./knowledge.js").Answer | null} said.answer
 * @param {() => import("./picture.js").BoardView} said.view
 * @param {() => string} said.by the statistic that groups are made by
 * @returns {Record<string, () => void>}
 */
export function createDownloads({ find, part, data }, curves, { leaving, answer, view, by }) {
  /** @param {string} what @param {string} ending */
  function nameOf(what, ending) {
    const { model, clip } = data();
    return fileName([model.name, clip.name, what], ending, "-");
  }

  /** @param {string} kind */
  async function savePicture(kind) {
    const { clip, model, before } = data();
    const words = (/** @type {{answer: string, probability: number} | null} */ one) =>
      one ? `${one.answer} ${probabilityText(one.probability)}` : "not known yet";
    const title =
      `${clip.name} in ${model.name}. ${leaving()} ` +
      `Answer ${words(answer())}; with all patches ${words(before)}.`;
    const printed = printedBoard(data(), view(), chosenWidth(find(".tp-paper-width")));
    saveAs(await figureBlob(printed, kind, title), nameOf("removal", kind));
  }

  /** @param {string} name @param {string} what @param {string} about */
  async function saveChart(name, what, about) {
    const card = part(name);
    const text = (/** @type {string} */ selector) => card.querySelector(selector)?.textContent ?? "";
    const lines = [text("h3"), about, text(".tr-finding")];
    const printed = printedChart(card, curves.charts[name], lines, [...card.querySelectorAll(".tr-key")]);
    const made = chartBlob(printed, getComputedStyle(card).backgroundColor);
    printed.remove();
    saveAs(await made, nameOf(what, "png"));
  }

  /** @param {unknown[][]} rows @param {string} what @param {boolean} ofClip */
  function saveTable(rows, what, ofClip) {
    const { clip, model } = data();
    const chosen = { model: model.name, grouped_by: by() };
    saveAs(tableBlob(rows, { ...(ofClip && { clip }), chosen }), nameOf(what, "csv"));
  }

  return {
    "picture-png": () => savePicture("png"),
    "picture-svg": () => savePicture("svg"),
    "picture-pdf": () => savePicture("pdf"),
    "curve-png": () => saveChart("curve", "removal-curve", `${data().clip.name} in ${data().model.name}. ${leaving()}`),
    "curve-csv": () => saveTable(clipRows(curves.curveSeries(), curves.clipFacts()), "removal-curve", true),
    "measured-png": () => saveChart("measured", "removal-measured", data().model.name),
    "measured-csv": () => saveTable(measuredRows(curves.splitSeries()), "removal-measured", false),
  };
}
