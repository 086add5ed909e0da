// What is heard: the clip, or what a stage keeps or has removed of it; made when it is first asked for.

const SOUND_NAMES = { original: "Original", kept: "Kept", removed: "Removed" };
const SOUND_DELAY = 150; // ms that the slider must rest before new sounds are made
const LISTEN_HELP = "Hear what a stage keeps or removes; switching keeps the place.";
const LOOP_SECONDS = 0.5; // from one repetition of a patch to the next

function createSounds({ clip, picture, binRows }) {
  const pcm = new Int16Array(bytesOf(clip.pcm).buffer);
  const samples = Float32Array.from(pcm, (value) => (value / 32767) * clip.scale);
  let spectrum = null;
  let made = { drop: null, tracks: null };
  return {
    samples,
    // All tracks for one map of dropped patches; the last ones are kept.
    tracks(drop) {
      spectrum ??= spectrumOf(samples);
      if (made.drop !== drop) made = { drop, tracks: listenTracks(spectrum, binRows, drop) };
      return made.tracks;
    },
    loop(patches) {
      spectrum ??= spectrumOf(samples);
      return columnSound(spectrum, binRows, picture.patches, patches, clip.sample_rate * LOOP_SECONDS);
    },
  };
}

function trackName({ what, stage }) {
  return what === "original" ? what : `${what} ${stage}`;
}

function listenText({ what, stage }, tracks, drop) {
  if (what === "original") return "The clip as the model gets it.";
  const left = keptAfter(drop, stage);
  const removed = what === "removed";
  if (removed && left === drop.length) return "Nothing is removed here: silence.";
  const whose = removed ? `${drop.length - left} patches gone` : `${left} patches left`;
  const level = Math.round(levelAgainst(tracks[trackName({ what, stage })], tracks.original));
  const told = level > 0 ? `${level} dB louder than` : level < 0 ? `${-level} dB quieter than` : "as loud as";
  return `The ${whose} after block ${stage}: ${Number.isFinite(level) ? told : "silent beside"} the clip.`;
}

// ---- the controls beside the play button ------------------------------------------------------------------

const player = createPlayer(movePlayHead);

addSegments(".tp-what", "tp-what", SOUND_NAMES);
addSegments(".tp-after", "tp-after", Object.fromEntries(DROPPED_BY.map((stage) => [stage, `${stage}`])));
check(".tp-what", state.listen.what);
check(".tp-after", state.listen.stage);
find(".tp-after").disabled = true;
out("listen").textContent = LISTEN_HELP;

// Makes what is to be heard at this keep-rate and lets it take over where the last sound is.
function refreshSound() {
  const start = performance.now();
  const drop = dropMap();
  const tracks = state.sounds.tracks(drop);
  player.change(tracks[trackName(state.listen)]);
  out("listen").textContent = listenText(state.listen, tracks, drop);
  performance.measure("tp-sound", { start, end: performance.now() });
}

const refreshSoundAfterRest = afterRest(SOUND_DELAY, refreshSound);

// Sounds cost some 50 ms: they are made only for someone who listens.
function refreshSoundSoon() {
  if (player.isPlaying() || state.listen.what !== "original") refreshSoundAfterRest();
}

function togglePlay() {
  loopPatch(null);
  if (!player.isPlaying()) refreshSound();
  player.toggle();
}

function chooseSound(choice) {
  Object.assign(state.listen, choice);
  find(".tp-after").disabled = state.listen.what === "original";
  refreshSound();
}

find(".tp-what").addEventListener("change", (event) => chooseSound({ what: event.target.value }));
find(".tp-after").addEventListener("change", (event) => chooseSound({ stage: Number(event.target.value) }));

playButton.addEventListener("click", togglePlay);
seekInput.addEventListener("input", () => player.seek(Number(seekInput.value)));
