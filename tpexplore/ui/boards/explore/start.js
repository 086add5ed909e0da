// The viewer: takes a clip in, turns events into redraws. Nothing here asks the server for an analysis.

import { afterRest, onNewLook } from "../shared/board.js";
import { RAMPS, cssGradient } from "../shared/colours.js";
import { addSegments, checkRadio, fillTrack, node, valueOf } from "../shared/dom.js";
import { DROPPED_BY, LEAVES, blockOf, isPruned } from "../shared/fates.js";
import { arrowKeys, gridOf } from "../shared/grid.js";
import { LONGEST_SIDE_BY_SIDE, layoutPanels, pointAt } from "../shared/layout.js";
import { coloursOf, fitCanvas } from "../shared/picture.js";
import { blocksText, planOf, rateText } from "../shared/plan.js";
import { setUpRates } from "../shared/rates.js";
import { percent, probabilityText } from "../shared/text.js";
import { pageState } from "../page/state.js";
import { createAddress } from "./address.js";
import { createBudgetField } from "./budget.js";
import { explanation } from "./explain.js";
import { createFaithfulness } from "./faithful.js";
import { wireDownloads } from "./figure.js";
import { createGroups } from "./groups.js";
import { createListening } from "./listen.js";
import { addPasses, decode, isComplete, linesOf } from "./messages.js";
import { createPassport } from "./passport.js";
import { legendKeys, paintPicture, rankShades } from "./picture.js";
import { createPlanField } from "./plan.js";
import { wirePresentation } from "./present.js";
import { ranked } from "./ranking.js";
import { flipsText, headlineText, renderAccuracy, renderAnswer, renderCost, renderSummary } from "./reading.js";
import { createReadout } from "./readout.js";
import { createMethodField } from "./method.js";
import { CONTROL_NAMES, SCORE_NAMES, createView } from "./state.js";
import { createTakeaway } from "./takeaway.js";

const SCORE_HELP = {
  attention: {
    ast: "What the model looks at stays (CLS token, mean over heads).",
    audiomae: "What the model looks at stays (mean over patches and heads).",
  },
  intensity: "Loud patches stay (mean of their values).",
  variation: "Patches with contrasts stay (spread of their values).",
  random: "A random order, the same each time: what chance does.",
  "time-even": "Of every moment the patch with most attention first, then every second one.",
};
const PANELS = { 0: "All patches", 4: "After 4", 7: "After 7", 10: "After 10", all: "All stages" };
const COLOURS = { sound: "Sound", rank: "Ranking" };
const VIEW_HELP = {
  sound: "Time runs to the right, pitch goes up. Coloured squares (patches) were kept, grey ones dropped.",
  rank: "Bright patches rank high in this stage; the lowest are dropped.",
  unranked: "No values are ranked here that could be shown.",
};
const ROOM_FOR_ALL = 900; // px from which all stages are shown at first
const SPEECH_DELAY = 700; // ms that everything must rest before the summary is spoken
const OUT_OF_SIGHT = 120; // px at the window's edge in which the picture does not count as seen

/** @param {import("../shared/board.js").Gradio} gradio */
export function start({ element, props, trigger, watch }) {
  const view = createView(element);
  const { find, out, state, data, entry, rateIndex, dropMap } = view;
  /** @type {HTMLCanvasElement} */
  const picture = find(".tp-picture");
  /** @type {HTMLInputElement} */
  const rateInput = find(".tp-rate-input");
  addSegments(find(".tp-score"), "tp-score", SCORE_NAMES);
  addSegments(find(".tp-panel"), "tp-panel", PANELS);
  addSegments(find(".tp-colour"), "tp-colour", COLOURS);

  const readout = createReadout(view);
  const listening = createListening(view, readout.redrawCursor);
  const passport = createPassport(view, closePassport);
  const groups = createGroups(view, { redrawCursor: readout.redrawCursor, onChange: redrawAfter });
  const budget = createBudgetField(view, {
    setRate,
    onChange(event) {
      speakSummarySoon();
      redrawAfter(event);
    },
  });
  const method = createMethodField(view, trigger);
  const faithfulness = createFaithfulness(view, trigger);
  const plan = createPlanField(view, { choose: method.choose, setRate });
  const takeaway = createTakeaway(view, trigger);
  wireDownloads(view);
  wirePresentation(view);

  // ---- data in --------------------------------------------------------------------------------------------

  /** @param {string} value */
  function show(value) {
    find(".tp-empty").hidden = Boolean(value);
    find(".tp-body").hidden = !value;
    if (!value) return;
    const data = decode(value);
    // The server begins with what the person looked at when asking; another choice may have been made since.
    const known = /** @type {import("./messages.js").Score[]} */ (Object.keys(data.scores));
    state.score = data.scores[state.chosen.score] ? state.chosen.score : known[0];
    state.chosen = { score: state.score, method: data.method, ...planOf(data) };
    method.tellPage();
    Object.assign(state, { data, hover: null, pinned: null, opened: false });
    listening.load();
    setUpControls();
    groups.regroup();
    out("clip-name").textContent = data.clip.name;
    out("clip").textContent = data.clip.sentences.join(" ");
    find(".tp").dataset.clip = data.clip.name;
    resize();
    redraw();
  }

  /** Further passes of the clip that is shown. @param {string} text */
  function add(text) {
    for (const { scores } of linesOf(text)) addPasses(data(), scores);
    budget.apply();
    redraw();
  }

  function setUpControls() {
    const { rates, clip, model } = data();
    nameStages();
    setUpRates(rateInput, rates, state.rate);
    picture.setAttribute(
      "aria-label",
      `Spectrogram of ${clip.name} as ${model.name} sees it, after ${blocksText(data())}. Arrow keys move from ` +
        "patch to patch, Enter opens a patch's passport and moves the play-head there, Space plays.",
    );
    const ends = [rates[0], rates[rates.length - 1]].map((rate) => node("span", {}, percent(rate)));
    out("strip-ends").replaceChildren(...ends);
    budget.load();
  }

  /** Stages are called by the blocks that prune. */
  function nameStages() {
    for (const stage of DROPPED_BY) {
      const block = blockOf(data(), stage);
      find(`.tp-panel [value="${stage}"] + span`).textContent = `After ${block}`;
      find(`.tp-after [value="${stage}"] + span`).textContent = `${block}`;
      find(`[data-stage="${stage}"]`).textContent = `after ${block}`;
    }
  }

  // ---- data out -------------------------------------------------------------------------------------------

  function resize() {
    if (!state.data) return;
    const width = find(".tp-canvases").clientWidth;
    if (!width) return; // hidden, for example in a closed tab
    const { picture: seen, clip } = state.data;
    const panel = panelNow(width);
    checkRadio(find(".tp-panel"), panel);
    checkRadio(find(".tp-colour"), state.colour);
    state.layout = layoutPanels(width, seen, panel === "all" ? undefined : [Number(panel)]);
    const { abreast, panels } = state.layout;
    // Stacked panels share one time axis with the seek bar; side by side they cannot.
    const played = (panels[0].w * clip.seconds) / seen.seconds;
    find(".tp-player").style.setProperty("--tp-seek-width", abreast ? "100%" : `${Math.max(80, played)}px`);
  }

  /** @param {number} width */
  function panelNow(width) {
    if (state.panel !== "auto") return state.panel;
    const isRoomy = width >= ROOM_FOR_ALL && data().picture.frames <= LONGEST_SIDE_BY_SIDE;
    return isRoomy ? "all" : String(DROPPED_BY[DROPPED_BY.length - 1]);
  }

  /** In place of the spectrogram: how high each patch ranked. Before the first stage and without pruning as in that. */
  function shades() {
    const index = rateIndex();
    return (/** @type {import("../shared/layout.js").Panel} */ { stage }) => {
      const asked = isPruned(dropMap()) && stage ? [index, stage] : [0, DROPPED_BY[0]];
      return rankShades(data().picture, ranked(data(), state.score, asked[0], asked[1]));
    };
  }

  function redraw() {
    if (!state.data) return;
    const { layout, score, data } = state;
    // Read by tests, and by the page when it asks for another analysis.
    Object.assign(find(".tp").dataset, { score, rate: state.rate, complete: isComplete(data) });
    if (!layout) return;
    const index = rateIndex();
    const { drop: drops, points, rates } = entry();
    const [drop, point] = [drops[index], points[index]];
    const layer = state.colour === "rank" ? shades() : undefined;
    paintPicture(fitCanvas(picture, layout), layout, data, drop, coloursOf(find(".tp")), devicePixelRatio, {
      shades: layer,
    });
    renderRate(point, rates[index]);
    renderSummary(out("summary"), find(".tp-changes"), data, point, score, rates[index]);
    renderDoubt(data.clip.doubt);
    const unranked = data.method === "merge" || Object.hasOwn(CONTROL_NAMES, score);
    const help = VIEW_HELP[state.colour !== "rank" ? "sound" : unranked ? "unranked" : "rank"];
    out("view").textContent = help.replace("dropped", LEAVES[data.method]);
    renderScores();
    method.render();
    faithfulness.render();
    plan.render();
    renderLegend();
    readPatch();
    passport.render();
    out("explanation").textContent = explanation(data, score, index);
    groups.render();
    renderAnswer(find(".tp-card-answer"), data, point, rates[index]);
    renderCost(find(".tp-card-cost"), data, point);
    renderAccuracy(find(".tp-card-accuracy"), data, score, index);
    listening.refreshSoon();
  }

  /**
   * Redraws in the next frame; what that took from the person's action to the paint can be read from
   * `performance` and from data-repaint-ms.
   *
   * @param {Event} event
   */
  function redrawAfter(event) {
    if (state.pending) return;
    state.pending = true;
    const asked = event.timeStamp;
    requestAnimationFrame(() => {
      state.pending = false;
      redraw();
      const painted = new MessageChannel();
      painted.port1.onmessage = () => {
        const measure = performance.measure("tp-repaint", { start: asked, end: performance.now() });
        find(".tp").dataset.repaintMs = measure.duration.toFixed(1);
      };
      painted.port2.postMessage(null);
    });
  }

  /** @param {import("./messages.js").Point} point @param {number} rate */
  function renderRate({ answer, probability }, rate) {
    out("rate").textContent = rateText(data(), rate);
    fillTrack(rateInput);
    const spoken = `${rateText(data(), rate)} of the patches kept at each stage, answer ${answer} ${probabilityText(probability)}`;
    rateInput.setAttribute("aria-valuetext", spoken);
    const [min, max] = [Number(rateInput.min), Number(rateInput.max)];
    const { flips, complete } = entry();
    const marks = flips.map((flip) => node("span", { style: `--tp-at: ${(flip.rate - min) / (max - min)}` }));
    find(".tp-flips").replaceChildren(...marks);
    const sentence = data().clip.silent ? "" : flipsText(entry());
    out("flips").textContent = complete ? sentence : "Other keep-rates are still being computed.";
  }

  function renderScores() {
    const { scores, model } = data();
    checkRadio(find(".tp-score"), state.chosen.score);
    for (const radio of find(".tp-score").querySelectorAll("input")) {
      radio.disabled = !scores[/** @type {import("./messages.js").Score} */ (radio.value)];
    }
    const help = SCORE_HELP[state.score];
    out("score-help").textContent = typeof help === "string" ? help : help[model.family];
  }

  function renderLegend() {
    const keys = legendKeys(data(), dropMap()).map(({ stage, text }) => {
      const sample =
        stage === null ? { class: "tp-hatch" } : { style: `background: ${cssGradient(RAMPS[stage])}` };
      return node("span", { class: "tp-key" }, node("i", sample), text);
    });
    find(".tp-legend").replaceChildren(...keys);
  }

  /** @param {import("./messages.js").Doubt | null} doubt */
  function renderDoubt(doubt) {
    find(".tp-doubt").hidden = !doubt;
    if (!doubt) return;
    out("doubt").textContent = doubt.sentence;
    find(".tp-other").hidden = !doubt.source;
    find(".tp-other").textContent = `Try it with ${doubt.task}`;
  }

  find(".tp-other").addEventListener("click", () => {
    document.dispatchEvent(new CustomEvent("tp-use-model", { detail: data().clip.doubt?.source }));
  });

  const speakSummarySoon = afterRest(SPEECH_DELAY, () => {
    if (!state.data) return;
    const { rates, points } = entry();
    view.say(`Keep-rate ${percent(rates[rateIndex()])}: ${headlineText(data(), points[rateIndex()])}`);
  });

  // ---- the patch that is read -----------------------------------------------------------------------------

  function readPatch() {
    readout.redrawCursor();
    readout.render();
    groups.point(readout.inFocus());
  }

  function openPassport() {
    state.opened = true;
    readPatch();
    passport.render();
    readout.speak();
    listening.followPin();
  }

  function closePassport() {
    state.opened = false;
    listening.loop(null);
    readPatch();
    passport.render();
    picture.focus();
  }

  /** @param {MouseEvent} event */
  function pointUnder(event) {
    const box = picture.getBoundingClientRect();
    if (!state.layout) return null;
    return pointAt(state.layout, data().picture, event.clientX - box.left, event.clientY - box.top);
  }

  /** @param {number} across columns @param {number} up rows */
  function movePin(across, up) {
    state.pinned = state.pinned === null ? 0 : gridOf(data().picture).step(state.pinned, across, up);
  }

  function seekToPin() {
    const { picture: seen } = data();
    const [first] = gridOf(seen).framesOf(state.pinned ?? 0);
    listening.seek((first * seen.seconds) / seen.frames);
  }

  // ---- events ---------------------------------------------------------------------------------------------

  /** @param {number} rate */
  function setRate(rate) {
    // With keep-rates of their own blocks have one place on the slider, which is none that an address names.
    const named = state.data?.own_rates?.length && rate < 1 ? Math.max(0.3, Math.min(0.95, Math.round(20 * rate) / 20)) : rate;
    state.rate = named;
    rateInput.value = String(rate);
    pageState.set({ rate: named }, view);
  }

  rateInput.addEventListener("input", (event) => {
    setRate(Number(rateInput.value));
    budget.clear();
    redrawAfter(event);
  });

  /** Shows another ranking, or asks for it where it is not there. @param {Event} event */
  function chooseScore(event) {
    method.choose({ score: /** @type {import("./messages.js").Score} */ (valueOf(event)) });
    budget.apply();
    speakSummarySoon();
    redrawAfter(event);
  }

  find(".tp-score").addEventListener("change", chooseScore);
  find(".tp-controls").addEventListener("change", chooseScore);

  for (const name of /** @type {const} */ (["panel", "colour"])) {
    find(`.tp-${name}`).addEventListener("change", (event) => {
      state[name] = valueOf(event);
      resize();
      redrawAfter(event);
    });
  }

  picture.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "mouse") return; // a finger scrolls the page; its tap arrives as a click
    state.hover = pointUnder(event);
    readPatch();
  });

  picture.addEventListener("pointerleave", () => {
    state.hover = null;
    readPatch();
  });

  picture.addEventListener("click", (event) => {
    const point = pointUnder(event);
    if (!point) return;
    state.pinned = point.patch;
    listening.seek(point.seconds);
    openPassport();
  });

  const keys = arrowKeys(movePin);

  picture.addEventListener("keydown", (event) => {
    if (event.key === " ") listening.toggle();
    else if (event.key === "Enter" && state.pinned !== null) {
      seekToPin();
      openPassport();
    } else if (keys[event.key]) {
      state.hover = null;
      keys[event.key]();
      readPatch();
      passport.render();
      readout.speak();
      listening.followPin();
    } else return;
    event.preventDefault();
  });

  // ---- page -----------------------------------------------------------------------------------------------

  onNewLook(find(".tp-canvases"), resize, redraw);

  let shown = props.value;
  show(shown);
  const address = createAddress(view, ({ score, method: way, blocks, rates, listen, stage, patch, panel, colour, ...others }) => {
    setRate(others["keep-rate"]);
    method.choose({ score, method: way, blocks, rates });
    Object.assign(state, { pinned: patch, opened: patch !== null, panel, colour });
    Object.assign(state.listen, { what: listen, stage });
    listening.renderChoice();
    resize();
    redraw();
  });
  address.tell(false);

  // Another tab has changed what all share.
  pageState.follow(({ rate, score }) => {
    state.rate = rate;
    rateInput.value = String(rate);
    if (state.chosen.method !== "merge") method.choose({ score: /** @type {import("./messages.js").Score} */ (score) });
    redraw();
    address.tell(false);
  }, view);

  watch("value", () => {
    const before = shown;
    shown = props.value;
    if (before && shown.startsWith(before)) add(shown.slice(before.length));
    else {
      show(shown);
      // On a phone the upload lies below the picture: bring the new picture into sight.
      const { top, bottom } = element.getBoundingClientRect();
      if (bottom < OUT_OF_SIGHT || top > innerHeight - OUT_OF_SIGHT) element.scrollIntoView({ behavior: "smooth" });
    }
    address.tell(true);
  });
  watch("reply", () => takeaway.receive(props.reply));
  watch("heard", () => faithfulness.receive(props.heard));
}
