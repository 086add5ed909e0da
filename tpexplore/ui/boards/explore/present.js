// For a talk: the picture over the whole screen while the keep-rate sweeps by itself, and the same as a film.

import { followProblems } from "../page/problems.js";
import { clamp } from "../shared/grid.js";
import { lastBlockOf } from "../shared/fates.js";
import { node } from "../shared/dom.js";
import { coloursOf } from "../shared/picture.js";
import { fileName, saveAs, stem } from "../shared/saving.js";
import { SCENE, paintScene, sceneTexts, sweepOf } from "./scene.js";
import { soundsOf, trackName } from "./sounds.js";

const STEP_MILLISECONDS = 1400;
const FRAME_MILLISECONDS = 200; // a film gets a frame this often, though little moves
const FILM_SECONDS = [0.8, 2]; // least and most for each keep-rate
const FORMATS = ["video/webm;codecs=vp9,opus", "video/webm;codecs=vp8,opus", "video/webm", "video/mp4"];

/** @param {number} milliseconds */
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** @param {import("./state.js").View} view */
export function wirePresentation(view) {
  const { find, out, state, data } = view;

  /** @returns {import("./scene.js").SceneStyle} */
  function styleNow() {
    const css = getComputedStyle(find(".tp"));
    const [page, accent] = ["--tp-page", "--tp-accent"].map((name) => css.getPropertyValue(name));
    return { ...coloursOf(find(".tp")), page, accent };
  }

  /** @param {HTMLCanvasElement} canvas @param {number} index @param {import("./scene.js").SceneStyle} style */
  function paint(canvas, index, style) {
    const scale = canvas.width / SCENE.width;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.setTransform(scale, 0, 0, scale, 0, 0);
    paintScene(context, data(), state.score, index, style, scale);
  }

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

    /** Down and up again, over the keep-rates that are there by now. */
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
      paint(canvas, index, styleNow());
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

    // Back may lead to another tab, of which nothing would be seen.
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

  async function film() {
    const type = globalThis.MediaRecorder && FORMATS.find((one) => MediaRecorder.isTypeSupported(one));
    if (!state.data || !type) {
      out("taken").textContent = "This browser cannot make films.";
      return;
    }
    const { clip, model } = data();
    const { score } = state;
    // Keep-rates, not indices: the server may still add keep-rates, which moves the indices.
    const { rates } = view.entry();
    const steps = sweepOf(rates).map((index) => rates[index]);
    const style = styleNow();
    const canvas = node("canvas", SCENE);
    const audio = new AudioContext();
    const sink = audio.createMediaStreamDestination();
    const tracks = [...canvas.captureStream(1000 / FRAME_MILLISECONDS).getTracks(), ...sink.stream.getTracks()];
    const recorder = new MediaRecorder(new MediaStream(tracks), { mimeType: type });
    /** @type {Blob[]} */
    const pieces = [];
    recorder.ondataavailable = (event) => pieces.push(event.data);
    const ended = new Promise((done) => (recorder.onstop = done));
    try {
      const sounds = await soundsOf(view);
      const last = { what: "kept", stage: lastBlockOf(data()) };
      const seconds = clamp(clip.seconds, FILM_SECONDS[0], FILM_SECONDS[1]);
      recorder.start();
      for (const [i, rate] of steps.entries()) {
        if (data().clip !== clip || state.score !== score) {
          out("taken").textContent = "The clip or model has changed; please record the film again.";
          return;
        }
        out("taken").textContent = `Recording the film: ${i + 1} of ${steps.length} keep-rates.`;
        const { drop, rates: now } = view.entry();
        const index = now.indexOf(rate);
        const samples = sounds.tracks(drop[index])[trackName(last)];
        const buffer = audio.createBuffer(1, samples.length, clip.sample_rate);
        buffer.copyToChannel(/** @type {Float32Array<ArrayBuffer>} */ (samples), 0);
        const source = new AudioBufferSourceNode(audio, { buffer });
        source.connect(sink);
        source.start();
        // By the clock, not by frames: a slow machine makes fewer of them, not a longer film.
        const end = performance.now() + 1000 * seconds;
        do {
          paint(canvas, index, style);
          await pause(FRAME_MILLISECONDS);
        } while (performance.now() < end);
        source.stop();
      }
      recorder.stop();
      await ended;
      const ending = type.includes("mp4") ? "mp4" : "webm";
      saveAs(new Blob(pieces, { type }), fileName([stem(clip.name), model.name, score, "sweep"], ending));
      out("taken").textContent = "The film is in your downloads.";
    } catch {
      out("taken").textContent = "The film could not be made. Please try again.";
    } finally {
      if (recorder.state !== "inactive") recorder.stop();
      for (const track of tracks) track.stop();
      await audio.close();
    }
  }

  /** @type {HTMLButtonElement} */
  const filmButton = find("[data-film]");
  filmButton.addEventListener("click", async () => {
    filmButton.disabled = true;
    await film();
    filmButton.disabled = false;
  });
  find("[data-present]").addEventListener("click", present);
}
