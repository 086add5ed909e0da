// The curve of measured accuracy against MACs, as an SVG.

import { shape } from "../shared/dom.js";
import { macsText, percent } from "../shared/text.js";
import { shareTicks } from "../shared/ticks.js";

/**
 * @typedef {import("./messages.js").Accuracy} Accuracy
 * @typedef {import("./messages.js").Score} Score
 * @typedef {ReturnType<typeof curveScales>} Scales
 */

const CURVE = { height: 170, left: 36, fromRight: 10, top: 10, bottom: 136 };
const PIXELS = 1.2; // per unit of the picture, so that its letters are as large as the page's
const NARROWEST = 240; // units; narrower, the labels of the axis would touch
export const FIRST_WIDTH = 280;

/** How wide the picture is, in its own units, in a card with so many pixels of room. @param {number} room */
export const curveWidth = (room) => Math.max(NARROWEST, Math.round(room / PIXELS));

/**
 * The picture, and the mark of a place on it; a move of the keep-rate redraws only the mark.
 *
 * @param {Record<Score, Accuracy[]>} accuracy
 * @param {{macs: number}} unpruned
 * @param {Score} score
 * @param {number} width in the picture's units
 */
export function accuracyCurve(accuracy, unpruned, score, width) {
  const scales = curveScales(accuracy, unpruned, width);
  const trace = (/** @type {Score} */ name) => tracePoints(accuracy[name], scales);
  const others = /** @type {Score[]} */ (Object.keys(accuracy)).filter((name) => name !== score);
  const line = trace(score);
  const band = [...line.map((p) => [p.x, p.high]), ...[...line].reverse().map((p) => [p.x, p.low])];
  const plumb = shape("line", { class: "tp-drop-line", y2: CURVE.bottom });
  const ring = shape("circle", { class: "tp-here", r: 5.5 });
  const picture = shape(
    "svg",
    {
      class: "tp-curve",
      viewBox: `0 0 ${width} ${CURVE.height}`,
      role: "img",
      "aria-label": `Measured accuracy against MACs, patches ranked by ${score}`,
    },
    ...curveAxes(scales),
    ...others.map((name) => shape("polyline", { class: "tp-other", points: joined(trace(name)) })),
    shape("polygon", { class: "tp-band", points: band.map((pair) => pair.join()).join(" ") }),
    shape("polyline", { class: "tp-line", points: joined(line) }),
    ...line.map((p) => shape("circle", { class: "tp-dot", cx: p.x, cy: p.y, r: 2.2 })),
    plumb,
    ring,
  );
  return {
    picture,
    /** @param {Accuracy} here */
    mark(here) {
      const [x, y] = [scales.x(here.macs), scales.y(here.value)].map(String);
      for (const [name, value] of [["x1", x], ["x2", x], ["y1", y]]) plumb.setAttribute(name, value);
      for (const [name, value] of [["cx", x], ["cy", y]]) ring.setAttribute(name, value);
    },
  };
}

/**
 * Values run to the next full tenth around all three scores, so that switching the score moves no axis.
 *
 * @param {Record<string, Accuracy[]>} accuracy
 * @param {{macs: number}} unpruned
 * @param {number} width in the picture's units
 */
export function curveScales(accuracy, unpruned, width) {
  const all = Object.values(accuracy).flat();
  const low = Math.floor(10 * Math.min(...all.map((m) => m.low))) / 10;
  const high = Math.max(low + 0.1, Math.ceil(10 * Math.max(...all.map((m) => m.high))) / 10);
  const least = Math.min(...all.map((m) => m.macs));
  const most = unpruned.macs;
  const right = width - CURVE.fromRight;
  return {
    low,
    high,
    least,
    most,
    right,
    x: (/** @type {number} */ macs) => CURVE.left + ((right - CURVE.left) * (macs - least)) / (most - least),
    y: (/** @type {number} */ value) => CURVE.bottom - ((CURVE.bottom - CURVE.top) * (value - low)) / (high - low),
  };
}

/** @param {Accuracy[]} measured @param {Scales} scales */
function tracePoints(measured, { x, y }) {
  return measured.map((m) => ({ x: x(m.macs), y: y(m.value), low: y(m.low), high: y(m.high) }));
}

/** @param {{x: number, y: number}[]} points */
function joined(points) {
  return points.map((p) => `${p.x},${p.y}`).join(" ");
}

/** @param {Scales} scales */
function curveAxes({ low, high, least, most, right, x, y }) {
  const label = (
    /** @type {number} */ at,
    /** @type {number} */ up,
    /** @type {string} */ anchor,
    /** @type {string} */ text,
  ) => shape("text", { x: at, y: up, "text-anchor": anchor }, text);
  const values = shareTicks(low, high).flatMap((value) => [
    shape("line", { class: "tp-gridline", x1: CURVE.left, x2: right, y1: y(value), y2: y(value) }),
    label(CURVE.left - 6, y(value) + 4, "end", percent(value)),
  ]);
  /** @type {[number, string][]} */
  const places = [
    [least, "start"],
    [(least + most) / 2, "middle"],
    [most, "end"],
  ];
  const costs = places.map(([macs, anchor]) => label(x(macs), CURVE.bottom + 16, anchor, macsText(macs, most)));
  const title = label((CURVE.left + right) / 2, CURVE.height - 3, "middle", "multiplications (MACs)");
  return [...values, ...costs, title];
}
