// The long recording's board: asks for windows slice by slice, draws them, and opens one in Explore.

import { isSameState, pageState } from "../page/state.js";
import { onNewLook } from "../shared/board.js";
import { finder, node } from "../shared/dom.js";
import { coloursOf } from "../shared/picture.js";
import { stateRateText, wayRequest, wayText } from "../shared/plan.js";
import { createRequests } from "../shared/requests.js";
import { fileName, saveAs, stem } from "../shared/saving.js";
import { MARGIN, OTHER, PALETTE, drawOverview, drawStrip, overviewAt, windowAt } from "./picture.js";
import {
  answerCounts,
  changes,
  clock,
  heardOf,
  nextChange,
  reading,
  secondsLeft,
  summaryOf,
  viewAround,
  viewWith,
  windowsInView,
} from "./strip.js";

/**
 * @typedef {object} Data what the server says of a recording
 * @property {string} stamp
 * @property {{name: string, seconds: number, whole: boolean}} clip
 * @property {{name: string, seconds: number, patches: number}} model
 * @property {number} windows
 * @property {string | null} example one that is long enough for some model
 */

const AT_ONCE = 24; // up to this many windows are analysed without a click
const SHORTEST = 2; // windows; of fewer there is nothing to see over time

/** @param {import("../shared/board.js").Gradio} gradio */
export function start({ element, props, trigger, watch }) {
  const find = finder(element);
  const root = find(".tl");
  const strip = /** @type {HTMLCanvasElement} */ (find(".tl-strip"));
  const overview = /** @type {HTMLCanvasElement} */ (find(".tl-overview"));
  const bar = /** @type {HTMLProgressElement} */ (find(".tl-progress"));
  const requests = createRequests((request) => trigger("ask", request));

  /** @type {Data | null} */
  let data = null;
  /** @type {import("../page/state.js").PageState} with which the windows were analysed */
  let used = pageState.get();
  /** @type {import("./strip.js").Heard[]} */
  let windows = [];
  let run = 0; // counts up when another run begins, or this one is stopped
  /** @type {Promise<any> | null} the last request of a run */
  let flight = null;
  let running = false;
  let finished = false;
  let busyMilliseconds = 0;
  /** @type {import("./strip.js").View} */
  let view = { first: 0, count: 1 };
  /** @type {number | null} */
  let pointed = null;
  let width = 0;
  /** @type {Map<string, string>} */
  let colours = new Map();

  // ---- the analysis ---------------------------------------------------------------------------------------

  /** @param {string} value */
  function show(value) {
    find(".tp-empty").hidden = Boolean(value);
    find(".tl-body").hidden = !value;
    const next = value ? JSON.parse(value) : null;
    if (next?.stamp === data?.stamp) return;
    data = next;
    stop();
    windows = [];
    finished = false;
    pointed = null;
    say("");
    if (!data) return;
    const { clip, model } = data;
    const short = clip.seconds < SHORTEST * model.seconds;
    find(".tl-short").hidden = !short;
    find(".tl-work").hidden = short;
    find(".tl-short").textContent =
      `${clip.name} lasts ${clip.seconds.toFixed(1)} s and ${model.name} listens to ${model.seconds.toFixed(1)} s at a ` +
      `time. Drop a recording of at least ${Math.ceil(SHORTEST * model.seconds)} s` +
      `${data.example ? `, or choose the example ${data.example},` : ""} to see the answers over time.`;
    render();
    if (!short && data.windows <= AT_ONCE) analyse();
  }

  const isStale = () => {
    return windows.length > 0 && !isSameState(pageState.get(), used);
  };

  /** From the beginning, or from where it was stopped. */
  async function analyse() {
    await flight; // a slice that was on its way when the run was stopped
    if (!data || running) return;
    const { stamp } = data;
    const again = !windows.length || finished || isStale();
    run += 1;
    const mine = run;
    running = true;
    say("");
    if (again) {
      used = pageState.get();
      [windows, finished, pointed, busyMilliseconds] = [[], false, null, 0];
    }
    render();
    /** @type {Record<string, unknown>} */
    let request = again ? { do: "start", ...wayRequest(used) } : { do: "next" };
    while (mine === run && !finished) {
      const begun = performance.now();
      flight = requests.ask({ ...request, stamp });
      const reply = await flight;
      busyMilliseconds += performance.now() - begun;
      if (stamp !== data?.stamp) return;
      if (reply.problem) {
        if (mine === run) stop();
        say(reply.problem);
        return;
      }
      windows.push(...reply.windows.map(heardOf));
      finished = reply.finished;
      request = { do: "next" };
      if (finished && mine === run) running = false;
      render();
    }
  }

  function stop() {
    run += 1;
    running = false;
    render();
  }

  /** @param {string} problem */
  function say(problem) {
    find(".tl-alert").textContent = problem;
    find(".tl-alert").hidden = !problem;
  }

  // ---- the display ----------------------------------------------------------------------------------------

  function render() {
    if (!data) return;
    const go = /** @type {HTMLButtonElement} */ (find(".tl-go"));
    go.textContent = buttonText();
    go.hidden = finished && !isStale();
    find(".tl-state").textContent = stateText();
    bar.hidden = !running && (finished || !windows.length);
    bar.value = windows.length / data.windows;
    const chosen = answerCounts(windows);
    colours = new Map(chosen.slice(0, PALETTE.length).map(({ label }, i) => [label, PALETTE[i]]));
    find(".tl-result").hidden = !windows.length;
    find(".tl-summary b").textContent = windows.length ? summaryOf(windows, stateRateText(used)) : "";
    find(".tl-find").hidden = !windows.some(changes);
    for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (element.querySelectorAll("[data-do=csv], [data-do=labels]"))) {
      button.disabled = running;
    }
    Object.assign(root.dataset, { done: windows.length, total: data.windows, state: stateName() });
    renderLegend(chosen);
    resize();
    redraw();
  }

  const stateName = () => (running ? "running" : finished ? "finished" : windows.length ? "stopped" : "ready");

  function buttonText() {
    const count = data?.windows ?? 0;
    if (running) return "Stop";
    if (isStale()) return `Analyse again at ${stateRateText(pageState.get())}`;
    return windows.length ? "Continue" : `Analyse all ${count} windows`;
  }

  function stateText() {
    if (!data) return "";
    const { clip, model } = data;
    const what = `${model.name}, ${wayText(used)}`;
    if (running || (windows.length && !finished)) {
      const left = secondsLeft(windows.length, data.windows, busyMilliseconds);
      const rest = running && left !== null ? `, about ${left} s left` : "";
      return `${windows.length} of ${data.windows} windows analysed${rest}. ${what}.`;
    }
    if (finished) {
      const left = Math.round(windows[0].share * model.patches);
      const kept = `${left} of ${model.patches} patches are left in each window of ${model.seconds.toFixed(1)} s`;
      return `${what}: ${kept}.`;
    }
    const whole = clip.whole ? "" : "; only the first hour is analysed";
    return `${clip.name} lasts ${clock(clip.seconds, clip.seconds)}${whole}. Each window lasts ${model.seconds.toFixed(1)} s.`;
  }

  /** @param {ReturnType<typeof answerCounts>} chosen */
  function renderLegend(chosen) {
    const keys = chosen.slice(0, PALETTE.length).map(({ label, before, after }) => {
      const colour = node("i", { style: `background: ${colours.get(label)}` });
      return node("span", { class: "tp-key" }, colour, `${label}: ${before} → ${after}`);
    });
    const more = chosen.length - keys.length;
    if (more > 0) {
      const grey = node("i", { style: `background: ${OTHER}` });
      keys.push(node("span", { class: "tp-key" }, grey, `${more} other ${more === 1 ? "answer" : "answers"}`));
    }
    const head = node("span", {}, "Windows with each answer, before → after pruning:");
    find(".tl-legend").replaceChildren(...(chosen.length ? [head, ...keys] : []));
  }

  function resize() {
    if (!data) return;
    width = find(".tl-result").clientWidth;
    if (!width) return; // in a closed tab
    const count = windowsInView(width - MARGIN.left - MARGIN.right, data.windows);
    view = viewWith({ first: view.first, count }, pointed ?? view.first, data.windows);
  }

  let pending = false;
  function redraw() {
    if (pending) return;
    pending = true;
    requestAnimationFrame(() => {
      pending = false;
      if (!data || !width || !windows.length) return;
      const css = getComputedStyle(root);
      const style = {
        ...coloursOf(root),
        changed: css.getPropertyValue("--tp-changed"),
        accent: css.getPropertyValue("--tp-accent"),
      };
      drawStrip(strip, width, seen(), style);
      const whole = view.count >= data.windows;
      find(".tl-overview-frame").hidden = whole;
      if (!whole) drawOverview(overview, width, seen(), style);
      find(".tl-reading").textContent =
        pointed === null || !windows[pointed] ? "" : reading(windows[pointed], stateRateText(used), data.clip.seconds);
      strip.setAttribute(
        "aria-label",
        `Answers of ${data.model.name} over ${data.clip.name}, ${windows.length} windows. ${summaryOf(windows, stateRateText(used))}`,
      );
    });
  }

  /** @returns {import("./picture.js").Seen} */
  function seen() {
    const { clip, model, windows: total } = /** @type {Data} */ (data);
    return { windows, total, seconds: clip.seconds, windowSeconds: model.seconds, view, pointed, colours };
  }

  // ---- events ---------------------------------------------------------------------------------------------

  /** @param {number | null} index */
  function point(index) {
    if (index === pointed || !data) return;
    pointed = index;
    if (index !== null) view = viewWith(view, index, data.windows);
    redraw();
  }

  /** Opens a window in Explore. @param {number} index */
  function open(index) {
    const { start: at } = windows[index];
    document.dispatchEvent(new CustomEvent("tp-start", { detail: at }));
    document.dispatchEvent(new CustomEvent("tp-tab", { detail: "explore" })); // Gradio tells of clicks only
    trigger("pick", at);
  }

  /** @param {1 | -1} step */
  function goToChange(step) {
    if (!data) return;
    const outside = step > 0 ? -1 : windows.length;
    const to = nextChange(windows, pointed ?? outside, step) ?? nextChange(windows, outside, step);
    if (to === null) return;
    view = viewAround(view, to, data.windows);
    pointed = to;
    redraw();
  }

  /** @param {string} what */
  async function save(what) {
    if (!data) return;
    const { stamp, clip, model } = data;
    const reply = await requests.ask({ do: what, stamp });
    if (reply.problem) {
      say(reply.problem);
      return;
    }
    const [ending, type] = what === "csv" ? ["csv", "text/csv"] : ["txt", "text/plain"];
    saveAs(new Blob([reply.text], { type }), fileName([model.name, stem(clip.name), what === "csv" ? "windows" : "labels"], ending, "-"));
  }

  /** @type {Record<string, () => void>} */
  const actions = {
    previous: () => goToChange(-1),
    next: () => goToChange(1),
    csv: () => save("csv"),
    labels: () => save("labels"),
  };
  element.addEventListener("click", (event) => {
    const button = /** @type {Element} */ (event.target).closest("button");
    if (!button) return;
    if (button.classList.contains("tl-go")) running ? stop() : analyse();
    else actions[button.dataset.do ?? ""]?.();
  });

  /** @param {MouseEvent} event */
  const under = (event) => windowAt(seen(), width, event.offsetX);
  strip.addEventListener("pointermove", (event) => {
    if (event.pointerType === "mouse" && data) point(under(event));
  });
  strip.addEventListener("click", (event) => {
    const index = data ? under(event) : null;
    if (index !== null) open(index);
  });

  /** @type {Record<string, (at: number, last: number) => number>} */
  const keys = {
    ArrowLeft: (at) => at - 1,
    ArrowRight: (at) => at + 1,
    PageUp: (at) => at - view.count,
    PageDown: (at) => at + view.count,
    Home: () => 0,
    End: (_, last) => last,
  };
  strip.addEventListener("keydown", (event) => {
    const last = windows.length - 1;
    if (event.key === "Enter" && pointed !== null) open(pointed);
    else if (keys[event.key] && last >= 0) {
      const isFirst = pointed === null && event.key.startsWith("Arrow");
      const to = isFirst ? view.first : keys[event.key](pointed ?? view.first, last);
      point(Math.min(last, Math.max(0, to)));
    } else return;
    event.preventDefault();
  });

  /** @param {PointerEvent} event */
  function move(event) {
    if (!data) return;
    view = viewAround(view, overviewAt(seen(), width, event.offsetX), data.windows);
    pointed = null;
    redraw();
  }
  overview.addEventListener("pointerdown", (event) => {
    overview.setPointerCapture(event.pointerId);
    move(event);
  });
  overview.addEventListener("pointermove", (event) => overview.hasPointerCapture(event.pointerId) && move(event));

  onNewLook(find(".tl-body"), resize, redraw);
  pageState.follow(() => data && render());
  watch("value", () => show(props.value));
  watch("reply", () => props.reply && requests.receive(JSON.parse(props.reply)));
  show(props.value);
}
