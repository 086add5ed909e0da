// The picture on a canvas: the spectrogram in the colours of its patches' fates, and what stands around it.

import { RAMPS, rampColour } from "./colours.js";
import { isGone } from "./fates.js";
import { gridOf } from "./grid.js";
import { LONGEST_SIDE_BY_SIDE, WHOLE, acrossOf, upOf } from "./layout.js";
import { minus } from "./text.js";
import { hertzTicks } from "./ticks.js";

/**
 * @typedef {import("./grid.js").Picture} Picture
 * @typedef {import("./layout.js").Panel} Panel
 * @typedef {import("./layout.js").Layout} Layout
 * @typedef {import("./fates.js").Fates} Fates
 *
 * @typedef {{picture: Picture, grey: Uint8Array, clip: {start: number}}} Seen
 *
 * @typedef {{font: string, text: string, subdued: string, line: string}} Style
 *
 * @typedef {object} Look how a board draws its panels
 * @property {Record<number, Uint32Array>} tables colours of each fate
 * @property {(panel: Panel) => Uint8Array} [shades] in place of the spectrogram, one byte a frame and bin
 * @property {[string, string]} [ends] labels at the ends of the colour bar, if it does not show dB
 * @property {{unit: string, ticks: {at: number, label: string}[]}} [scale] the bar's unit instead of dB, and its ticks
 * @property {import("./colours.js").Ramp | null} [bar] those of the colour bar, null for none; by default of the kept
 *   patches on the page
 * @property {(context: CanvasRenderingContext2D, panel: Panel, i: number) => void} [marks] drawn over the
 *   colours, under the lines
 * @property {(panel: Panel, i: number) => [string, string]} heading its title, and the result in numbers
 * @property {(panel: Panel, i: number) => Fates} fates
 * @property {HTMLCanvasElement[]} [images] of the previous panels, empty at first; they are reused as long as only
 * the visible part changes
 */

/**
 * Styles for the canvas, which CSS does not reach, read from the page around it.
 *
 * @param {Element} root
 * @returns {Style}
 */
export function coloursOf(root) {
  const css = getComputedStyle(root);
  return {
    font: css.fontFamily,
    text: css.color,
    subdued: css.getPropertyValue("--tp-subdued"),
    line: css.getPropertyValue("--tp-line"),
  };
}

/**
 * The whole picture at one pixel per frame and mel bin, every patch in the colours of its fate by `stage`.
 *
 * @param {Seen} data
 * @param {Fates} fates
 * @param {number} stage
 * @param {Record<number, Uint32Array>} tables
 */
export function composePanel({ picture, grey }, fates, stage, tables) {
  const { frames, bins } = picture;
  const grid = gridOf(picture);
  const image = new ImageData(frames, bins);
  const pixels = new Uint32Array(image.data.buffer);
  if (grid.seenFrames < frames || grid.seenBins < bins) {
    grey.forEach((value, at) => {
      const [frame, bin] = [Math.floor(at / bins), at % bins];
      const dim = value >> 2; // what no patch reads keeps no colour
      pixels[(bins - 1 - bin) * frames + frame] = (0xff000000 | (dim << 16) | (dim << 8) | dim) >>> 0;
    });
  }
  for (let patch = 0; patch < grid.patches; patch++) {
    const [column, row] = [grid.columnOf(patch), grid.rowOf(patch)];
    const table = tables[fates[patch] <= stage ? fates[patch] : 0];
    for (let frame = grid.frameEdges[column]; frame < grid.frameEdges[column + 1]; frame++) {
      for (let bin = grid.binEdges[row]; bin < grid.binEdges[row + 1]; bin++) {
        pixels[(bins - 1 - bin) * frames + frame] = table[grey[frame * bins + bin]];
      }
    }
  }
  return image;
}

/**
 * All panels, on a canvas of `scale` pixels a px or on anything that takes the same calls.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Layout} layout
 * @param {Seen} data
 * @param {Look} look
 * @param {Style} style
 * @param {number} scale
 */
export function paintPanels(context, layout, data, look, style, scale) {
  /** @type {HTMLCanvasElement | null} */
  let scratch = null;
  layout.panels.forEach((panel, i) => {
    const fates = look.fates(panel, i);
    let image = look.images?.[i];
    if (!image) {
      const shown = look.shades ? { ...data, grey: look.shades(panel) } : data;
      image = (!look.images && scratch) || emptyImage(data.picture);
      image.getContext("2d")?.putImageData(composePanel(shown, fates, panel.stage, look.tables), 0, 0);
      if (look.images) look.images[i] = image;
      scratch = image;
    }
    // Enlarged pixels keep sharp edges, because they are the model's input. Shrunk ones must be averaged.
    const { left, right } = panel.cut ?? WHOLE;
    context.imageSmoothingEnabled = panel.w * scale < image.width * (right - left);
    drawCut(context, image, panel);
    inside(context, panel, () => {
      hatchUnread(context, panel, data.picture);
      look.marks?.(context, panel, i);
      drawKeptEdges(context, panel, data.picture, fates);
    });
    const [title, figures] = look.heading(panel, i);
    drawHeading(context, panel, title, figures, style);
    drawAxes(context, panel, data, style);
  });
  drawColourBar(context, layout, data.picture, style, look);
}

/** @param {Picture} picture */
function emptyImage({ frames, bins }) {
  const canvas = document.createElement("canvas");
  return Object.assign(canvas, { width: frames, height: bins });
}

/** @param {CanvasRenderingContext2D} context @param {HTMLCanvasElement} image @param {Panel} panel */
function drawCut(context, image, { x, y, w, h, cut }) {
  if (!cut) context.drawImage(image, x, y, w, h);
  else {
    const [wide, tall] = [image.width * (cut.right - cut.left), image.height * (cut.high - cut.low)];
    context.drawImage(image, image.width * cut.left, image.height * (1 - cut.high), wide, tall, x, y, w, h);
  }
}

/**
 * Draws what may reach beyond a panel that shows a part of the picture.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Panel} panel
 * @param {() => void} draw
 */
export function inside(context, { x, y, w, h, cut }, draw) {
  if (!cut) {
    draw();
    return;
  }
  context.save();
  context.beginPath();
  context.rect(x, y, w, h);
  context.clip();
  draw();
  context.restore();
}

/**
 * A canvas as large as the layout on this screen, empty.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {{width: number, height: number}} size
 */
export function fitCanvas(canvas, { width, height }) {
  const scale = devicePixelRatio;
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== w || canvas.height !== h) {
    Object.assign(canvas, { width: w, height: h });
    canvas.style.height = `${height}px`;
  }
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/**
 * Hatch the padding after the sound, and what no patch reads at the end and on top.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Panel} panel
 * @param {Picture} picture
 */
function hatchUnread(context, panel, picture) {
  const grid = gridOf(picture);
  const { x, y, w, h } = panel;
  const start = acrossOf(panel, Math.min(picture.real_frames, grid.seenFrames), picture.frames);
  hatch(context, { x: start, y, w: x + w - start, h });
  hatch(context, { x, y, w, h: upOf(panel, grid.seenBins / picture.bins) - y });
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {{x: number, y: number, w: number, h: number}} box
 */
function hatch(context, box) {
  if (box.w < 1 || box.h < 1) return;
  const [start, end] = [box.x, box.x + box.w];
  context.save();
  context.beginPath();
  context.rect(box.x, box.y, box.w, box.h);
  context.clip();
  context.strokeStyle = "rgba(255, 255, 255, 0.3)";
  context.lineWidth = 1;
  context.beginPath();
  for (let x = start - box.h; x < end; x += 8) {
    context.moveTo(x, box.y + box.h);
    context.lineTo(x + box.h, box.y);
  }
  context.stroke();
  context.restore();
}

/**
 * A line wherever a kept patch meets a dropped one.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Panel} panel
 * @param {Picture} picture
 * @param {Fates} fates
 */
function drawKeptEdges(context, panel, picture, fates) {
  const grid = gridOf(picture);
  const gone = (/** @type {number} */ t, /** @type {number} */ f) => isGone(fates[grid.idOf(t, f)], panel.stage);
  const x = (/** @type {number} */ t) => acrossOf(panel, grid.frameEdges[t], picture.frames);
  const y = (/** @type {number} */ f) => upOf(panel, grid.binEdges[f] / picture.bins);
  context.beginPath();
  for (let t = 0; t < grid.columns; t++) {
    for (let f = 0; f < grid.rows; f++) {
      if (t + 1 < grid.columns && gone(t, f) !== gone(t + 1, f)) {
        context.moveTo(x(t + 1), y(f));
        context.lineTo(x(t + 1), y(f + 1));
      }
      if (f + 1 < grid.rows && gone(t, f) !== gone(t, f + 1)) {
        context.moveTo(x(t), y(f + 1));
        context.lineTo(x(t + 1), y(f + 1));
      }
    }
  }
  context.lineCap = "square";
  context.strokeStyle = "#fff";
  context.lineWidth = picture.frames > LONGEST_SIDE_BY_SIDE ? 1 : 2;
  context.stroke();
}

/**
 * The sample of a ramp in a legend.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {import("./colours.js").Ramp} ramp
 * @param {{x: number, y: number, w: number, h: number}} box
 */
export function drawSample(context, ramp, { x, y, w, h }) {
  const gradient = context.createLinearGradient(x, 0, x + w, 0);
  for (let i = 0; i <= 8; i++) gradient.addColorStop(i / 8, `rgb(${rampColour(ramp, i / 8)})`);
  context.fillStyle = gradient;
  context.fillRect(x, y, w, h);
}

/**
 * Above a panel: its title, and the result in numbers.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Panel} panel
 * @param {string} title
 * @param {string} figures
 * @param {Style} style
 */
function drawHeading(context, panel, title, figures, style) {
  context.textBaseline = "alphabetic";
  context.textAlign = "left";
  context.fillStyle = style.text;
  context.font = `600 13px ${style.font}`;
  context.fillText(title, panel.x, panel.y - 9);
  context.textAlign = "right";
  context.fillStyle = style.subdued;
  context.font = `13px ${style.font}`;
  context.fillText(figures, panel.x + panel.w, panel.y - 9);
}

/**
 * @param {number} span
 * @param {number} most
 * @param {boolean} [isCut] whether it may be shorter than any clip
 */
function niceStep(span, most, isCut = false) {
  const steps = [...(isCut ? [0.01, 0.02, 0.05] : []), 0.1, 0.2, 0.25, 0.5, 1, 2, 5];
  return steps.find((step) => span / step <= most) ?? 10;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Panel} panel
 * @param {Seen} data
 * @param {Style} style
 */
function drawAxes(context, panel, data, style) {
  const { picture, clip } = data;
  context.fillStyle = style.subdued;
  context.strokeStyle = style.line;
  context.lineWidth = 1;
  context.font = `11px ${style.font}`;
  context.beginPath();
  if (panel.hertz) {
    context.textAlign = "right";
    context.textBaseline = "middle";
    let free = Infinity; // labels go up from the lowest; one that would touch the last is left out
    for (const tick of panel.cut ? hertzTicks(picture.hertz_ticks, panel.cut, panel.h) : picture.hertz_ticks) {
      const y = upOf(panel, tick.at);
      context.moveTo(panel.x - 4, y);
      context.lineTo(panel.x, y);
      if (y > free) continue;
      context.fillText(tick.label, panel.x - 7, y);
      free = y - 13;
    }
    context.fillText("Hz", panel.x - 7, panel.y - 16);
  }
  const { left, right } = panel.cut ?? WHOLE;
  const [from, to] = [left, right].map((share) => clip.start + share * picture.seconds);
  const step = niceStep(to - from, panel.w / 52, Boolean(panel.cut));
  context.textAlign = "center";
  context.textBaseline = "top";
  for (let at = Math.ceil(from / step - 1e-6) * step; at <= to + 1e-6; at += step) {
    const x = acrossOf(panel, at - clip.start, picture.seconds);
    context.moveTo(x, panel.y + panel.h);
    context.lineTo(x, panel.y + panel.h + 4);
    if (panel.axis) context.fillText(`${Number(at.toFixed(2))} s`, x, panel.y + panel.h + 7);
  }
  context.stroke();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Layout} layout
 * @param {Picture} picture
 * @param {Style} style
 * @param {Look} look
 */
function drawColourBar(context, layout, picture, style, { ends, scale, bar = RAMPS[0] }) {
  if (!bar) return;
  const { x, y, w, h } = layout.panels[layout.abreast ? layout.panels.length - 1 : 0];
  const left = x + w + 12;
  const gradient = context.createLinearGradient(0, y + h, 0, y);
  for (let i = 0; i <= 16; i++) gradient.addColorStop(i / 16, `rgb(${rampColour(bar, i / 16)})`);
  context.fillStyle = gradient;
  context.fillRect(left, y, 9, h);
  context.fillStyle = style.subdued;
  context.font = `11px ${style.font}`;
  context.textAlign = "left";
  context.textBaseline = "middle";
  if (ends) {
    ends.forEach((text, i) => context.fillText(text, left + 14, y + h * (1 - i)));
    return;
  }
  if (scale) {
    for (const { at, label } of scale.ticks) context.fillText(label, left + 14, y + h * (1 - at));
    context.fillText(scale.unit, left, y - 16);
    return;
  }
  const [low, high] = picture.decibels;
  for (const share of h >= 130 ? [0, 0.25, 0.5, 0.75, 1] : [0, 0.5, 1]) {
    context.fillText(minus(Math.round(low + (high - low) * share)), left + 14, y + h * (1 - share));
  }
  context.fillText("dB", left, y - 16);
}

/**
 * Light on dark, so that a line shows on any colour.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {() => void} trace
 * @param {number} [thick]
 */
export function strokeTwice(context, trace, thick = 2) {
  /** @type {[string, number][]} */
  const strokes = [
    ["rgba(0, 0, 0, 0.75)", thick + 2],
    ["#fff", thick],
  ];
  for (const [colour, width] of strokes) {
    context.beginPath();
    trace();
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke();
  }
}
