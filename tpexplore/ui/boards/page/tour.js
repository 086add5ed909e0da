// The tour: on the first visit, and on request. Its card is in a corner beside the elements that it explains; it
// takes no focus and scrolls nothing until it is used.

import { finder } from "../shared/dom.js";

const SEEN = "tpexplore-tour";
const CORNERS = ["bottom right", "bottom left", "top right", "top left"];
const MARGIN = 12; // px
const LOOK_AGAIN = 400; // ms between looks for the first picture, which comes before the tour

/** @param {HTMLElement} element that holds the card and the button */
export function startTour(element) {
  const find = finder(element);
  const card = find("#tour");
  const part = (/** @type {string} */ name) => find(`[data-tour="${name}"]`);
  const again = find("#tour-start");
  /** @type {{title: string, text: string, shows: string[]}[]} */
  const steps = JSON.parse(card.dataset.steps ?? "[]");
  const touch = matchMedia("(pointer: coarse)");
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  let step = 0;
  /** @type {HTMLElement | null} what had the focus before the card */
  let cameFrom = null;

  // A browser may refuse to remember anything; everyone is then new here.
  function visitedBefore() {
    try {
      const visited = localStorage.getItem(SEEN);
      localStorage.setItem(SEEN, "yes");
      return visited !== null;
    } catch {
      return false;
    }
  }

  const explores = () => Boolean(document.querySelector("#viewer .tp-body")?.checkVisibility());
  const built = () => steps.every(({ shows }) => shows.every((selector) => document.querySelector(selector)));

  // ---- the elements of a step -------------------------------------------------------------------------------

  const targets = () => steps[step].shows.flatMap((selector) => [...document.querySelectorAll(selector)]);

  /** @param {Element[]} elements */
  function ring(elements) {
    for (const lit of document.querySelectorAll("[data-tour-ring]")) lit.removeAttribute("data-tour-ring");
    for (const target of elements) target.setAttribute("data-tour-ring", "");
  }

  // All of it where the window has room for that and the card, else its first part, with room above it.
  function bringIntoSight() {
    const boxes = targets().map((target) => target.getBoundingClientRect());
    if (!boxes.length) return;
    const top = Math.min(...boxes.map((box) => box.top));
    const bottom = Math.max(...boxes.map((box) => box.bottom));
    if (top >= 0 && bottom <= innerHeight) return;
    const room = innerHeight - (bottom - top) - card.offsetHeight;
    const by = room > 0 ? top - room / 2 : boxes[0].top - card.offsetHeight - 2 * MARGIN;
    scrollBy({ top: by, behavior: still.matches ? "instant" : "smooth" });
  }

  function covered() {
    const own = card.getBoundingClientRect();
    const hidden = targets().map((target) => {
      const box = target.getBoundingClientRect();
      const width = Math.min(own.right, box.right) - Math.max(own.left, box.left);
      const height = Math.min(own.bottom, box.bottom) - Math.max(own.top, box.top);
      return Math.max(0, width) * Math.max(0, height);
    });
    return hidden.reduce((sum, area) => sum + area, 0);
  }

  // In the corner where the card covers least of the step's elements; the first one if several are equal.
  function place() {
    const areas = CORNERS.map((corner) => {
      card.dataset.corner = corner;
      return covered();
    });
    card.dataset.corner = CORNERS[areas.indexOf(Math.min(...areas))];
  }

  // ---- the card ---------------------------------------------------------------------------------------------

  /** @param {number} index */
  function show(index) {
    step = index;
    const last = step === steps.length - 1;
    part("count").textContent = `Step ${step + 1} of ${steps.length}`;
    part("title").textContent = steps[step].title;
    part("text").textContent = touch.matches ? steps[step].text.replace("Click", "Tap") : steps[step].text;
    if (!step && document.activeElement === part("back")) part("next").focus();
    part("back").hidden = !step;
    part("skip").hidden = last;
    part("next").textContent = last ? "Done" : "Next";
    ring(targets());
    place();
  }

  function open() {
    card.hidden = false;
    // An announced region must exist before its text.
    requestAnimationFrame(() => show(0));
  }

  /** @param {number} index */
  function go(index) {
    if (index >= steps.length) {
      close();
      return;
    }
    show(index);
    bringIntoSight();
  }

  function close() {
    const within = card.contains(document.activeElement);
    card.hidden = true;
    ring([]);
    if (within) (cameFrom?.isConnected ? cameFrom : again).focus({ preventScroll: true });
  }

  part("next").addEventListener("click", () => go(step + 1));
  part("back").addEventListener("click", () => go(step - 1));
  part("skip").addEventListener("click", close);
  card.addEventListener("focusin", ({ relatedTarget }) => {
    const from = /** @type {HTMLElement | null} */ (relatedTarget);
    if (!card.contains(from)) cameFrom = from;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !card.hidden) close();
  });
  // Its steps are about Explore; the button shows it again.
  document.addEventListener("tp-tab", (event) => {
    if (/** @type {CustomEvent<string>} */ (event).detail !== "explore" && !card.hidden) close();
  });
  document.addEventListener("scrollend", () => card.hidden || place());
  window.addEventListener("resize", () => card.hidden || place());

  again.addEventListener("click", () => {
    /** @type {HTMLElement | null} */
    const tab = document.querySelector("#explore-tab-button");
    if (!explores()) tab?.click();
    open();
    part("next").focus({ preventScroll: true });
  });

  // No tour for someone who opened a link; a name that begins with __ is Gradio's.
  const isSent = [...new URLSearchParams(location.search).keys()].some((name) => !name.startsWith("__"));

  // The first picture comes first.
  function welcome() {
    if (isSent || document.querySelector("#explore-tab-button[aria-selected='false']")) return;
    if (!explores() || !built()) setTimeout(welcome, LOOK_AGAIN);
    else if (!visitedBefore() && card.hidden) open();
  }
  setTimeout(welcome, LOOK_AGAIN);
}
