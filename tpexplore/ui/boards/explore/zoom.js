// A part of the picture, enlarged: by buttons, keys, Ctrl and the wheel, or two fingers; moved by dragging.

import { clamp, gridOf } from "../shared/grid.js";
import { WHOLE } from "../shared/layout.js";

/**
 * @typedef {import("../shared/layout.js").Cut} Cut
 * @typedef {{across: number, up: number}} Place shares of the picture's width and height
 */

const MOST = 12; // times as large as the whole picture
const STEP = 1.5; // of a button or key
const WHEEL = { scale: 0.01, most: 25 }; // a notch of a mouse counts as much as a strong pinch of a touch pad
const DRAG_FROM = 4; // px; less is a click

/**
 * Another size around a place, which stays where it is; null where that is the whole picture.
 *
 * @param {Cut | null} cut
 * @param {number} factor above 1 to enlarge
 * @param {Place} around
 * @returns {Cut | null}
 */
export function zoomed(cut, factor, { across, up }) {
  const { left, right, low, high } = cut ?? WHOLE;
  const span = clamp((right - left) / factor, 1 / MOST, 1);
  if (span === 1) return null;
  const ratio = span / (right - left);
  return within({ left: across + (left - across) * ratio, low: up + (low - up) * ratio }, span, span * ((high - low) / (right - left)));
}

/**
 * The same size, moved by shares of the whole picture.
 *
 * @param {Cut} cut
 * @param {number} across
 * @param {number} up
 */
export function moved({ left, right, low, high }, across, up) {
  return within({ left: left + across, low: low + up }, right - left, high - low);
}

/**
 * Moved no further than it takes to show all of a box.
 *
 * @param {Cut} cut
 * @param {Cut} box
 */
export function revealing(cut, box) {
  const shift = (/** @type {"left" | "low"} */ start, /** @type {"right" | "high"} */ end) =>
    Math.min(0, box[start] - cut[start]) + Math.max(0, box[end] - cut[end]);
  return moved(cut, shift("left", "right"), shift("low", "high"));
}

/** @param {{left: number, low: number}} corner @param {number} wide @param {number} tall @returns {Cut} */
function within(corner, wide, tall) {
  const [left, low] = [clamp(corner.left, 0, 1 - wide), clamp(corner.low, 0, 1 - tall)];
  return { left, right: left + wide, low, high: low + tall };
}

/**
 * @param {import("./state.js").View} view
 * @param {(event: Event) => void} repaint
 */
export function createZoom({ find, state, data }, repaint) {
  /** @type {HTMLCanvasElement} */
  const canvas = find(".tp-picture");
  const canvases = find(".tp-canvases");
  const buttons = /** @type {HTMLButtonElement[]} */ ([...find(".tp-zoom").querySelectorAll("[data-zoom]")]);
  let dragged = false; // whether the click that ends a drag is still to come
  /** @type {{x: number, y: number, cut: Cut} | null} where a drag began, and the visible part then */
  let drag = null;
  /** @type {{distance: number, middle: {clientX: number, clientY: number}} | null} */
  let pinch = null;

  /** Applies the visible part to the panels. */
  function apply() {
    for (const panel of state.layout?.panels ?? []) panel.cut = state.cut;
    const isZoomed = String(Boolean(state.cut));
    if (canvases.dataset.zoomed !== isZoomed) canvases.dataset.zoomed = isZoomed;
    const span = state.cut ? state.cut.right - state.cut.left : 1;
    for (const button of buttons) {
      // Not disabled, as that would lose the focus to nothing.
      const idle = button.dataset.zoom === "in" ? span <= 1 / MOST + 1e-9 : !state.cut;
      if (button.ariaDisabled !== String(idle)) button.ariaDisabled = String(idle);
    }
  }

  /** @param {Cut | null} cut @param {Event} event */
  function show(cut, event) {
    state.cut = cut;
    apply();
    repaint(event);
  }

  /** The place of the picture under a point, at the nearest panel's edge if it is beside. @param {{clientX: number, clientY: number}} point */
  function placeAt({ clientX, clientY }) {
    const box = canvas.getBoundingClientRect();
    const [x, y] = [clientX - box.left, clientY - box.top];
    const panels = state.layout?.panels ?? [];
    const far = (/** @type {import("../shared/layout.js").Panel} */ one) =>
      Math.hypot(x - clamp(x, one.x, one.x + one.w), y - clamp(y, one.y, one.y + one.h));
    const panel = panels.reduce((near, one) => (far(one) < far(near) ? one : near));
    const { left, right, low, high } = state.cut ?? WHOLE;
    const [inside, above] = [clamp((x - panel.x) / panel.w, 0, 1), clamp(1 - (y - panel.y) / panel.h, 0, 1)];
    return { across: left + inside * (right - left), up: low + above * (high - low) };
  }

  /** @param {number} patch @returns {Cut} */
  function boxOf(patch) {
    const { picture } = data();
    const grid = gridOf(picture);
    const [left, right] = grid.framesOf(patch).map((frame) => frame / picture.frames);
    const [low, high] = grid.binsOf(patch).map((bin) => bin / picture.bins);
    return { left, right, low, high };
  }

  /** Around the patch that was chosen, else around the middle. @param {string} how @param {Event} event */
  function step(how, event) {
    if (how === "reset") {
      show(null, event);
      return;
    }
    const { left, right, low, high } = state.pinned === null ? (state.cut ?? WHOLE) : boxOf(state.pinned);
    const around = { across: (left + right) / 2, up: (low + high) / 2 };
    const cut = zoomed(state.cut, how === "in" ? STEP : 1 / STEP, around);
    show(cut && state.pinned !== null ? revealing(cut, boxOf(state.pinned)) : cut, event);
  }

  /** @param {{clientX: number, clientY: number}} point */
  function beginDrag({ clientX, clientY }) {
    drag = state.cut && { x: clientX, y: clientY, cut: state.cut };
  }

  /** @param {{clientX: number, clientY: number}} point @param {Event} event @returns {boolean} whether it is one */
  function goOn({ clientX, clientY }, event) {
    const panel = state.layout?.panels[0];
    if (!drag || !panel) return false;
    const [x, y] = [clientX - drag.x, clientY - drag.y];
    if (!dragged && Math.hypot(x, y) < DRAG_FROM) return false;
    dragged = true;
    const { left, right, low, high } = drag.cut;
    show(moved(drag.cut, (-x / panel.w) * (right - left), (y / panel.h) * (high - low)), event);
    return true;
  }

  for (const button of buttons) {
    button.addEventListener("click", (event) => {
      if (button.getAttribute("aria-disabled") !== "true") step(button.dataset.zoom ?? "", event);
    });
  }

  canvas.addEventListener("keydown", (event) => {
    const how = { "+": "in", "=": "in", "-": "out", 0: "reset" }[event.key];
    if (!how || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    step(how, event);
  });

  // Without Ctrl the wheel scrolls the page. A pinch on a touch pad comes as a wheel with Ctrl.
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      const factor = Math.exp(-WHEEL.scale * clamp(event.deltaY, -WHEEL.most, WHEEL.most));
      show(zoomed(state.cut, factor, placeAt(event)), event);
    },
    { passive: false },
  );

  canvas.addEventListener("pointerdown", (event) => {
    dragged = false;
    if (event.pointerType !== "touch" && event.button === 0) beginDrag(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "touch" && goOn(event, event)) canvas.setPointerCapture(event.pointerId);
  });
  for (const type of /** @type {const} */ (["pointerup", "pointercancel"])) {
    canvas.addEventListener(type, (event) => {
      if (event.pointerType !== "touch") drag = null;
    });
  }
  // The click at the end of a drag does not choose a patch.
  canvas.addEventListener(
    "click",
    (event) => {
      if (dragged) event.stopImmediatePropagation();
      dragged = false;
    },
    { capture: true },
  );

  // Fingers: one scrolls the page unless the picture is enlarged, two are the picture's.
  /** @param {TouchList} touches */
  function spread([one, other]) {
    const middle = { clientX: (one.clientX + other.clientX) / 2, clientY: (one.clientY + other.clientY) / 2 };
    return { distance: Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY), middle };
  }

  canvas.addEventListener(
    "touchstart",
    (event) => {
      const { targetTouches: touches } = event;
      pinch = touches.length === 2 ? spread(touches) : null;
      drag = null;
      if (pinch) event.preventDefault();
      else if (touches.length === 1) beginDrag(touches[0]);
    },
    { passive: false },
  );
  canvas.addEventListener(
    "touchmove",
    (event) => {
      const { targetTouches: touches } = event;
      if (pinch && touches.length === 2) {
        const now = spread(touches);
        // What was between the fingers stays between them.
        const around = placeAt(pinch.middle);
        const cut = zoomed(state.cut, now.distance / pinch.distance, around);
        pinch = now;
        dragged = true;
        state.cut = cut;
        const there = placeAt(now.middle);
        show(cut && moved(cut, around.across - there.across, around.up - there.up), event);
      } else if (!drag || !goOn(touches[0], event)) return;
      if (event.cancelable) event.preventDefault();
    },
    { passive: false },
  );
  canvas.addEventListener("touchend", (event) => {
    pinch = null;
    drag = null;
    // The remaining finger continues to move the picture.
    if (event.targetTouches.length === 1) beginDrag(event.targetTouches[0]);
  });

  return {
    apply,
    isDragging: () => Boolean(drag) && dragged,
    /** The whole picture again. */
    reset() {
      state.cut = null;
      apply();
    },
    /** Brings a patch into sight. @param {number} patch @param {Event} event */
    reveal(patch, event) {
      if (state.cut) show(revealing(state.cut, boxOf(patch)), event);
    },
  };
}
