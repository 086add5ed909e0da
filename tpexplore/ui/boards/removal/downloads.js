// What can be taken away: the picture, the two curves, their numbers.

import { PALETTE_NAMES } from "../shared/colours.js";
import { figureBlob } from "../shared/figure.js";
import { chosenPaper, figureControls } from "../shared/figure_controls.js";
import { fileName, saveAs } from "../shared/saving.js";
import { tableBlob } from "../shared/table.js";
import { probabilityText } from "../shared/text.js";
import { printedBoard } from "./picture.js";
import { chartFigure } from "./printed_chart.js";
import { clipRows, measuredRows } from "./reading.js";

/**
 * What the download buttons do, by name.
 *
 * @param {import("./state.js").Board} board
 * @param {ReturnType<typeof import("./curves.js").createCurves>} curves
 * @param {object} texts
 * @param {() => string} texts.leaving
 * @param {() => import("./knowledge.js").Answer | null} texts.answer
 * @param {() => import("./picture.js").BoardView} texts.view
 * @param {() => string} texts.by the statistic that groups are made by
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
    const printed = printedBoard(data(), view(), chosenPaper(find(".tr-figure")));
    saveAs(await figureBlob(printed, kind, title), nameOf("removal", kind));
  }

  /** @param {string} name of the card @param {string} what @param {string} about @param {string} kind */
  async function saveChart(name, what, about, kind) {
    const card = part(name);
    const text = (/** @type {string} */ selector) => card.querySelector(selector)?.textContent ?? "";
    const keys = [...card.querySelectorAll(".tr-keys .tr-key")];
    const figure = chartFigure(card, curves.charts[name], keys, chosenPaper(card).mm);
    saveAs(await figureBlob(figure, kind, `${text("h3")}. ${about} ${text(".tr-finding")}`), nameOf(what, kind));
  }

  /** @param {unknown[][]} rows @param {string} what @param {boolean} ofClip */
  function saveTable(rows, what, ofClip) {
    const { clip, model } = data();
    const chosen = { model: model.name, grouped_by: by() };
    saveAs(tableBlob(rows, { ...(ofClip && { clip }), chosen }), nameOf(what, "csv"));
  }

  const attributes = (/** @type {string} */ kind) => ({ "data-do": `picture-${kind}` });
  find(".tr-figure").append(...figureControls({ what: "Picture", attributes, colours: PALETTE_NAMES }));
  return {
    ...byKind("picture", savePicture),
    ...byKind("curve", (kind) =>
      saveChart("curve", "removal-curve", `${data().clip.name} in ${data().model.name}. ${leaving()}`, kind),
    ),
    ...byKind("measured", (kind) => saveChart("measured", "removal-measured", `${data().model.name}.`, kind)),
    "curve-csv": () => saveTable(clipRows(curves.curveSeries(), curves.clipFacts()), "removal-curve", true),
    "measured-csv": () => saveTable(measuredRows(curves.splitSeries()), "removal-measured", false),
  };
}

/** @param {string} name @param {(kind: string) => void} save */
function byKind(name, save) {
  return Object.fromEntries(["png", "svg", "pdf"].map((kind) => [`${name}-${kind}`, () => save(kind)]));
}
