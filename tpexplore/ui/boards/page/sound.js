// "Your sound" in the bar on top: a file that is dropped anywhere, pasted or chosen, or a recording; and the part
// that the model reads of a longer file.

import { onNewLook } from "../shared/board.js";
import { bytesOf } from "../shared/bytes.js";
import { finder } from "../shared/dom.js";
import { takeDropped } from "./intake.js";
import { MOST_SECONDS, createRecorder } from "./recording.js";
import { drawWave, partText } from "./waveform.js";

/** @typedef {import("./waveform.js").Sound} Sound */

/** @param {import("../shared/board.js").Gradio} gradio */
export function start({ element, props, trigger, upload, watch }) {
  const find = finder(element);
  const problem = /** @type {HTMLElement} */ (document.getElementById("drop-problem"));
  const [browse, record, loudest, play] = ["browse", "record", "loudest", "play"].map((name) => find(`.ts-${name}`));
  const file = /** @type {HTMLInputElement} */ (find(".ts-file"));
  const slider = /** @type {HTMLInputElement} */ (find(".ts-start"));
  const canvas = /** @type {HTMLCanvasElement} */ (find(".ts-picture"));
  const part = find("[data-out=part]");
  const audio = new Audio();
  /** @type {Sound | null} */
  let sound = null;

  let latest = 0; // counts the clips chosen: an upload that ends after another choice is ignored

  // ---- a new clip -------------------------------------------------------------------------------------------

  /** @param {string} [text] the progress; without it the hint is shown again */
  function showState(text) {
    find(".ts-hint").textContent = text ?? props.hint;
    find(".ts-hint").toggleAttribute("data-busy", text !== undefined);
  }

  /** @param {File} sent */
  async function send(sent) {
    const own = ++latest;
    showState(`Sending ${sent.name} …`);
    try {
      const { path, url } = await upload(sent);
      if (own !== latest) return;
      const about = { orig_name: sent.name, size: sent.size, mime_type: sent.type };
      // The event's own script reads this, because Gradio checks values but not an event's data.
      Object.assign(globalThis, { tpClip: { path, url, ...about, meta: { _type: "gradio.FileData" } } });
      document.dispatchEvent(new CustomEvent("tp-start", { detail: null }));
      trigger("clip");
    } catch {
      if (own === latest) problem.textContent = `${sent.name} could not be sent to the app. Please try again.`;
    } finally {
      if (own === latest) showState();
    }
  }

  // An example, or the clip that Back leads to.
  document.addEventListener("tp-clip-chosen", () => {
    latest += 1;
    problem.textContent = "";
    if (!recorder.isRecording()) showState();
  });

  const take = takeDropped(props.limit, problem, send);

  browse.addEventListener("click", () => file.click());
  file.addEventListener("change", () => {
    if (file.files?.length) take(file.files[0]);
    file.value = ""; // the same file may be chosen again
  });

  const recorder = createRecorder(
    (seconds) => showState(`${seconds.toFixed(1)} s`),
    async () => {
      await toggleRecording();
      problem.textContent = `A recording ends after ${MOST_SECONDS / 60} minutes.`;
    },
  );
  let opening = false; // while the browser asks for permission

  async function toggleRecording() {
    if (opening) return;
    problem.textContent = "";
    if (recorder.isRecording()) {
      showRecording(false);
      send(await recorder.stop());
      return;
    }
    opening = true;
    try {
      await recorder.start();
      showRecording(true);
    } catch (error) {
      problem.textContent = /** @type {Error} */ (error).message;
    } finally {
      opening = false;
    }
  }

  /** @param {boolean} on */
  function showRecording(on) {
    record.textContent = on ? "Stop" : "Record";
    record.setAttribute("aria-pressed", String(on));
    showState(on ? "0.0 s" : undefined);
  }

  record.addEventListener("click", toggleRecording);
  showRecording(false);

  // ---- which part of it -------------------------------------------------------------------------------------

  /** @param {number | null} seconds null for the loudest part */
  function move(seconds) {
    Object.assign(globalThis, { tpStart: seconds });
    document.dispatchEvent(new CustomEvent("tp-start", { detail: seconds }));
    trigger("move");
  }

  slider.addEventListener("input", () => {
    if (!sound) return;
    part.textContent = partText({ ...sound, start: Number(slider.value), is_chosen: true });
    draw();
  });
  slider.addEventListener("change", () => move(Number(slider.value)));
  loudest.addEventListener("click", () => move(null));

  // ---- the picture and the player ---------------------------------------------------------------------------

  function draw() {
    if (sound && canvas.clientWidth) drawWave(canvas, sound, Number(slider.value));
  }

  function render() {
    find(".ts-wave").hidden = !sound;
    part.textContent = sound ? partText(sound) : "";
    if (!sound) return;
    const { seconds, window: span, start: from } = sound;
    const isLonger = seconds > span;
    slider.hidden = !isLonger;
    loudest.hidden = !isLonger || !sound.is_chosen;
    slider.max = String(Math.max(0, seconds - span));
    slider.value = String(from);
    slider.setAttribute("aria-valuetext", part.textContent);
    slider.style.setProperty("--ts-share", String(Math.min(1, span / seconds)));
    draw();
  }

  function showPlaying() {
    play.dataset.playing = String(!audio.paused);
    play.setAttribute("aria-label", audio.paused ? "Play the file" : "Pause");
  }

  play.addEventListener("click", () => {
    if (!audio.paused) audio.pause();
    else {
      audio.currentTime = sound?.start ?? 0;
      audio.play().catch(() => {
        problem.textContent = "This browser cannot play the file. The Explore tab plays what the model gets of it.";
      });
    }
  });
  for (const type of ["play", "pause", "ended"]) audio.addEventListener(type, showPlaying);
  document.addEventListener("tp-request", (event) => {
    const { clip } = /** @type {CustomEvent} */ (event).detail;
    audio.pause();
    if (clip?.url) audio.src = clip.url;
  });

  function receive() {
    sound = props.value ? JSON.parse(props.value) : null;
    if (sound) sound.levels = bytesOf(/** @type {any} */ (sound.levels));
    render();
  }

  onNewLook(find(".ts-frame"), () => {}, draw);
  watch("value", receive);
  receive();
}
