// A chart of the board as a figure for a paper: on white, with its legend and no other words.

import { node, shape } from "../shared/dom.js";
import { paperCanvas, paperSvg } from "../shared/figure.js";
import { INK, KEY_INDENT, PX_PER_MM, SMALL_PRINT, placeKeys, textRuler } from "../shared/printing.js";
import { CHART, blockChart } from "./chart.js";

// Styles to include in the SVG file, which has no access to style sheets or the page's fonts.
const STYLED = ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-size", "font-weight"];
const FONT = "sans-serif";
const EDGE = 4; // px
/** The page's colours within the figure, whatever its theme. */
const ON_PAPER = {
  "--body-text-color": INK.text,
  "--body-text-color-subdued": INK.subdued,
  "--border-color-primary": INK.line,
  "--block-background-fill": "#fff",
};

/**
 * @param {HTMLElement} card in which the board's style sheet holds
 * @param {import("./chart.js").Chart} chart
 * @param {Element[]} keys as they stand below the chart on the page
 * @param {number} mm
 * @returns {import("../shared/figure.js").Figure}
 */
export function chartFigure(card, chart, keys, mm) {
  const width = Math.round(mm * PX_PER_MM);
  const legend = keys.map((key) => ({ sample: key.querySelector("svg"), text: key.textContent ?? "" }));
  const span = { left: EDGE, right: width - EDGE };
  const placed = placeKeys(legend, span, EDGE + CHART.height + 16, textRuler(`${SMALL_PRINT}px ${FONT}`));
  const height = placed[placed.length - 1].y + EDGE + 4;

  function svg() {
    const whole = paperSvg(mm, { width, height });
    whole.classList.add("tr-chart");
    whole.setAttribute("font-family", FONT);
    const lines = blockChart({ ...chart, width: width - 2 * EDGE });
    lines.setAttribute("x", `${EDGE}`);
    lines.setAttribute("y", `${EDGE}`);
    const drawnKeys = placed.flatMap(({ sample, text, x, y }) => {
      const drawing = /** @type {SVGElement} */ (sample?.cloneNode(true));
      drawing.setAttribute("x", `${x}`);
      drawing.setAttribute("y", `${y - 11}`);
      // The page's samples are as wide as the indent.
      return [drawing, shape("text", { x: x + KEY_INDENT + 4, y }, text)];
    });
    whole.append(shape("rect", { width, height, fill: "#fff" }), lines, ...drawnKeys);
    return withStyles(card, whole);
  }

  return {
    mm,
    svg,
    async canvas() {
      const image = new Image();
      const text = new XMLSerializer().serializeToString(svg());
      image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
      await image.decode();
      const { canvas, context } = paperCanvas({ width, height });
      context.drawImage(image, 0, 0, width, height);
      return canvas;
    },
  };
}

/**
 * The same SVG with what the style sheet says written into it.
 *
 * @param {HTMLElement} card
 * @param {SVGSVGElement} svg
 */
function withStyles(card, svg) {
  const style = Object.entries(ON_PAPER).map(([name, value]) => `${name}: ${value}`).join("; ");
  const paper = node("div", { class: "tp-on-paper", style }, svg);
  card.append(paper);
  for (const made of /** @type {NodeListOf<SVGElement>} */ (svg.querySelectorAll("*"))) {
    const css = getComputedStyle(made);
    for (const name of STYLED) made.style.setProperty(name, css.getPropertyValue(name));
  }
  paper.remove();
  svg.removeAttribute("class");
  return svg;
}
