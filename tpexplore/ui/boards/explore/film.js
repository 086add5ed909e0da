// The keep-rate sweep as a film: the pictures of a presentation, with the sound of the kept patches.

import { lastBlockOf } from "../shared/fates.js";
import { node } from "../shared/dom.js";
import { clamp } from "../shared/grid.js";
import { fileName, saveAs, stem } from "../shared/saving.js";
import { SCENE, paintView, styleOf, sweepOf } from "./scene.js";
import { soundsOf, trackName } from "./sounds.js";

const FRAME_MILLISECONDS = 200; // a film gets a frame this often, though little moves
const FILM_SECONDS = [0.8, 2]; // least and most for each keep-rate
const FORMATS = ["video/webm;codecs=vp9,opus", "video/webm;codecs=vp8,opus", "video/webm", "video/mp4"];

/** @param {number} milliseconds */
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/**
 * A canvas and an audio output that are recorded as a film.
 *
 * @param {string} type one of `FORMATS`
 * @param {AudioContext} audio
 */
function createCamera(type, audio) {
  const canvas = node("canvas", SCENE);
  const sink = audio.createMediaStreamDestination();
  const tracks = [...canvas.captureStream(1000 / FRAME_MILLISECONDS).getTracks(), ...sink.stream.getTracks()];
  const recorder = new MediaRecorder(new MediaStream(tracks), { mimeType: type });
  /** @type {Blob[]} */
  const pieces = [];
  recorder.ondataavailable = (event) => pieces.push(event.data);
  const ended = new Promise((done) => (recorder.onstop = done));

  return {
    canvas,
    start: () => recorder.start(),
    /** Starts to play. @param {Float32Array} samples @param {number} rate @returns {AudioBufferSourceNode} */
    play(samples, rate) {
      const buffer = audio.createBuffer(1, samples.length, rate);
      buffer.copyToChannel(/** @type {Float32Array<ArrayBuffer>} */ (samples), 0);
      const source = new AudioBufferSourceNode(audio, { buffer });
      source.connect(sink);
      source.start();
      return source;
    },
    /** The film, once its last piece is there. */
    async finish() {
      recorder.stop();
      await ended;
      return new Blob(pieces, { type });
    },
    close() {
      if (recorder.state !== "inactive") recorder.stop();
      for (const track of tracks) track.stop();
    },
  };
}

/**
 * Films the sweep; null where the clip or the model changes on the way.
 *
 * @param {import("./state.js").View} view
 * @param {ReturnType<typeof createCamera>} camera
 * @returns {Promise<Blob | null>}
 */
async function filmSweep(view, camera) {
  const { out, state, data } = view;
  const { clip } = data();
  const { score } = state;
  // Keep-rates, not indices: the server may still add keep-rates, which moves the indices.
  const { rates } = view.entry();
  const steps = sweepOf(rates).map((index) => rates[index]);
  const style = styleOf(view);
  const sounds = await soundsOf(view);
  const last = { what: "kept", stage: lastBlockOf(data()) };
  const seconds = clamp(clip.seconds, FILM_SECONDS[0], FILM_SECONDS[1]);
  camera.start();
  for (const [i, rate] of steps.entries()) {
    if (data().clip !== clip || state.score !== score) return null;
    out("taken").textContent = `Recording the film: ${i + 1} of ${steps.length} keep-rates.`;
    const { drop, rates: now } = view.entry();
    const index = now.indexOf(rate);
    const source = camera.play(sounds.tracks(drop[index])[trackName(last)], clip.sample_rate);
    // By the clock, not by frames: a slow machine makes fewer of them, not a longer film.
    const end = performance.now() + 1000 * seconds;
    do {
      paintView(camera.canvas, view, index, style);
      await pause(FRAME_MILLISECONDS);
    } while (performance.now() < end);
    source.stop();
  }
  return camera.finish();
}

/**
 * Films the sweep into the person's downloads.
 *
 * @param {import("./state.js").View} view
 * @returns {Promise<string>} a sentence for the user
 */
async function saveFilm(view) {
  const type = globalThis.MediaRecorder && FORMATS.find((one) => MediaRecorder.isTypeSupported(one));
  if (!view.state.data || !type) return "This browser cannot make films.";
  const { clip, model } = view.data();
  const { score } = view.state;
  /** @type {AudioContext | null} */
  let audio = null;
  /** @type {ReturnType<typeof createCamera> | null} */
  let camera = null;
  try {
    audio = new AudioContext();
    camera = createCamera(type, audio);
    const film = await filmSweep(view, camera);
    if (!film) return "The clip or model has changed; please record the film again.";
    saveAs(film, fileName([stem(clip.name), model.name, score, "sweep"], type.includes("mp4") ? "mp4" : "webm"));
    return "The film is in your downloads.";
  } catch {
    return "The film could not be made. Please try again.";
  } finally {
    camera?.close();
    await audio?.close();
  }
}

/** @param {import("./state.js").View} view */
export function wireFilm(view) {
  /** @type {HTMLButtonElement} */
  const button = view.find("[data-film]");
  button.addEventListener("click", async () => {
    button.disabled = true;
    view.out("taken").textContent = await saveFilm(view);
    button.disabled = false;
  });
}
