// The attention to patches at each pruning block, as colours and in numbers. The server computes it when this layer
// is first chosen, in an unpruned pass, where every patch is present.

import { ATTENTION_RAMP, lookupTable } from "../shared/colours.js";
import { bytesOf } from "../shared/bytes.js";
import { node, setHidden } from "../shared/dom.js";
import { blocksOf } from "../shared/fates.js";
import { planOf } from "../shared/plan.js";
import { createRequests } from "../shared/requests.js";
import { percent } from "../shared/text.js";
import { patchShades } from "./picture.js";

/**
 * @typedef {Record<number, Float32Array[]>} Attention of each block the share of all that each patch gets: by the mean
 *   of the heads, then head by head
 *
 * @typedef {{blocks: number[], highest: number[][], shares: string}} Message
 */

const STEPS = 65535;
const ROUND = [0, 1, 0.1, 0.25, 0.5, 2, 3, 5, 10, 20, 30, 50, 100, 200, 500]; // none and the mean come first
const TICK_SHARE = 0.11; // of the bar's height between two numbers
const WHO = { ast: "from the CLS token", audiomae: "from all patches on average" };
/** @type {Uint32Array | null} made on first use */
let table = null;

/** @param {Message} message @returns {Attention} */
export function attentionFrom({ blocks, highest, shares }) {
  const steps = new Uint16Array(bytesOf(shares).buffer);
  const rows = highest[0].length;
  const patches = steps.length / blocks.length / rows;
  return Object.fromEntries(
    blocks.map((block, i) => [
      block,
      highest[i].map((top, row) => {
        const from = (i * rows + row) * patches;
        return Float32Array.from(steps.subarray(from, from + patches), (step) => (step / STEPS) * top);
      }),
    ]),
  );
}

/** How much as multiples of their mean. @param {Float32Array} shares */
export function timesMean(shares) {
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  return shares.map((share) => (mean > 0 ? share / mean : 0));
}

/**
 * Numbers beside a bar whose colours follow the square root, so that small differences are visible and 0 is dark.
 *
 * @param {number} most times the mean
 */
export function rootTicks(most) {
  /** @type {{at: number, label: string}[]} */
  const ticks = [];
  for (const value of ROUND) {
    const at = Math.sqrt(value / most);
    if (at <= 1 && ticks.every((tick) => Math.abs(tick.at - at) >= TICK_SHARE)) ticks.push({ at, label: `${value}` });
  }
  return ticks.sort((a, b) => a.at - b.at);
}

/** "0.62 %, 1.6 times the mean" @param {Float32Array} shares @param {number} patch */
export function attentionText(shares, patch) {
  const share = shares[patch];
  return `${percent(share, share < 0.00995 ? 2 : 1)}, ${timesMean(shares)[patch].toFixed(share < 0.001 ? 2 : 1)} times the mean`;
}

/**
 * @param {import("./state.js").View} view
 * @param {import("../shared/board.js").Gradio["trigger"]} trigger
 * @param {{redraw: () => void, redrawAfter: (event: Event) => void}} acts
 */
export function createAttention({ find, state, data }, trigger, { redraw, redrawAfter }) {
  /** @type {HTMLSelectElement} */
  const heads = find(".tp-heads");
  /** @type {{of: object, attention: Attention} | null} the attention received, and the viewer's message that it belongs to */
  let known = null;
  const requests = createRequests((request) => trigger("attend", request));
  /** @type {object | null} the viewer's message whose attention is requested */
  let waiting = null;
  /** @type {{of: object, text: string} | null} */
  let problem = null;

  const isChosen = () => state.colour === "attention";
  const now = () => (known && known.of === state.data ? known.attention : null);

  /** Requests the attention of the current view, once. */
  async function want() {
    const of = data();
    if (now() || waiting === of || problem?.of === of) return;
    waiting = of;
    const { clip, model } = of;
    const about = { clip: clip.name, start: clip.start, model: model.name, blocks: planOf(of).blocks };
    const reply = await requests.ask(about);
    if (waiting !== of) return; // the view has changed
    waiting = null;
    if (reply.problem) problem = { of, text: reply.problem };
    else {
      known = { of, attention: attentionFrom(reply) };
      load();
    }
    redraw();
  }

  function load() {
    const attention = now();
    if (!attention) return;
    const total = attention[blocksOf(data())[0]].length - 1;
    if (state.head > total) state.head = 0;
    const texts = ["Mean of heads", ...Array.from({ length: total }, (_, i) => `Head ${i + 1}`)];
    heads.replaceChildren(...texts.map((text, value) => node("option", { value }, text)));
  }

  heads.addEventListener("change", (event) => {
    state.head = Number(heads.value);
    redrawAfter(event);
  });
  find(".tp-colour").addEventListener("change", () => (problem = null));

  /** @param {number} stage */
  const rowOf = (stage) => now()?.[stage || blocksOf(data())[0]]?.[state.head] ?? null;

  return {
    /** The layer that replaces the spectrogram; null unless it is chosen and loaded. */
    layer() {
      if (!isChosen() || !now() || !state.layout) return undefined;
      const { picture } = data();
      const rows = new Map(state.layout.panels.map(({ stage }) => [stage, timesMean(rowOf(stage) ?? new Float32Array(1))]));
      const tops = new Map([...rows].map(([stage, row]) => [stage, row.reduce((top, value) => Math.max(top, value), 0)]));
      const most = Math.max(...tops.values(), 1);
      table ??= lookupTable(ATTENTION_RAMP);
      /** @type {Partial<import("../shared/picture.js").Look>} */
      const look = {
        tables: Object.fromEntries([0, ...blocksOf(data())].map((fate) => [fate, /** @type {Uint32Array} */ (table)])),
        bar: ATTENTION_RAMP,
        scale: { unit: "× mean", ticks: rootTicks(most) },
        heading: ({ stage }) => [`Block ${stage}`, `at most ${(tops.get(stage) ?? 0).toFixed(1)} × mean`],
        shades: ({ stage }) =>
          patchShades(picture, Uint8Array.from(rows.get(stage) ?? [], (value) => Math.round(255 * Math.sqrt(value / most)))),
      };
      return look;
    },
    /** One sentence on the layer; null where it is not chosen. */
    help() {
      if (!isChosen()) return null;
      if (problem?.of === state.data) return problem.text;
      if (!now()) return "The attention is being computed.";
      return `Bright patches get much attention ${WHO[data().model.family]}, before any patch is dropped.`;
    },
    /** Of one patch, name -> text; of one block, or of all that prune. @param {number} patch @param {number} [stage] */
    facts(patch, stage) {
      if (!isChosen() || !now()) return {};
      const blocks = stage === undefined ? blocksOf(data()) : [stage || blocksOf(data())[0]];
      const whose = state.head ? `head ${state.head}, ` : "";
      return Object.fromEntries(
        blocks.map((block) => [`Attention, ${whose}block ${block}`, attentionText(/** @type {Float32Array} */ (rowOf(block)), patch)]),
      );
    },
    render() {
      setHidden(heads, !isChosen() || !now());
      if (!isChosen()) return;
      want();
      heads.value = String(state.head);
    },
    /** The server's answer. @param {string} text */
    receive(text) {
      if (text) requests.receive(JSON.parse(text));
    },
  };
}
