// One picture of a presentation or a film: large type above the panels, on whatever canvas.

import { blocksOf } from "../shared/fates.js";
import { layoutPanels } from "../shared/layout.js";
import { percent } from "../shared/text.js";
import { coloursOf } from "../shared/picture.js";
import { paintPicture } from "./picture.js";
import { headlineText } from "./reading.js";

/**
 * @typedef {import("./messages.js").Data} Data
 * @typedef {import("./messages.js").Score} Score
 * @typedef {import("../shared/picture.js").Style & {page: string, accent: string}} SceneStyle
 */

/** The size that everything below is measured in. */
export const SCENE = { width: 1280, height: 720 };
const EDGE = 40;
const TOP = 190; // where the picture begins
const ZOOMS = [1.6, 1.4, 1.2, 1, 0.85, 0.7];

/** Every second keep-rate, from all patches down: indices. @param {number[]} rates ascending */
export function sweepOf(rates) {
  return rates.map((_, index) => index).filter((index) => (rates.length - 1 - index) % 2 === 0).reverse();
}

/**
 * The large text, for people at the back of the room.
 *
 * @param {Data} data
 * @param {Score} score
 * @param {number} index of the keep-rate
 */
export function sceneTexts(data, score, index) {
  const { points, rates } = data.scores[score];
  return { rate: `Keep ${percent(rates[index])}`, headline: headlineText(data, points[index]) };
}

/** The page's colours now. @param {import("./state.js").View} view @returns {SceneStyle} */
export function styleOf({ find }) {
  const css = getComputedStyle(find(".tp"));
  const [page, accent] = ["--tp-page", "--tp-accent"].map((name) => css.getPropertyValue(name));
  return { ...coloursOf(find(".tp")), page, accent };
}

/**
 * Paints what the view shows at a keep-rate, as large as the canvas is.
 *
 * @param {HTMLCanvasElement} canvas of `SCENE`'s proportions
 * @param {import("./state.js").View} view
 * @param {number} index of the keep-rate
 * @param {SceneStyle} style
 */
export function paintView(canvas, view, index, style) {
  const scale = canvas.width / SCENE.width;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.setTransform(scale, 0, 0, scale, 0, 0);
  paintScene(context, view.data(), view.state.score, index, style, scale);
}

/**
 * @param {CanvasRenderingContext2D} context whose transform fits a scene of `SCENE` to its canvas
 * @param {Data} data
 * @param {Score} score
 * @param {number} index of the keep-rate
 * @param {SceneStyle} style
 * @param {number} scale pixels of the canvas for each px of the scene
 */
function paintScene(context, data, score, index, style, scale) {
  const { width, height } = SCENE;
  const { rate, headline } = sceneTexts(data, score, index);
  context.fillStyle = style.page;
  context.fillRect(0, 0, width, height);
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  context.fillStyle = style.subdued;
  context.font = `24px ${style.font}`;
  context.fillText(data.clip.name, EDGE, 50, width / 2);
  context.fillStyle = style.text;
  context.font = `700 44px ${style.font}`;
  context.fillText(headline, EDGE, 108, width - 2 * EDGE);
  context.fillStyle = style.accent;
  context.font = `700 32px ${style.font}`;
  context.fillText(rate, EDGE, 160);
  const { rates } = data.scores[score];
  const [left, right] = [EDGE + 190, width - EDGE];
  context.fillStyle = style.line;
  context.fillRect(left, 146, right - left, 8);
  context.fillStyle = style.accent;
  context.fillRect(left, 146, (right - left) * rates[index], 8);

  const space = { width: width - 2 * EDGE, height: height - TOP - 16 };
  const layouts = ZOOMS.map((zoom) => ({ zoom, layout: layoutPanels(space.width / zoom, data.picture, blocksOf(data)) }));
  const fitting = layouts.find(({ zoom, layout }) => layout.height * zoom <= space.height);
  const { zoom, layout } = fitting ?? layouts[layouts.length - 1];
  context.save();
  context.translate(EDGE, TOP);
  context.scale(zoom, zoom);
  paintPicture(context, layout, data, data.scores[score].drop[index], style, zoom * scale);
  context.restore();
}
