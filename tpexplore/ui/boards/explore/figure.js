// What can be taken away of the viewer: the picture for a paper, the patches as a table, and the sounds.

import { PALETTE_NAMES, rampsOf } from "../shared/colours.js";
import { LEAVES, blocksOf, groupOf, lastBlockOf } from "../shared/fates.js";
import { drawHatching, figureBlob, panelFigure } from "../shared/figure.js";
import { chosenPaper, figureControls } from "../shared/figure_controls.js";
import { isPadding, patchPlace } from "../shared/grid.js";
import { layoutPanels } from "../shared/layout.js";
import { drawSample } from "../shared/picture.js";
import { blocksText, rateText, wayName } from "../shared/plan.js";
import { INK } from "../shared/printing.js";
import { fileName, saveAs, stem } from "../shared/saving.js";
import { tableBlob } from "../shared/table.js";
import { macsText, percent, probabilityText } from "../shared/text.js";
import { wavOf } from "../shared/wav.js";
import { legendKeys, paintPicture } from "./picture.js";
import { soundsOf, trackName } from "./sounds.js";

/**
 * @typedef {import("./messages.js").Data} Data
 * @typedef {import("./messages.js").Score} Score
 * @typedef {import("../shared/fates.js").Fates} Fates
 * @typedef {{mm: number, palette: string}} Paper width and colours
 */

/**
 * Picture and legend. `captionText` is its caption.
 *
 * @param {Data} data
 * @param {Fates} drop
 * @param {Paper} paper
 */
export function printedFigure(data, drop, { mm, palette }) {
  const blocks = blocksOf(data);
  const ramps = rampsOf(blocks, palette);
  const keys = legendKeys(data, drop).map(({ stage, text }) => ({
    text,
    /** @type {import("../shared/figure.js").DrawSample} */
    draw: stage === null ? drawHatching : (context, box) => drawSample(context, ramps[stage], box),
  }));
  return panelFigure(
    mm,
    (width) => layoutPanels(width, data.picture, blocks),
    (context, layout, scale) => paintPicture(context, layout, data, drop, INK, scale, { palette }),
    keys,
  );
}

/** @param {Data} data @param {Score} score @param {number} index of the keep-rate */
export function captionText(data, score, index) {
  const { clip, model, unpruned } = data;
  const { points, rates } = data.scores[score];
  const point = points[index];
  const answer = (/** @type {{answer: string, probability: number}} */ one) =>
    `${one.answer} ${probabilityText(one.probability)}`;
  return (
    `${clip.name} in ${model.name}, ${captionWay(data.method, score)}, keep-rate ${rateText(data, rates[index])} at ` +
    `${blocksText(data)}. Answer: ${answer(point)}; with all patches: ${answer(unpruned)}. ` +
    `${macsText(point.macs, unpruned.macs)} MACs, ${percent(1 - point.macs / unpruned.macs)} saved.`
  );
}

/** @param {import("../shared/fates.js").Method} method @param {Score} score */
function captionWay(method, score) {
  if (method === "merge") return "patches merged with those like them";
  return `patches ranked by ${score}${method === "fuse" ? ", the others fused" : ""}`;
}

/** As in the ZIP's tokens.csv; seconds count from the beginning of the file. */
const TABLE_COLUMNS = [
  ...["patch", "column", "row", "start_s", "end_s", "low_hz", "high_hz"],
  ...["intensity", "variation", "mean_db", "padding", "score", "keep_rate", "dropped_by_block"],
];

/**
 * One row a patch; dropped_by_block is 0 where it was kept to the end. By fusing and merging further into, the patch
 * whose token holds this one in the end, or "fused", and group_size, the patches in that token.
 *
 * @param {Data} data
 * @param {Fates} drop
 * @param {{score: string, keepRate: number | string}} view
 * @param {ArrayLike<number> | null} [holders] where patches merged, in the end
 * @returns {unknown[][]}
 */
export function patchRows(data, drop, { score, keepRate }, holders = null) {
  const together = data.method === "fuse" || data.method === "merge";
  const fused = Array.from(drop).filter(Boolean).length;
  const fateCells = (/** @type {number} */ patch) => {
    if (!together) return [];
    if (holders) return [holders[patch], groupOf(holders, patch).length];
    return drop[patch] ? [LEAVES.fuse, fused] : [patch, 1];
  };
  const { intensity, variation, patch_decibels: decibels } = data.picture;
  const rows = Array.from(drop, (by, patch) => {
    const { column, row, start, end, low, high } = patchPlace(data, patch);
    const padding = isPadding(data.picture, patch) ? 1 : 0;
    // Numbers, though written with a fixed count of digits: a text that begins with a minus would be quoted.
    const fixed = (/** @type {number} */ value, /** @type {number} */ digits) => ({ toString: () => value.toFixed(digits) });
    const values = [fixed(intensity[patch], 6), fixed(variation[patch], 6), decibels[patch]];
    return [patch, column, row, fixed(start, 3), fixed(end, 3), low, high, ...values, padding, score, keepRate, by, ...fateCells(patch)];
  });
  return [[...TABLE_COLUMNS, ...(together ? ["into", "group_size"] : [])], ...rows];
}

/**
 * The buttons that save the picture, the table and the sounds.
 *
 * @param {import("./state.js").View} view
 */
export function wireDownloads(view) {
  const { element, find, state, data, rateIndex, dropMap, holders } = view;
  /** @type {Record<string, (caption: string) => Blob | Promise<Blob>>} */
  const make = {
    ...Object.fromEntries(
      ["png", "svg", "pdf"].map((kind) => [kind, (caption) => figureBlob(chosenFigure(view), kind, caption)]),
    ),
    csv: () => {
      const rate = data().scores[state.score].rates[rateIndex()];
      const own = rate < 1 ? (data().own_rates ?? []) : [];
      const keepRate = own.length ? own.join(" ") : rate;
      const rows = patchRows(data(), dropMap(), { score: state.score, keepRate }, holders()?.at(-1));
      const { clip, model, method } = data();
      return tableBlob(rows, { clip, chosen: { model: model.name, method, blocks: blocksOf(data()).join(" ") } });
    },
    kept: () => wavBlob(view, "kept"),
    removed: () => wavBlob(view, "removed"),
  };
  /** @type {Record<string, string>} */
  const endings = { kept: "wav", removed: "wav" };

  async function save(/** @type {string} */ kind) {
    const { clip, model, method, scores } = data();
    const { score } = state;
    const index = rateIndex();
    const words = [stem(clip.name), model.name, wayName(method, score), scores[score].rates[index].toFixed(2)];
    if (endings[kind]) words.push(kind);
    saveAs(await make[kind](captionText(data(), score, index)), fileName(words, endings[kind] ?? kind));
  }

  find(".tp-print").append(
    ...figureControls({ what: "Picture", attributes: (kind) => ({ "data-save": kind }), colours: PALETTE_NAMES }),
  );
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (element.querySelectorAll("[data-save]"))) {
    button.addEventListener("click", () => save(button.dataset.save ?? ""));
  }
  // Made on demand, because it changes with every move of the slider.
  find(".tp-caption").addEventListener("toggle", () => {
    if (state.data) view.out("caption").textContent = captionText(data(), state.score, rateIndex());
  });
}

/** The figure as the person wants it. @param {import("./state.js").View} view */
export function chosenFigure({ find, data, dropMap }) {
  return printedFigure(data(), dropMap(), chosenPaper(find(".tp-print")));
}

/** The sound of the patches kept or removed after the last block. @param {import("./state.js").View} view @param {string} what */
async function wavBlob(view, what) {
  const { data, dropMap } = view;
  const track = (await soundsOf(view)).tracks(dropMap())[trackName({ what, stage: lastBlockOf(data()) })];
  return new Blob([wavOf([track], data().clip.sample_rate)], { type: "audio/wav" });
}
