// Downloads: names of files, tables, and the download itself.

import { node } from "./dom.js";

const REVOKE_AFTER = 30_000; // ms; the browser must have begun to save by then

/**
 * A file name made from any words; `-` replaces characters that a file system may refuse.
 *
 * @param {string[]} words
 * @param {string} ending
 * @param {string} [between]
 */
export function fileName(words, ending, between = "_") {
  const plain = words.map((word) => word.replace(/[^\p{L}\p{N}.]+/gu, "-").replace(/^-(?=.)|(?<=.)-$/g, ""));
  return `${plain.join(between)}.${ending}`;
}

/** What a clip's file is called without its ending. @param {string} name */
export function stem(name) {
  return name.replace(/\.\w+$/, "");
}

/**
 * A table as CSV.
 *
 * @param {unknown[][]} rows
 */
export function csvText(rows) {
  const cell = (/** @type {unknown} */ value) => {
    const text = value === null || value === undefined ? "" : String(value);
    // A text that begins like a formula would be run by a spreadsheet.
    const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return rows.map((row) => `${row.map(cell).join(",")}\n`).join("");
}

/** @param {HTMLCanvasElement} canvas @returns {Promise<Blob>} */
export function canvasBlob(canvas) {
  return new Promise((done, fail) =>
    canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error("The picture is too large."))), "image/png"),
  );
}

/** @param {Blob} blob @param {string} name */
export function saveAs(blob, name) {
  const link = node("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), REVOKE_AFTER);
}
