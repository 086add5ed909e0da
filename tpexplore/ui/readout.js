// The patch that is pointed at: lit in all panels, read out below them, spoken.

function describePatch(patch, point) {
  const { picture: seen } = state.data;
  const { time, frequency } = placeText(state.data, patch);
  const mean = `${minus(seen.patch_decibels[patch].toFixed(0))} dB mean`;
  return {
    Patch: `${patch}`,
    Time: time,
    Frequency: frequency,
    Level: point ? `${pointLevel(point)}, ${mean}` : mean,
    Intensity: minus(seen.intensity[patch].toFixed(2)),
    Variation: seen.variation[patch].toFixed(2),
    Fate: fateText(dropMap()[patch]),
  };
}

function pointLevel({ frame, bin }) {
  const { picture: seen, grey } = state.data;
  const level = grey[frame * seen.bins + bin];
  const [low, high] = seen.decibels;
  return `${level === 0 ? "≤ " : ""}${minus(Math.round(low + ((high - low) * level) / 255))} dB here`;
}

function renderReadout() {
  const patch = patchInFocus();
  if (patch === null) {
    const hint =
      "Point at a patch to read it. For its passport click it, or move to it with the arrow keys and press Enter.";
    find(".tp-readout").replaceChildren(node("p", { class: "tp-help" }, hint));
    return;
  }
  const facts = Object.entries(describePatch(patch, state.hover));
  const pairs = facts.map(([name, value]) => node("div", {}, node("dt", {}, name), node("dd", {}, value)));
  find(".tp-readout").replaceChildren(node("dl", {}, ...pairs));
}

function speakPatch() {
  const { Patch, Time, Frequency, Level, Fate } = describePatch(state.pinned, null);
  say(`Patch ${Patch}, ${Time}, ${Frequency}, ${Level}, ${Fate}.`);
}

function patchInFocus() {
  return state.hover?.patch ?? state.pinned;
}

function redrawCursor() {
  const group = state.groups[state.pointedGroup ?? state.pressedGroup];
  drawCursor(cursor, state.layout, state.data, {
    patch: patchInFocus(),
    opened: state.opened ? state.pinned : null,
    lit: group ? new Set(group.patches) : null,
    seconds: state.seconds,
  });
}

function readPatch() {
  redrawCursor();
  renderReadout();
  state.groups.forEach(({ patches }, i) => {
    groupRows.rows[i].dataset.here = patches.includes(patchInFocus());
  });
}
