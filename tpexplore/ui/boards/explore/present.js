// For a talk: the picture over the whole screen while the keep-rate sweeps by itself.

import { followProblems } from "../page/problems.js";
import { node } from "../shared/dom.js";
import { SCENE, paintView, sceneTexts, styleOf, sweepOf } from "./scene.js";

const STEP_MILLISECONDS = 1400;

/** @param {import("./state.js").View} view */
export function wirePresentation(view) {
  const { find, state, data } = view;

  function present() {
    if (!state.data) return;
    const button = find("[data-present]");
    const canvas = node("canvas", { role: "img", class: "tp-scene" });
    const byTouch = matchMedia("(pointer: coarse)").matches;
    const keys = byTouch ? "Tap to pause. Turn the phone for a larger picture." : "Space pauses, arrow keys step, Escape leaves.";
    const help = node("p", { class: "tp-help" }, keys);
    const leaveButton = node("button", { class: "tp-button", type: "button" }, "Leave");
    const stage = node(
      "div",
      { class: "tp-present", role: "dialog", "aria-modal": true, "aria-label": "Presentation", tabindex: -1 },
      canvas,
      node("div", { class: "tp-present-foot" }, help, leaveButton),
    );
    let at = 0;
    let running = !matchMedia("(prefers-reduced-motion: reduce)").matches;

    /** Down and up again, over the keep-rates available so far. */
    function sweep() {
      const down = sweepOf(view.entry().rates);
      return [...down, ...down.slice(1, -1).reverse()];
    }

    function show() {
      const indices = sweep();
      const index = indices[at % indices.length];
      const scale = Math.min(innerWidth / SCENE.width, (innerHeight - 48) / SCENE.height);
      canvas.style.width = `${SCENE.width * scale}px`;
      canvas.width = Math.round(SCENE.width * scale * devicePixelRatio);
      canvas.height = Math.round(SCENE.height * scale * devicePixelRatio);
      paintView(canvas, view, index, styleOf(view));
      const { rate, headline } = sceneTexts(data(), state.score, index);
      canvas.setAttribute("aria-label", `${rate}: ${headline}`);
    }

    /** @param {number} by */
    function step(by) {
      const { length } = sweep();
      at = (at + by + length) % length;
      show();
    }

    const timer = setInterval(() => running && step(1), STEP_MILLISECONDS);

    // Back may lead to another tab, which would be hidden.
    const size = new ResizeObserver(() => stage.checkVisibility() || leave());
    const stopProblems = followProblems((problem) => {
      help.textContent = problem || keys;
    });

    function leave() {
      clearInterval(timer);
      removeEventListener("resize", show);
      size.disconnect();
      stopProblems();
      document.removeEventListener("tp-view", show);
      document.removeEventListener("fullscreenchange", onFullscreen);
      if (document.fullscreenElement) document.exitFullscreen();
      stage.remove();
      button.focus();
    }

    // Escape ends full screen without a word to the page.
    const onFullscreen = () => document.fullscreenElement ?? leave();

    stage.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return; // the browser's own: Back, paste
      if (event.key === "Escape") leave();
      else if (event.key === " " && event.target !== leaveButton) running = !running;
      else if (event.key === "ArrowRight") step(1);
      else if (event.key === "ArrowLeft") step(-1);
      else if (event.key === "Tab") leaveButton.focus(); // the only control
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    canvas.addEventListener("click", () => (running = !running));
    leaveButton.addEventListener("click", leave);
    addEventListener("resize", show);
    document.addEventListener("tp-view", show); // a sound may be dropped here, too
    find(".tp").append(stage);
    stage.focus();
    size.observe(stage);
    show();
    // Where a frame does not let its page fill the screen, the window has to do.
    stage.requestFullscreen?.().then(() => document.addEventListener("fullscreenchange", onFullscreen), () => {});
  }

  find("[data-present]").addEventListener("click", present);
}
