// Every table that a board saves begins with the same columns, by the names of `tpexplore explore --csv`.

import { csvText } from "./saving.js";

/**
 * @typedef {object} Source the subject of a table
 * @property {{name: string, start: number}} [clip] and where in its file the part begins that the model heard; none
 *   for a table of a dataset
 * @property {Record<string, unknown>} chosen model, score and what else was chosen, by the name of its column
 */

/**
 * The rows (the first one names the columns), with the columns of the source added in front.
 *
 * @param {unknown[][]} rows
 * @param {Source} source
 * @returns {unknown[][]}
 */
export function sourcedRows(rows, { clip, chosen }) {
  const place = clip ? { file: clip.name, window_start_s: clip.start } : {};
  const source = { ...place, ...chosen };
  return rows.map((row, i) => [...(i ? Object.values(source) : Object.keys(source)), ...row]);
}

/** @param {unknown[][]} rows @param {Source} source */
export function tableBlob(rows, source) {
  return new Blob([csvText(sourcedRows(rows, source))], { type: "text/csv" });
}
