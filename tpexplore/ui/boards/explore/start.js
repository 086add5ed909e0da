// The viewer: receives a clip, connects its parts, redraws. Nothing here requests an analysis from the server.

import { pageState } from "../page/state.js";
import { afterRest, onNewLook } from "../shared/board.js";
import { addSegments, renew } from "../shared/dom.js";
import { blocksOf, isPruned } from "../shared/fates.js";
import { coloursOf, fitCanvas } from "../shared/picture.js";
import { blocksText, planOf } from "../shared/plan.js";
import { percent } from "../shared/text.js";
import { createAccuracy } from "./accuracy.js";
import { createAddress } from "./address.js";
import { createAttention } from "./attention.js";
import { createBudgetField } from "./budget.js";
import { createDoubt } from "./doubt.js";
import { explanation } from "./explain.js";
import { createFaithfulness } from "./faithful.js";
import { wireDownloads } from "./figure.js";
import { wireFilm } from "./film.js";
import { createGroups } from "./groups.js";
import { renderLegend } from "./legend.js";
import { createListening } from "./listen.js";
import { addPasses, decode, isComplete, linesOf } from "./messages.js";
import { createMethodField } from "./method.js";
import { createPanels } from "./panels.js";
import { paintPicture, rankShades } from "./picture.js";
import { createPlanField } from "./plan.js";
import { createPointing } from "./pointing.js";
import { wirePresentation } from "./present.js";
import { ranked } from "./ranking.js";
import { headlineText, renderAnswer, renderCost, renderSummary } from "./reading.js";
import { createReadout } from "./readout.js";
import { createRepaint } from "./repaint.js";
import { createScores } from "./scores.js";
import { createSlider } from "./slider.js";
import { createView } from "./state.js";
import { createTakeaway } from "./takeaway.js";
import { createZoom } from "./zoom.js";

/**
 * @typedef {import("./messages.js").Data} Data
 * @typedef {import("./messages.js").Score} Score
 */

const COLOURS = { sound: "Sound", rank: "Ranking", attention: "Attention" };
const SPEECH_DELAY = 700; // ms that everything must rest before the summary is spoken
const OUT_OF_SIGHT = 120; // px at the window's edge where the picture does not count as visible

/** Whether two analyses are of the same sound and window. @param {Data} one @param {Data} other */
function isSameSound(one, other) {
  return one.clip.name === other.clip.name && one.clip.start === other.clip.start && one.picture.frames === other.picture.frames;
}

/** @param {import("../shared/board.js").Gradio} gradio */
export function start({ element, props, trigger, watch }) {
  const view = createView(element);
  const { find, out, state, data, entry, rateIndex, dropMap } = view;
  /** @type {HTMLCanvasElement} */
  const picture = find(".tp-picture");
  addSegments(find(".tp-colour"), "tp-colour", COLOURS);

  const repaint = createRepaint(find(".tp"), {
    all: redraw,
    picture() {
      paint();
      pointing.reread();
    },
  });
  const attention = createAttention(view, trigger, { redraw, redrawAfter: repaint.all });
  const readout = createReadout(view, attention);
  const listening = createListening(view, readout.redrawCursor);
  const groups = createGroups(view, { redrawCursor: readout.redrawCursor, onChange: repaint.all });
  const zoom = createZoom(view, repaint.picture);
  const pointing = createPointing(view, { readout, listening, groups, zoom, attention });
  const panels = createPanels(view, { redrawAfter: repaint.all, onLayout: zoom.apply });
  const slider = createSlider(view, (event) => {
    budget.clear();
    repaint.all(event);
  });
  const budget = createBudgetField(view, {
    setRate: slider.set,
    onChange(event) {
      speakSummarySoon();
      repaint.all(event);
    },
  });
  const method = createMethodField(view, trigger);
  const scores = createScores(view, (score, event) => {
    // Shows another ranking, or requests it if it has not arrived.
    method.choose({ score });
    budget.apply();
    speakSummarySoon();
    repaint.all(event);
  });
  const doubt = createDoubt(view);
  const accuracy = createAccuracy(find(".tp-card-accuracy"));
  const faithfulness = createFaithfulness(view, trigger);
  const plan = createPlanField(view, { choose: method.choose, setRate: slider.set });
  const takeaway = createTakeaway(view, trigger);
  wireDownloads(view);
  wirePresentation(view);
  wireFilm(view);

  // ---- data in --------------------------------------------------------------------------------------------

  /** @param {string} value */
  function show(value) {
    find(".tp-empty").hidden = Boolean(value);
    find(".tp-body").hidden = !value;
    if (!value) return;
    const data = decode(value);
    if (state.data && !isSameSound(data, state.data)) zoom.reset();
    // The server starts with the view at the time of the request; the user may have chosen another one since.
    const available = /** @type {Score[]} */ (Object.keys(data.scores));
    state.score = data.scores[state.chosen.score] ? state.chosen.score : available[0];
    state.chosen = { score: state.score, method: data.method, ...planOf(data) };
    method.tellPage();
    Object.assign(state, { data, hover: null, pinned: null, opened: false });
    panels.load();
    listening.load();
    slider.load();
    budget.load();
    picture.setAttribute(
      "aria-label",
      `Spectrogram of ${data.clip.name} as ${data.model.name} sees it, after ${blocksText(data)}. Arrow keys move from ` +
        "patch to patch, Enter opens a patch's passport and moves the play-head there, Space plays, + and - zoom.",
    );
    groups.regroup();
    out("clip-name").textContent = data.clip.name;
    out("clip").textContent = data.clip.sentences.join(" ");
    find(".tp").dataset.clip = data.clip.name;
    panels.resize();
    redraw();
  }

  /** Further passes of the clip that is shown. @param {string} text */
  function add(text) {
    for (const message of linesOf(text)) addPasses(data(), message.scores);
    budget.apply();
    redraw();
  }

  // ---- data out -------------------------------------------------------------------------------------------

  /** Replaces the spectrogram by the rank of each patch; before and without pruning, by that of the first stage. */
  function rankLayer() {
    const index = rateIndex();
    /** @param {import("../shared/layout.js").Panel} panel */
    const shades = ({ stage }) => {
      const [rate, block] = isPruned(dropMap()) && stage ? [index, stage] : [0, blocksOf(data())[0]];
      return rankShades(data().picture, ranked(data(), state.score, rate, block));
    };
    return { shades, ends: /** @type {[string, string]} */ (["lowest", "highest"]) };
  }

  /** The page's styles for the picture. Reading them makes the browser restyle everything, so not at every redraw. */
  let style = coloursOf(find(".tp"));
  /** The look of the picture; kept while only its visible part changes. */
  let look = lookNow();

  function lookNow() {
    const layer = state.data && (state.colour === "rank" ? rankLayer() : attention.layer());
    return { layer: { ...layer, images: /** @type {HTMLCanvasElement[]} */ ([]) }, style };
  }

  function paint() {
    const { layout, data } = state;
    if (!layout || !data) return;
    paintPicture(fitCanvas(picture, layout), layout, data, dropMap(), look.style, devicePixelRatio, { layer: look.layer });
  }

  function redraw() {
    if (!state.data) return;
    const { layout, score, data } = state;
    // Read by tests, and by the page when it asks for another analysis.
    Object.assign(find(".tp").dataset, { score, rate: state.rate, complete: isComplete(data) });
    if (!layout) return;
    const index = rateIndex();
    const { points, rates } = entry();
    const point = points[index];
    look = lookNow();
    slider.render(point, rates[index]);
    renderSummary(out("summary"), find(".tp-changes"), data, point, score, rates[index]);
    for (const part of [attention, doubt, scores, method, faithfulness, plan, pointing, groups]) part.render();
    renderLegend(view, attention.help());
    renew(out("explanation"), explanation(data, score, index));
    renderAnswer(find(".tp-card-answer"), data, point, rates[index]);
    renderCost(find(".tp-card-cost"), data, point);
    accuracy.render(data, score, index);
    paint(); // after all else: a canvas takes its font from the page, which is styled once then
    listening.refreshSoon();
  }

  /** @type {string | null} */
  let spokenBefore = null;

  const speakAfterRest = afterRest(SPEECH_DELAY, () => {
    // If a patch was read out in the meantime, that stays: a summary would interrupt it.
    if (!state.data || find(".tp-spoken").textContent !== spokenBefore) return;
    const { rates, points } = entry();
    view.say(`Keep-rate ${percent(rates[rateIndex()])}: ${headlineText(data(), points[rateIndex()])}`);
  });

  function speakSummarySoon() {
    spokenBefore = find(".tp-spoken").textContent;
    speakAfterRest();
  }

  // ---- page -----------------------------------------------------------------------------------------------

  onNewLook(find(".tp-canvases"), panels.resize, () => {
    style = coloursOf(find(".tp"));
    redraw();
  });

  let shown = props.value;
  show(shown);
  const address = createAddress(view, ({ score, method: way, blocks, rates, listen, stage, patch, panel, colour, head, ...others }) => {
    slider.set(others["keep-rate"]);
    method.choose({ score, method: way, blocks, rates });
    Object.assign(state, { pinned: patch, opened: patch !== null, colour, head });
    state.listen.what = listen;
    panels.restore({ panel, stage, blocks });
    listening.renderChoice();
    panels.resize();
    redraw();
  });
  address.tell(false);

  // Another tab has changed what all share.
  pageState.follow(({ rate, score }) => {
    slider.follow(rate);
    if (state.chosen.method !== "merge") method.choose({ score: /** @type {Score} */ (score) });
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
      if (bottom < OUT_OF_SIGHT || top > innerHeight - OUT_OF_SIGHT) {
        const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
        element.scrollIntoView({ behavior: still ? "auto" : "smooth" });
      }
    }
    address.tell(true);
  });
  watch("reply", () => takeaway.receive(props.reply));
  watch("heard", () => faithfulness.receive(props.heard));
  watch("attended", () => attention.receive(props.attended));
}
