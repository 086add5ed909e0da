// The removal board: turns events into marks, marks into questions to the server, and answers into words.

import { onNewLook } from "../shared/board.js";
import { bytesOf } from "../shared/bytes.js";
import { fillTrack, valueOf } from "../shared/dom.js";
import { clamp } from "../shared/grid.js";
import { coloursOf, fitCanvas } from "../shared/picture.js";
import { createAsker } from "./asker.js";
import { createCurves } from "./curves.js";
import { createDownloads } from "./downloads.js";
import { wireHand } from "./hand.js";
import { createHistory } from "./history.js";
import { createKnowledge } from "./knowledge.js";
import { createLinkedMarks } from "./linked_marks.js";
import { countOf, maskKey } from "./marks.js";
import { layoutBoard, paintBoard } from "./picture.js";
import { leavingText, renderPrediction, renderSummary } from "./reading.js";
import { createSpeech } from "./speech.js";
import { createBoard } from "./state.js";
import { createTools } from "./tools.js";

/**
 * @typedef {import("./state.js").Data} Data
 * @typedef {import("./state.js").State} State
 * @typedef {import("./history.js").Step} Step
 */

const REST_MILLISECONDS = 150; // ms without a change before the server is asked

/** @param {import("../shared/board.js").Gradio} gradio */
export function start({ element, props, trigger, watch }) {
  const board = createBoard(element);
  const { find, part, root, picture, state, shown, data, marks, markedGroup, groupStep, groupWords } = board;
  const { keyOf, chosenKey } = board;
  /** @type {HTMLInputElement} */
  const blockInput = find(".tr-block-input");
  const tools = createTools(board);
  const curves = createCurves(board);
  const linkedMarks = createLinkedMarks(board);
  const speech = createSpeech(board, leaving, REST_MILLISECONDS);
  const downloads = createDownloads(board, curves, {
    leaving,
    answer: answerNow,
    view: viewNow,
    by: () => board.state.by,
  });

  /** @type {{stamp: string, count: number} | null} of the open question */
  let openQuestion = null;

  // ---- data in --------------------------------------------------------------------------------------------

  /** @param {string} value */
  function show(value) {
    find(".tp-empty").hidden = Boolean(value);
    find(".tr-body").hidden = !value;
    if (!value) return;
    const data = JSON.parse(value);
    if (data.stamp === state.shown?.data.stamp) return;
    data.grey = bytesOf(data.picture.grey);
    for (const statistic of Object.values(data.clusters)) statistic.ids &&= bytesOf(statistic.ids);
    const history = createHistory(linkedMarks.firstStep(data, state.shown));
    state.shown = { data, history, knowledge: createKnowledge(data) };
    Object.assign(state, { hover: null, pin: null, stroke: null, answer: null });
    state.block = clamp(state.block, 1, data.model.depth - 1);
    Object.assign(blockInput, { max: data.model.depth - 1, value: state.block });
    part("first").textContent = "1";
    part("last").textContent = String(data.model.depth - 1);
    tools.fill();
    board.alert("");
    linkedMarks.take();
    linkedMarks.put();
    resize();
    redraw();
    asker.pump();
  }

  // ---- the marks ------------------------------------------------------------------------------------------

  /** @param {Step} step */
  function mark(step) {
    shown().history.push(step);
    changed();
  }

  /** Redraws at once; asks the server after a pause. */
  function changed() {
    board.alert("");
    linkedMarks.put();
    speech.again();
    redraw();
    asker.pumpAfter(REST_MILLISECONDS);
  }

  /** @param {string} group */
  function chooseGroup(group) {
    const step = groupStep(group);
    if (step) mark(step);
  }

  /** @type {Record<string, () => void>} */
  const actions = {
    undo() {
      shown().history.undo();
      changed();
    },
    redo() {
      shown().history.redo();
      changed();
    },
    clear: () => mark({ mask: new Uint8Array(data().picture.patches), group: null }),
    invert: () => mark({ mask: marks().map((marked) => 1 - marked), group: null }),
    ...downloads,
  };

  // ---- questions and answers ------------------------------------------------------------------------------

  const asker = createAsker({
    next() {
      if (!state.shown || state.stroke || element.offsetParent === null) return null;
      const keys = [chosenKey(), keyOf("L"), keyOf("H")].filter((key) => key !== null);
      return shown().knowledge.next(keys, state.block, countOf(marks()));
    },
    send(question) {
      const { stamp } = data();
      openQuestion = { stamp, count: countOf(marks()) };
      root.dataset.state = "busy";
      trigger("ask", { stamp, ...question });
    },
    learn(question, reply, waited) {
      if (openQuestion?.stamp !== data().stamp) return true; // about a clip that is gone: ask of this one
      if (reply.stale) return false; // about a clip that has not arrived yet: the question follows when it arrives
      shown().knowledge.learn(question, openQuestion.count, reply, waited);
      redrawAnswers();
      return true;
    },
    fail: board.alert,
  });

  /** @param {string} text */
  function receive(text) {
    if (!text) return;
    root.dataset.state = "idle";
    asker.receive(JSON.parse(text));
  }

  /** The answer for the current marks; null until the server has sent it. */
  function answerNow() {
    const { before, picture } = data();
    const key = chosenKey();
    if (key) return shown().knowledge.answersOf(key).get(state.block) ?? null;
    /** @type {[string, number, number][]} */
    const rows = before.rows.map(([label, share]) => [label, share, share]);
    return { ...before, kept: before.probability, stays: true, left: picture.patches, rows };
  }

  // ---- data out -------------------------------------------------------------------------------------------

  function resize() {
    const width = find(".tr-canvases").clientWidth;
    if (!state.shown || !width) return; // without width: in a tab that is not open
    state.layout = layoutBoard(width, data().picture);
  }

  function redraw() {
    const { layout, block } = state;
    if (!layout || !state.shown) return;
    paintBoard(fitCanvas(picture, layout), layout, data(), viewNow(), coloursOf(root), devicePixelRatio);
    tools.readPatch();
    part("block").textContent = String(block);
    fillTrack(blockInput);
    blockInput.setAttribute("aria-valuetext", `after block ${block}`);
    picture.setAttribute("aria-label", pictureLabel(data(), countOf(marks())));
    picture.dataset.tool = state.tool;
    root.dataset.mask = maskKey(marks());
    tools.renderLegend();
    tools.render();
    redrawAnswers();
  }

  function viewNow() {
    const { patches } = data().picture;
    const stay = patches - countOf(marks());
    return { mask: marks(), title: "What the model reads", left: `${stay} of ${patches} stay` };
  }

  function redrawAnswers() {
    if (!state.layout) return;
    const { before, model } = data();
    const answer = answerNow();
    if (answer) state.answer = answer;
    const view = { answer: state.answer, before, pending: !answer };
    renderSummary(part("summary"), { ...view, leaving: leaving() });
    renderPrediction(part("prediction"), { ...view, family: model.family });
    curves.render();
    if (answer) speech.answer(answer);
  }

  function leaving() {
    const group = markedGroup();
    const what = group ? `${groupWords(group)}: ` : "";
    return leavingText(what, countOf(marks()), data().picture.patches, state.block);
  }

  // ---- events ---------------------------------------------------------------------------------------------

  wireHand(board, tools, { mark, redraw });

  root.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || !state.shown) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    actions[key === "y" || event.shiftKey ? "redo" : "undo"]();
  });

  root.addEventListener("click", (event) => {
    const button = /** @type {Element} */ (event.target).closest("button");
    if (!button || !state.shown) return;
    if (button.dataset.group) chooseGroup(button.dataset.group);
    else actions[button.dataset.do ?? ""]?.();
  });

  part("by").addEventListener("change", (event) => {
    state.by = /** @type {State["by"]} */ (valueOf(event));
    const { group } = shown().history.now();
    if (group) chooseGroup(group);
    else changed();
  });

  part("tool").addEventListener("change", (event) => {
    state.tool = /** @type {State["tool"]} */ (valueOf(event));
    redraw();
  });

  part("brush").addEventListener("change", (event) => {
    state.brush = /** @type {State["brush"]} */ (valueOf(event));
  });

  blockInput.addEventListener("input", () => {
    state.block = Number(blockInput.value);
    changed();
  });

  // ---- page -----------------------------------------------------------------------------------------------

  onNewLook(find(".tr-canvases"), resize, () => {
    redraw();
    asker.pump(); // the tab may just have been opened
  });

  linkedMarks.read();
  watch("value", () => show(props.value));
  watch("reply", () => receive(props.reply));
  show(props.value);
}

/** @param {Data} data @param {number} count */
function pictureLabel({ clip, model, picture }, count) {
  return (
    `Spectrogram of ${clip.name} as ${model.name} reads it, ${count} of ${picture.patches} patches marked. ` +
    "Arrow keys go from patch to patch, Space or Enter marks or unmarks."
  );
}
