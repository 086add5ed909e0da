// Groups of patches, and how many of each are left after each stage.

import { node, renew } from "../shared/dom.js";
import { blocksOf, keptAfter } from "../shared/fates.js";
import { gridOf, isPadding } from "../shared/grid.js";
import { hertzRange } from "../shared/text.js";
import { clusterOf } from "./ranking.js";
import { meter } from "./meter.js";

/**
 * @typedef {import("../shared/grid.js").Picture} Picture
 * @typedef {{name: string, patches: number[]}} Group
 * @typedef {"intensity" | "variation" | "frequency"} Grouping
 */

const BARS = 4; // stages; more leave no room for bars
const FIFTHS = ["lowest fifth", "second fifth", "middle fifth", "fourth fifth", "highest fifth"];

/**
 * Every patch is in one group: padding, or a group by a statistic or by frequency; highest first. Clusters include
 * padding, as in every other tab and in the paper; the padding row then shows its share of them.
 *
 * @param {Pick<import("./messages.js").Data, "picture" | "clusters">} data
 * @param {Grouping} by
 * @returns {Group[]}
 */
export function groupsOf({ picture, clusters }, by) {
  const patches = [...Array(picture.patches).keys()];
  const padding = patches.filter((patch) => isPadding(picture, patch));
  const sound = patches.filter((patch) => !isPadding(picture, patch));
  let groups;
  if (by === "frequency") groups = frequencyGroups(picture, sound);
  else if (clusters) groups = clusterGroups(picture[by], clusters[by], patches);
  else groups = fifthGroups(picture[by], sound);
  groups.reverse();
  groups.push({ name: clusters && by !== "frequency" ? "of these, padding" : "padding", patches: padding });
  return groups.filter((group) => group.patches.length);
}

/** @param {ArrayLike<number>} values @param {number[]} sound @returns {Group[]} */
function fifthGroups(values, sound) {
  const ascending = [...sound].sort((a, b) => values[a] - values[b] || a - b);
  const at = (/** @type {number} */ i) => Math.round((ascending.length * i) / FIFTHS.length);
  return FIFTHS.map((name, i) => ({ name, patches: ascending.slice(at(i), at(i + 1)) }));
}

/** @param {ArrayLike<number>} values @param {number[]} edges @param {number[]} patches @returns {Group[]} */
function clusterGroups(values, edges, patches) {
  const last = edges.length - 2;
  return edges.slice(1).map((_, i) => ({
    name: `C${i + 1}${i === 0 ? " (lowest)" : i === last ? " (highest)" : ""}`,
    patches: patches.filter((patch) => clusterOf(values[patch], edges) === i),
  }));
}

/** @param {Picture} picture @param {number[]} sound @returns {Group[]} */
function frequencyGroups(picture, sound) {
  const grid = gridOf(picture);
  return picture.row_hertz.map(([low, high], row) => ({
    name: hertzRange(low, high),
    patches: sound.filter((patch) => grid.rowOf(patch) === row),
  }));
}

/**
 * The table's head and rows, to be filled by `fillSurvival`. A group's name is a button that keeps its patches lit.
 *
 * @param {HTMLTableSectionElement} body
 * @param {Group[]} groups
 * @param {{blocks?: number[]}} data
 */
export function buildSurvival(body, groups, data) {
  const blocks = blocksOf(data);
  const titles = ["at first", ...blocks.map((block) => `after ${block}`)];
  const head = body.parentElement?.querySelector("thead tr");
  head?.replaceChildren(node("td"), ...titles.map((title) => node("th", { scope: "col" }, title)));
  body.dataset.many = String(blocks.length > BARS);
  const row = (/** @type {Node | string} */ heading, /** @type {import("../shared/dom.js").Attributes} */ attributes) => {
    const cells = titles.map(() => node("td", {}, meter(0), node("span")));
    return node("tr", attributes, node("th", { scope: "row" }, heading), ...cells);
  };
  body.replaceChildren(
    ...groups.map(({ name }, i) =>
      row(node("button", { type: "button", "aria-pressed": false, "data-group": i }, name), { "data-group": i }),
    ),
    row("all patches", { class: "tp-total" }),
  );
}

/**
 * @param {HTMLTableSectionElement} body
 * @param {Group[]} groups
 * @param {import("../shared/fates.js").Fates} drop
 * @param {{blocks?: number[]}} data
 */
export function fillSurvival(body, groups, drop, data) {
  const all = { patches: Array.from(drop, (_, patch) => patch) };
  [...groups, all].forEach(({ patches }, i) => {
    [0, ...blocksOf(data)].forEach((stage, column) => {
      const left = keptAfter(drop, stage, patches);
      const cell = body.rows[i].cells[column + 1];
      const [track, number] = cell.children;
      renew(number, left);
      /** @type {HTMLElement} */ (track.firstElementChild).style.width = `${(100 * left) / patches.length}%`;
    });
  });
}
