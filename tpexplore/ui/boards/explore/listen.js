// The player's controls below the picture: play and pause, position, and the part of the clip to hear.

import { addSegments, checkRadio, replaceSegments, valueOf } from "../shared/dom.js";
import { afterRest } from "../shared/board.js";
import { blocksOf, groupOf } from "../shared/fates.js";
import { gridOf } from "../shared/grid.js";
import { createPlayer } from "./player.js";
import { listenText, loudnessText, soundsOf, trackName } from "./sounds.js";

const SOUND_NAMES = { original: "Original", kept: "Kept", removed: "Removed" };
const SOUND_DELAY = 150; // ms that the slider must rest before new sounds are made
const LISTEN_HELP = "Listen to what was kept or removed. Playback continues when you switch.";
const NO_SOUND = "The sound could not be loaded. Is the app still running?";
const LOOP_HELP = "Repeats what sounds in this patch alone, or in all patches of its time.";

/**
 * @param {import("./state.js").View} view
 * @param {() => void} redrawCursor
 */
export function createListening(view, redrawCursor) {
  const { find, out, state } = view;
  const playButton = find(".tp-play");
  /** @type {HTMLInputElement} */
  const seekInput = find(".tp-seek");
  /** @type {HTMLFieldSetElement} */
  const after = find(".tp-after");
  const loopButtons = /** @type {HTMLElement[]} */ ([...view.element.querySelectorAll("[data-loop]")]);
  const player = createPlayer(movePlayHead);
  /** @type {import("./messages.js").Clip | null} */
  let loaded = null; // the clip that the player holds

  const timeText = (/** @type {number} */ seconds) => `${(view.data().clip.start + seconds).toFixed(2)} s`;
  const sounds = () => /** @type {import("./sounds.js").Sounds} */ (state.sounds);

  /** Runs an action that needs the clip's sound, at once if it is loaded. @param {() => void} action */
  function withSounds(action) {
    if (loaded && loaded === view.data().clip) action();
    else loadSounds().then(action, () => (out("listen").textContent = NO_SOUND));
  }

  async function loadSounds() {
    const { clip } = view.data();
    const { samples } = await soundsOf(view);
    // Who waits for the same sound loads it once, and nobody that of a clip that was left.
    if (loaded === clip || view.data().clip !== clip) return;
    loaded = clip;
    player.load(samples, clip.sample_rate);
  }

  /** @param {number} seconds @param {boolean} playing */
  function movePlayHead(seconds, playing) {
    state.seconds = seconds;
    seekInput.value = String(seconds);
    out("time").textContent = timeText(seconds);
    seekInput.setAttribute("aria-valuetext", timeText(seconds));
    playButton.dataset.playing = String(playing);
    playButton.setAttribute("aria-label", playing ? "Pause" : "Play");
    if (state.layout) redrawCursor();
  }

  /** The chosen sound; the stage in a link may belong to blocks that have not arrived yet. */
  function heard() {
    const { what, stage } = state.listen;
    const blocks = blocksOf(view.data());
    return { what, stage: blocks.includes(stage) ? stage : blocks[0] };
  }

  /** Computes the sound for this keep-rate and continues with it from the current position. */
  function refresh() {
    const start = performance.now();
    const drop = view.dropMap();
    const tracks = sounds().tracks(drop);
    player.change(tracks[trackName(heard())]);
    out("listen").textContent = listenText(heard(), tracks, drop);
    performance.measure("tp-sound", { start, end: performance.now() });
  }

  const refreshAfterRest = afterRest(SOUND_DELAY, () => withSounds(refresh));

  function toggle() {
    withSounds(() => {
      loop(null);
      if (!player.isPlaying()) refresh();
      player.toggle();
    });
  }

  /** @param {Partial<import("./state.js").Listen>} choice */
  function choose(choice) {
    Object.assign(state.listen, choice);
    after.disabled = state.listen.what === "original";
    withSounds(refresh);
  }

  /** @param {number} seconds */
  const seek = (seconds) => withSounds(() => player.seek(seconds));

  /** Repeats the sound of the pinned patch or of its column; null ends it. @param {string | null} what */
  function loop(what) {
    state.looping = what;
    for (const button of loopButtons) button.setAttribute("aria-pressed", String(button.dataset.loop === what));
    out("loop").textContent = LOOP_HELP;
    if (!what || state.pinned === null) {
      player.repeat(null);
      return;
    }
    if (what === "group") {
      const sound = sounds().together(groupOf(view.holders()?.at(-1) ?? [], state.pinned));
      out("loop").textContent = loudnessText(sound, sounds().samples, "The group");
      player.repeat(sound);
      return;
    }
    const whole = what === "column";
    const patches = whole ? gridOf(view.data().picture).columnPatches(state.pinned) : [state.pinned];
    const sound = sounds().loop(patches);
    out("loop").textContent = loudnessText(sound, sounds().samples, whole ? "The column" : "The patch");
    player.repeat(sound);
  }

  /** Shows which sound is chosen. */
  function renderChoice() {
    checkRadio(find(".tp-what"), state.listen.what);
    checkRadio(after, state.listen.stage);
    after.disabled = state.listen.what === "original";
  }

  // Nothing is loaded until the user's first action; then the sound is loaded before they want to play it.
  for (const gesture of ["pointerdown", "pointermove", "keydown"]) {
    view.element.addEventListener(gesture, () => state.data && withSounds(() => {}), { once: true, passive: true });
  }
  addSegments(find(".tp-what"), "tp-what", SOUND_NAMES);
  renderChoice();
  out("listen").textContent = LISTEN_HELP;

  find(".tp-what").addEventListener("change", (event) => choose({ what: valueOf(event) }));
  after.addEventListener("change", (event) => choose({ stage: Number(valueOf(event)) }));
  playButton.addEventListener("click", toggle);
  seekInput.addEventListener("input", () => seek(Number(seekInput.value)));
  for (const button of loopButtons) {
    const what = button.dataset.loop ?? null;
    button.addEventListener("click", () => withSounds(() => loop(state.looping === what ? null : what)));
  }

  return {
    /** Another clip. */
    load() {
      const { clip } = view.data();
      state.sounds = state.samples = loaded = null;
      player.unload();
      if (clip.pcm !== null) loadSounds();
      replaceSegments(after, "tp-after", blocksOf(view.data()).map((block) => [`${block}`, `${block}`]));
      renderChoice();
      state.seconds = null;
      loop(null);
      seekInput.max = String(clip.seconds);
      seekInput.value = "0";
      out("time").textContent = timeText(0);
    },
    /** Sounds cost some 50 ms: they are made only for someone who listens. */
    refreshSoon() {
      if (player.isPlaying() || state.listen.what !== "original") refreshAfterRest();
    },
    toggle,
    loop,
    /** The pinned patch has changed, and so does the repeated sound. */
    followPin() {
      if (state.looping) loop(state.looping);
    },
    /** @param {number} seconds */
    seek: (seconds) => seek(Math.min(seconds, view.data().clip.seconds)),
    renderChoice,
  };
}
