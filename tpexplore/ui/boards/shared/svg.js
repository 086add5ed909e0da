// The few canvas calls that a picture makes, recorded as SVG: figures on paper and on the screen have one source.

import { shape } from "./dom.js";

/** @type {Record<string, string>} */
const ANCHORS = { left: "start", center: "middle", right: "end" };
/** @type {Record<string, number>} */
const BASELINES = { alphabetic: 0, middle: 0.35, top: 0.8 }; // em; many readers ignore SVG's own baselines

/**
 * Something that takes the canvas calls of picture.js and adds them to `svg`.
 *
 * @param {SVGSVGElement} svg
 * @returns {CanvasRenderingContext2D}
 */
export function svgContext(svg) {
  let path = "";
  let clips = 0;
  /** @type {SVGElement} */
  let group = svg;
  /** @param {"fill" | "stroke"} name @param {string | {id: string}} value @returns {Record<string, string>} */
  const colour = (name, value) => {
    if (typeof value !== "string") return { [name]: `url(#${value.id})` };
    const parts = value.match(/^rgba\((.+), ([\d.]+)\)$/); // older readers know no rgba()
    return parts ? { [name]: `rgb(${parts[1]})`, [`${name}-opacity`]: parts[2] } : { [name]: value };
  };
  /**
   * @param {keyof SVGElementTagNameMap} tag
   * @param {import("./dom.js").Attributes} attributes
   * @param {...string} children
   */
  const add = (tag, attributes, ...children) => group.appendChild(shape(tag, attributes, ...children));
  const calls = {
    font: "13px sans-serif",
    fillStyle: "#000",
    strokeStyle: "#000",
    lineWidth: 1,
    lineCap: "butt",
    textAlign: "left",
    textBaseline: "alphabetic",
    imageSmoothingEnabled: true,
    beginPath() {
      path = "";
    },
    /** @param {number} x @param {number} y */
    moveTo(x, y) {
      path += `M${short(x)} ${short(y)}`;
    },
    /** @param {number} x @param {number} y */
    lineTo(x, y) {
      path += `L${short(x)} ${short(y)}`;
    },
    /** @param {number} x @param {number} y @param {number} w @param {number} h */
    rect(x, y, w, h) {
      path += `M${short(x)} ${short(y)}h${short(w)}v${short(h)}h${short(-w)}z`;
    },
    stroke() {
      const line = { "stroke-width": this.lineWidth, "stroke-linecap": this.lineCap };
      add("path", { d: path, fill: "none", ...colour("stroke", this.strokeStyle), ...line });
    },
    /** @param {number} x @param {number} y @param {number} width @param {number} height */
    fillRect(x, y, width, height) {
      const box = { x: short(x), y: short(y), width: short(width), height: short(height) };
      add("rect", { ...box, ...colour("fill", this.fillStyle) });
    },
    /** @param {string} text @param {number} x @param {number} y */
    fillText(text, x, y) {
      const [, weight = "400", size, family] = this.font.match(/^(?:(\d+) )?([\d.]+)px (.+)$/) ?? ["", "400", "13", ""];
      add(
        "text",
        {
          x: short(x),
          y: short(y + BASELINES[this.textBaseline] * Number(size)),
          "text-anchor": ANCHORS[this.textAlign],
          "font-family": family,
          "font-size": size,
          "font-weight": weight,
          ...colour("fill", this.fillStyle),
        },
        text,
      );
    },
    /** @param {HTMLCanvasElement} canvas @param {number} x @param {number} y @param {number} width @param {number} height */
    drawImage(canvas, x, y, width, height) {
      const image = { x, y, width, height, preserveAspectRatio: "none", href: canvas.toDataURL() };
      add("image", { ...image, style: this.imageSmoothingEnabled ? "" : "image-rendering: pixelated" });
    },
    /** @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2 */
    createLinearGradient(x1, y1, x2, y2) {
      const id = `gradient-${svg.querySelectorAll("linearGradient").length}`;
      const made = shape("linearGradient", { id, x1, y1, x2, y2, gradientUnits: "userSpaceOnUse" });
      svg.append(made);
      return {
        id,
        addColorStop: (/** @type {number} */ offset, /** @type {string} */ stop) => made.append(shape("stop", { offset, "stop-color": stop })),
      };
    },
    save() {
      group = add("g", {});
    },
    clip() {
      const id = `clip-${clips++}`;
      svg.append(shape("clipPath", { id }, shape("path", { d: path })));
      group.setAttribute("clip-path", `url(#${id})`);
    },
    restore() {
      group = /** @type {SVGElement} */ (group.parentNode);
    },
  };
  return /** @type {CanvasRenderingContext2D} */ (/** @type {unknown} */ (calls));
}

/** @param {number} number */
function short(number) {
  return Math.round(number * 100) / 100;
}
