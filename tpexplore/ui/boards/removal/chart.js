// Lines over the blocks as an SVG.

import { node, shape } from "../shared/dom.js";
import { percent } from "../shared/text.js";
import { shareTicks } from "../shared/ticks.js";

/**
 * @typedef {object} ChartPoint
 * @property {number} block
 * @property {number} value
 * @property {number} [low]
 * @property {number} [high]
 * @property {boolean} [hollow]
 * @property {import("./knowledge.js").Answer} [answer]
 * @property {number} [draws]
 * @property {number} [stays]
 *
 * @typedef {object} Series drawn in their order
 * @property {string} kind
 * @property {string} [name] what stands at the end of the line
 * @property {boolean} [line]
 * @property {string | null} [mark] "circle", "square" or "diamond"
 * @property {string} [legend]
 * @property {ChartPoint[]} points
 *
 * @typedef {object} Chart
 * @property {number[]} blocks
 * @property {number} low
 * @property {number} high
 * @property {Series[]} series
 * @property {{value: number}} level what the model does with all patches
 * @property {number} here the block that is chosen
 * @property {string} label
 *
 * @typedef {{left: number, right: number, top: number, bottom: number}} Span
 * @typedef {(value: number) => number} Scale
 */

export const CHART = { height: 236, left: 44, right: 26, top: 14, bottom: 44 };
const MARK = 4; // px from the middle of a mark to its edge

/** @param {Chart & {width: number}} chart */
export function blockChart({ width, blocks, low, high, series, level, here, label }) {
  const { height, left, top } = CHART;
  const span = { left, right: width - CHART.right, top, bottom: height - CHART.bottom };
  const step = (span.right - span.left) / (blocks.length - 1);
  const x = (/** @type {number} */ block) => span.left + (block - blocks[0]) * step;
  const y = (/** @type {number} */ value) => span.bottom - ((span.bottom - span.top) * (value - low)) / (high - low);
  const size = { viewBox: `0 0 ${width} ${height}`, width, height };
  return shape(
    "svg",
    { class: "tr-chart", ...size, role: "img", "aria-label": label },
    ...chartAxes({ blocks, low, high, span, x, y }),
    shape("line", { class: "tr-here", x1: x(here), x2: x(here), y1: span.top, y2: span.bottom }),
    levelLine("tr-level", span, y(level.value)),
    ...series.map((one) => bandShape(one, x, y)),
    ...series.map((one) => lineShapes(one, x, y)),
    ...endLabels(series, blocks[blocks.length - 1], { x, y, span }),
  );
}

/** @param {string} kind @param {Span} span @param {number} y */
function levelLine(kind, { left, right }, y) {
  return shape("line", { class: kind, x1: left, x2: right, y1: y, y2: y });
}

/** @param {Pick<Chart, "blocks" | "low" | "high"> & {span: Span, x: Scale, y: Scale}} axes */
function chartAxes({ blocks, low, high, span, x, y }) {
  const text = (
    /** @type {number} */ at,
    /** @type {number} */ up,
    /** @type {string} */ anchor,
    /** @type {string | number} */ words,
  ) => shape("text", { x: at, y: up, "text-anchor": anchor }, words);
  const values = shareTicks(low, high).flatMap((value) => [
    levelLine("tr-grid", span, y(value)),
    text(span.left - 7, y(value) + 4, "end", percent(value)),
  ]);
  const numbers = blocks.map((block) => text(x(block), span.bottom + 17, "middle", block));
  const title = text((span.left + span.right) / 2, CHART.height - 6, "middle", "removed after block");
  return [...values, ...numbers, title];
}

/** @param {Series} series @param {Scale} x @param {Scale} y */
function bandShape({ kind, points }, x, y) {
  const wide = points.flatMap(({ block, low, high }) =>
    low === undefined || high === undefined ? [] : [{ block, low, high }],
  );
  const edge = [...wide.map((p) => [p.block, p.high]), ...[...wide].reverse().map((p) => [p.block, p.low])];
  const corners = edge.map(([block, value]) => `${x(block)},${y(value)}`).join(" ");
  return shape("polygon", { class: `tr-band tr-${kind}`, points: corners });
}

/** @param {Series} series @param {Scale} x @param {Scale} y */
function lineShapes({ kind, line, mark, points }, x, y) {
  const corners = points.map((p) => `${x(p.block)},${y(p.value)}`).join(" ");
  const marks = mark ? points.map((p) => markShape(mark, kind, x(p.block), y(p.value), p.hollow)) : [];
  const drawn = line ? [shape("polyline", { class: `tr-line tr-${kind}`, points: corners })] : [];
  return shape("g", {}, ...drawn, ...marks);
}

/** @type {Record<string, [number, number][]>} corners of a mark; without any it is a circle */
const CORNERS = {
  circle: [],
  diamond: [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]],
  square: [[-1, -1], [1, -1], [1, 1], [-1, 1]],
};

/** @param {string} mark @param {string} kind @param {number} x @param {number} y @param {boolean} [hollow] */
function markShape(mark, kind, x, y, hollow = false) {
  const about = { class: `tr-mark tr-${kind}`, "data-hollow": hollow };
  if (!CORNERS[mark].length) return shape("circle", { ...about, cx: x, cy: y, r: MARK });
  const points = CORNERS[mark].map(([dx, dy]) => `${x + MARK * dx},${y + MARK * dy}`).join(" ");
  return shape("polygon", { ...about, points });
}

/**
 * Names at the right end of their lines, moved apart where they would overlap.
 *
 * @param {Series[]} series
 * @param {number} last
 * @param {{x: Scale, y: Scale, span: Span}} axes
 */
function endLabels(series, last, { x, y, span }) {
  const named = series
    .flatMap(({ kind, name, points }) => {
      const end = points.find((p) => p.block === last);
      return name && end ? [{ kind, name, value: end.value }] : [];
    })
    .sort((a, b) => b.value - a.value);
  let free = -Infinity;
  return named.map(({ kind, name, value }) => {
    const at = Math.max(y(value) + 4, free);
    free = at + 13;
    const attributes = { class: `tr-end tr-${kind}`, x: x(last) + 8, y: Math.min(at, span.bottom + 8) };
    return shape("text", attributes, name);
  });
}

/** A key of the legend drawn like its line. @param {Series} series */
export function chartKey({ kind, line, mark, legend = "" }) {
  /** @type {SVGElement[]} */
  const sample = [];
  if (line) sample.push(shape("line", { class: `tr-line tr-${kind}`, x1: 1, x2: 29, y1: 7, y2: 7 }));
  if (mark) sample.push(markShape(mark, kind, 15, 7, !line));
  return keyOfShapes(sample, legend);
}

export function levelKey() {
  return keyOfShapes([shape("line", { class: "tr-level", x1: 1, x2: 29, y1: 7, y2: 7 })], "all patches");
}

/** @param {SVGElement[]} shapes @param {string} legend */
function keyOfShapes(shapes, legend) {
  const size = { viewBox: "0 0 30 14", width: 30, height: 14 };
  return node("span", { class: "tr-key" }, shape("svg", { ...size, "aria-hidden": true }, ...shapes), legend);
}
