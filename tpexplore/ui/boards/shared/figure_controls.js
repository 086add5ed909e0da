// The choices for a figure for a paper, wherever one can be saved: its width, colours and format.

import { node } from "./dom.js";
import { WIDTHS } from "./printing.js";

const WIDTH_NAMES = { two: `Two columns (${WIDTHS.two} mm)`, one: `One column (${WIDTHS.one} mm)` };

/**
 * The controls of a row of buttons. `chosenPaper` reads them.
 *
 * @param {object} row
 * @param {string} row.what "Picture" or "Curve"
 * @param {(kind: string) => import("./dom.js").Attributes} row.attributes of the button of "png", "svg" or "pdf"
 * @param {Record<string, string>} [row.colours] names of palettes, where the figure has several
 */
export function figureControls({ what, attributes, colours }) {
  const select = (/** @type {string} */ name, /** @type {string} */ of, /** @type {Record<string, string>} */ choices) =>
    node(
      "select",
      {
        class: `tp-paper-${name} tp-select`,
        "aria-label": `${of} of the ${what.toLowerCase()}`,
        "aria-describedby": "paper-width-help",
      },
      ...Object.entries(choices).map(([value, text]) => node("option", { value }, text)),
    );
  return [
    select("width", "Width", WIDTH_NAMES),
    ...(colours ? [select("colours", "Colours", colours)] : []),
    ...["png", "svg", "pdf"].map((kind) =>
      node("button", { class: "tp-button", type: "button", ...attributes(kind) }, `${what}, ${kind.toUpperCase()}`),
    ),
  ];
}

/**
 * @param {Element} around the controls
 * @returns {{mm: number, palette: string}} palette "" if there is no choice
 */
export function chosenPaper(around) {
  const value = (/** @type {string} */ name) =>
    /** @type {HTMLSelectElement | null} */ (around.querySelector(`.tp-paper-${name}`))?.value ?? "";
  return { mm: WIDTHS[/** @type {keyof typeof WIDTHS} */ (value("width"))], palette: value("colours") };
}
