// The live board: sends the microphone's sound, one piece at a time, and draws the answers.

import { pageState } from "../page/state.js";
import { onNewLook } from "../shared/board.js";
import { base64Of, bytesOf } from "../shared/bytes.js";
import { createOutbox } from "../shared/chunks.js";
import { cssGradient, lookupTables, rampsOf } from "../shared/colours.js";
import { finder, node } from "../shared/dom.js";
import { LEAVES, keptAfter, lastBlockOf } from "../shared/fates.js";
import { clamp } from "../shared/grid.js";
import { MARGIN } from "../shared/layout.js";
import { openMicrophone } from "../shared/microphone.js";
import { coloursOf, fitCanvas, paintPanels } from "../shared/picture.js";
import { wayRequest, wayText } from "../shared/plan.js";
import { pcmOf } from "../shared/wav.js";
import { createBars, headline } from "./answers.js";
import { createPulse, createRolling } from "./rolling.js";

/**
 * @typedef {object} Data what the server says of the model
 * @property {string} source
 * @property {string} model
 * @property {import("../shared/grid.js").Picture} picture
 * @property {[number, number]} scale
 *
 * @typedef {object} Update
 * @property {number} end frames since the beginning
 * @property {number} real frames in sight
 * @property {string} frames
 * @property {string} fate
 * @property {string} before
 * @property {string} after
 * @property {import("./answers.js").Row[]} rows
 * @property {number} saved
 * @property {boolean} silent
 */

const MODEL_RATE = 16_000; // Hz
const PIECE_SECONDS = 0.16; // one column of patches that lie side by side, so that each patch keeps its content
const MOST_WAITING = 12; // pieces
const HEIGHTS = [176, 320]; // px
const NO_ANSWER = "The app does not answer. Check the connection, then start again.";
const PATIENCE = 8; // calls in a row that may fail

/** @param {import("../shared/board.js").Gradio} gradio */
export function start({ element, props, server, watch }) {
  const find = finder(element);
  const root = find(".tv");
  const canvas = /** @type {HTMLCanvasElement} */ (find(".tv-picture"));
  const go = find(".tv-go");
  const bars = createBars(find(".tv-rows"));

  /** @type {Data | null} */
  let data = null;
  /** @type {ReturnType<typeof createRolling> | null} */
  let rolling = null;
  /** @type {import("../shared/microphone.js").Microphone | null} */
  let microphone = null;
  let session = 0; // counts up with every start and stop
  let id = "";
  let outbox = createOutbox(MOST_WAITING);
  let pulse = createPulse();
  let flying = false;
  let failures = 0;
  /** @type {Update | null} */
  let update = null;
  /** @type {Uint8Array | null} */
  let fates = null;
  /** @type {Record<string, Record<number, Uint32Array>>} colours of each fate, by the blocks that prune */
  const tables = {};
  let shownWay = pageState.get(); // the page's state in the request whose answer is shown
  let width = 0;

  // ---- the model ------------------------------------------------------------------------------------------

  /** @param {string} value */
  function show(value) {
    find(".tp-empty").hidden = Boolean(value);
    find(".tv-body").hidden = !value;
    const next = value ? JSON.parse(value) : null;
    if (next?.source === data?.source) return;
    data = next;
    rolling = data && createRolling(data.picture.frames, data.picture.bins, data.scale);
    update = null;
    find(".tv-result").hidden = true;
    if (!microphone) setState("off", "");
  }

  // ---- the microphone -------------------------------------------------------------------------------------

  async function begin() {
    session += 1;
    const mine = session;
    problem("");
    setState("opening", "Waiting for the microphone…");
    try {
      const opened = await openMicrophone(put, {
        rate: MODEL_RATE,
        seconds: PIECE_SECONDS,
        lost: () => stop("The microphone was disconnected."),
      });
      if (mine !== session) {
        opened.close(); // stopped, or started again, while the browser was asking
        return;
      }
      microphone = opened;
      id = crypto.randomUUID();
      outbox = createOutbox(MOST_WAITING);
      pulse = createPulse();
      failures = 0;
      rolling?.clear();
      setState("on", "Listening…");
    } catch (error) {
      if (mine === session) stop(error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {string} [why] */
  function stop(why = "") {
    session += 1;
    if (microphone) {
      microphone.close();
      microphone = null;
      server.forget(id).then((reply) => {
        root.dataset.gone = String(Boolean(reply?.gone));
      });
    }
    setState("off", update ? "Stopped. The last picture stays." : "");
    problem(why);
  }

  /** @param {Float32Array} piece */
  function put(piece) {
    if (!microphone) return;
    if (!root.checkVisibility()) stop(); // another tab is open
    else {
      outbox.put(piece);
      send();
    }
  }

  async function send() {
    if (flying || !microphone || !data || !rolling || outbox.isEmpty()) return;
    const [mine, sent] = [session, data];
    const way = pageState.get();
    flying = true;
    const reply = await server
      .hear({
        id,
        source: data.source,
        sampleRate: microphone.sampleRate,
        pcm: base64Of(pcmOf(outbox.take())),
        have: rolling.end,
        ...wayRequest(way),
      })
      .catch(() => undefined);
    flying = false;
    if (mine !== session) return;
    failures = reply ? 0 : failures + 1;
    if (failures > PATIENCE) stop(NO_ANSWER);
    else if (reply?.problem) stop(reply.problem);
    else if (sent === data && reply) take(reply, way);
    send();
  }

  // ---- the answers ----------------------------------------------------------------------------------------

  /** @param {Update & {busy?: string}} reply @param {import("../page/state.js").PageState} way */
  function take(reply, way) {
    if (reply.busy) setState("on", reply.busy);
    if (!reply.frames || !data || !rolling) return;
    update = reply;
    shownWay = way;
    fates = bytesOf(reply.fate);
    rolling.take(bytesOf(reply.frames), reply.end, reply.real);
    pulse.beat(performance.now());
    const often = pulse.rate();
    setState("on", often === null ? "Listening…" : `Listening · ${often.toFixed(1)} updates a second · ${wayText(way)}`);
    root.dataset.updates = String(Number(root.dataset.updates ?? 0) + 1);
    find(".tv-result").hidden = false;
    const { text, changed } = headline(reply);
    find(".tv-headline b").textContent = text;
    find(".tv-headline").dataset.changed = String(changed);
    bars.update(reply.silent ? [] : reply.rows);
    renderLegend();
    if (!width) resize();
    redraw();
  }

  const blocksNow = () => shownWay.blocks.split(",").map(Number);
  const lastBlock = () => lastBlockOf({ blocks: blocksNow() });

  function renderLegend() {
    if (!fates) return;
    const dropped = (/** @type {number} */ stage) => Array.from(fates ?? []).filter((by) => by === stage).length;
    /** @type {[number, string][]} */
    const keys = [[0, `kept (${keptAfter(fates, lastBlock())})`]];
    const [blocks, leaves] = [blocksNow(), LEAVES[shownWay.method]];
    const ramps = rampsOf(blocks);
    for (const stage of blocks) keys.push([stage, `${leaves} by block ${stage} (${dropped(stage)})`]);
    const samples = keys.map(([stage, text]) =>
      node("span", { class: "tp-key" }, node("i", { style: `background: ${cssGradient(ramps[stage])}` }), text),
    );
    find(".tv-legend").replaceChildren(...samples);
  }

  function resize() {
    width = find(".tv-result").clientWidth;
  }

  let pending = false;
  function redraw() {
    if (pending) return;
    pending = true;
    requestAnimationFrame(() => {
      pending = false;
      if (data && rolling && update && fates && width) paint(data, rolling, update, fates);
    });
  }

  /**
   * @param {Data} shown
   * @param {ReturnType<typeof createRolling>} frames
   * @param {Update} last
   * @param {Uint8Array} drop
   */
  function paint({ picture, model }, frames, last, drop) {
    const { grey, decibels } = frames.draw();
    Object.assign(picture, { decibels, real_frames: last.real });
    const begun = ((last.end - last.real) * picture.seconds) / picture.frames;
    const w = Math.floor(width - MARGIN.left - MARGIN.right);
    const h = Math.round(clamp((w * picture.bins) / picture.frames, HEIGHTS[0], HEIGHTS[1]));
    const panel = { stage: lastBlock(), x: MARGIN.left, y: MARGIN.top, w, h, axis: true, hertz: true };
    const layout = { abreast: false, panels: [panel], width, height: MARGIN.top + h + MARGIN.bottom };
    /** @type {import("../shared/picture.js").Look} */
    const look = {
      tables: (tables[shownWay.blocks] ??= lookupTables(rampsOf(blocksNow()))),
      fates: () => drop,
      heading: () => [`After block ${lastBlock()}`, `${keptAfter(drop, lastBlock())} of ${drop.length} kept`],
    };
    const seen = { picture, grey, clip: { start: begun } };
    paintPanels(fitCanvas(canvas, layout), layout, seen, look, coloursOf(root), devicePixelRatio);
    canvas.setAttribute("aria-label", `The last ${picture.seconds.toFixed(1)} s of your sound as ${model} reads it.`);
  }

  // ---- page -----------------------------------------------------------------------------------------------

  /** @param {"off" | "opening" | "on"} state @param {string} words */
  function setState(state, words) {
    root.dataset.state = state;
    go.textContent = state === "off" ? "Start the microphone" : "Stop";
    find(".tv-state").textContent = words;
  }

  /** @param {string} sentence */
  function problem(sentence) {
    find(".tv-alert").textContent = sentence;
    find(".tv-alert").hidden = !sentence;
  }

  go.addEventListener("click", () => (root.dataset.state === "off" ? begin() : stop()));
  document.addEventListener("tp-tab", (event) => {
    if (/** @type {CustomEvent} */ (event).detail !== "live" && root.dataset.state !== "off") stop();
  });
  addEventListener("pagehide", () => root.dataset.state !== "off" && stop());
  onNewLook(find(".tv-body"), resize, redraw);
  watch("value", () => show(props.value));
  show(props.value);
}
