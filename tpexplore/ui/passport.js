// All that is known of one patch: what it holds, how it stood in each stage, at which keep-rates it stays.

const STRIP_SHADES = { 0: 0.85, 4: 0.5, 7: 0.15, 10: 0.85 }; // places on the ramps against which the text is read
const EQUAL_SHARE = "Attention of 1 is what each would get if all that are there shared it equally. ";
const QUIET_DECIBELS = -40; // against the clip's peak; fainter patches are hard to hear by themselves

function patchPlace({ picture, clip }, patch) {
  const rows = picture.bins / PATCH;
  const [column, row] = [Math.floor(patch / rows), patch % rows];
  const width = PATCH * (picture.seconds / picture.frames);
  const start = clip.start + column * width;
  return { column, row, start, end: start + width, low: picture.row_hertz[row], high: picture.row_hertz[row + 1] };
}

function placeText(data, patch) {
  const { start, end, low, high } = patchPlace(data, patch);
  return { time: `${start.toFixed(2)}–${end.toFixed(2)} s`, frequency: hertzRange(low, high) };
}

function fateText(by) {
  return by ? `dropped by block ${by}` : "kept to the end";
}

function statisticText({ picture, clusters }, name, patch) {
  const value = picture[name][patch];
  const higher = `higher than ${percent(percentile(picture[name], patch))} of this clip's patches`;
  const cluster = clusters ? `, cluster ${clusterOf(value, clusters[name]) + 1} of ${clusters[name].length - 1}` : "";
  return `${minus(value.toFixed(2))}, ${higher}${cluster}`;
}

function passportFacts(data, patch) {
  const { time, frequency } = placeText(data, patch);
  const level = `${minus(data.picture.patch_decibels[patch].toFixed(1))} dB on average`;
  return {
    Time: time,
    Frequency: frequency,
    Level: isPadding(data.picture, patch) ? `${level}: padding, no sound` : level,
    Intensity: statisticText(data, "intensity", patch),
    Variation: statisticText(data, "variation", patch),
  };
}

function renderPassport(parts, data, score, index, patch) {
  parts.title.textContent = `Patch ${patch}`;
  const { drop, rates } = data.scores[score];
  const fate = fateText(drop[index][patch]);
  parts.fate.textContent = `${fate} at keep-rate ${percent(rates[index])}, ranked by ${score}`;
  const facts = Object.entries(passportFacts(data, patch));
  parts.facts.replaceChildren(...facts.flatMap(([name, value]) => [node("dt", {}, name), node("dd", {}, value)]));
  parts.score.textContent = SCORE_NAMES[score];
  parts.unit.textContent = score === "attention" ? EQUAL_SHARE : "";
  parts.stages.replaceChildren(...DROPPED_BY.map((stage) => stageRow(data, score, index, stage, patch)));
  parts.strips.replaceChildren(
    ...Object.entries(data.scores).map(([name, entry]) => stripRow(name, entry, name === score, index, patch)),
  );
}

function stageRow(data, score, index, stage, patch) {
  const found = standing(data, score, index, stage, patch);
  const heading = node("th", { scope: "row" }, `Block ${stage}`);
  const by = data.scores[score].drop[index][patch];
  if (!found) {
    const why = by && by < stage ? `gone: ${fateText(by)}` : "nothing is ranked at keep-rate 100%";
    return node("tr", {}, heading, node("td", { colspan: 5 }, why));
  }
  const number = (value) => minus(value.toFixed(2));
  const cells = [
    number(found.value),
    `${found.rank} of ${found.of}`,
    number(found.cut),
    `${found.margin < 0 ? "" : "+"}${number(found.margin)}`,
    found.kept ? "kept" : "dropped",
  ];
  return node("tr", { "data-kept": found.kept }, heading, ...cells.map((text) => node("td", {}, text)));
}

// One cell a keep-rate: a dot where the patch stays to the end, else the block that drops it.
function stripRow(score, entry, chosen, index, patch) {
  const fates = entry.drop.map((drop) => drop[patch]);
  const cells = fates.map((by, i) => {
    const style = `background: rgb(${rampColour(RAMPS[by], STRIP_SHADES[by])})`;
    return node("i", { "data-by": by, "data-here": i === index, style }, by ? `${by}` : "●");
  });
  return node(
    "div",
    { class: "tp-strip", "data-chosen": chosen },
    node("span", {}, score),
    node("span", { class: "tp-cells", role: "img", "aria-label": staysText(entry.rates, fates) }, ...cells),
  );
}

// "stays to the end at keep-rate 45%, 55–100%"
function staysText(rates, fates) {
  const spans = [];
  fates.forEach((by, i) => {
    if (by) return;
    const last = spans[spans.length - 1];
    if (last?.to === i - 1) last.to = i;
    else spans.push({ from: i, to: i });
  });
  const text = spans.map(({ from, to }) =>
    from === to ? percent(rates[from]) : `${percent(rates[from]).slice(0, -1)}–${percent(rates[to])}`,
  );
  return text.length ? `stays to the end at keep-rate ${text.join(", ")}` : "never stays to the end";
}

function loudnessText(loop, clip, what) {
  const level = 20 * Math.log10(peakOf(loop) / peakOf(clip));
  if (!Number.isFinite(level)) return `${what}: silence.`;
  const told = `${what}: its peak is ${Math.round(-level)} dB below the clip's`;
  return level < QUIET_DECIBELS ? `${told}, which may be too quiet to hear.` : `${told}.`;
}

// ---- the open one -----------------------------------------------------------------------------------------

const loopButtons = [...element.querySelectorAll("[data-loop]")];

function showPassport() {
  find(".tp-passport").hidden = !state.opened;
  if (!state.opened) return;
  const parts = {
    title: out("patch"),
    fate: out("fate"),
    facts: out("facts"),
    score: out("ranked-by"),
    unit: out("ranked-unit"),
    stages: out("stages"),
    strips: out("strips"),
  };
  renderPassport(parts, state.data, state.score, rateIndex(), state.pinned);
}

function openPassport() {
  state.opened = true;
  readPatch();
  showPassport();
  speakPatch();
  if (state.looping) loopPatch(state.looping);
}

function closePassport() {
  state.opened = false;
  loopPatch(null);
  readPatch();
  showPassport();
  picture.focus();
}

const LOOP_HELP = "Repeats what sounds in this patch alone, or in all patches of its time.";

// Repeats the sound of the pinned patch or of its column; null ends it.
function loopPatch(what) {
  state.looping = what;
  for (const button of loopButtons) button.setAttribute("aria-pressed", button.dataset.loop === what);
  out("loop").textContent = LOOP_HELP;
  if (!what) {
    player.repeat(null);
    return;
  }
  const whole = what === "column";
  const first = state.pinned - (state.pinned % MEL_ROWS);
  const column = Array.from({ length: MEL_ROWS }, (_, row) => first + row);
  const sound = state.sounds.loop(whole ? column : [state.pinned]);
  out("loop").textContent = loudnessText(sound, state.sounds.samples, whole ? "The column" : "The patch");
  player.repeat(sound);
}

find(".tp-body").addEventListener("keydown", (event) => {
  if (event.key === "Escape" && state.opened) closePassport();
});
find(".tp-close").addEventListener("click", closePassport);
for (const button of loopButtons) {
  const what = button.dataset.loop;
  button.addEventListener("click", () => loopPatch(state.looping === what ? null : what));
}
