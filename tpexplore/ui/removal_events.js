// From the hand to the marks: brush, keys, buttons.

function patchUnder(event) {
  const box = picture.getBoundingClientRect();
  const [panel] = state.layout.panels;
  // A stroke that leaves the picture goes on along its edge.
  const inside = (at, start, size) => (state.stroke ? clamp(at, start, start + size - 0.01) : at);
  const x = inside(event.clientX - box.left, panel.x, panel.w);
  const y = inside(event.clientY - box.top, panel.y + 0.01, panel.h);
  return pointAt(state.layout, state.data.picture, x, y)?.patch ?? null;
}

function touch(patches) {
  const { mask, mark: value } = state.stroke;
  const grid = gridOf(state.data.picture);
  for (const patch of patches) for (const touched of brushed(patch, state.brush, grid)) mask[touched] = value;
}

function endStroke() {
  if (!state.stroke) return;
  const { mask } = state.stroke;
  state.stroke = null;
  mark({ mask, group: null });
}

picture.addEventListener("pointerdown", (event) => {
  const patch = patchUnder(event);
  if (patch === null || event.button !== 0) return;
  state.pin = patch;
  if (state.tool === "read") {
    readPatch();
    speak(`${describePatch(patch).join(", ")}.`);
    return;
  }
  picture.setPointerCapture(event.pointerId);
  const erase = state.tool === "erase" || event.shiftKey;
  state.stroke = { mask: marks().slice(), last: patch, mark: erase ? 0 : 1 };
  touch([patch]);
  redraw();
});

picture.addEventListener("pointermove", (event) => {
  const patch = patchUnder(event);
  state.hover = event.pointerType === "mouse" || state.stroke ? patch : null;
  if (state.stroke && patch !== null && patch !== state.stroke.last) {
    touch(pathBetween(state.stroke.last, patch, gridOf(state.data.picture)));
    state.stroke.last = patch;
    redraw();
  } else if (state.layout) readPatch();
});

picture.addEventListener("pointerup", endStroke);
picture.addEventListener("pointercancel", endStroke);
picture.addEventListener("pointerleave", () => {
  if (state.stroke) return;
  state.hover = null;
  readPatch();
});

function movePin(columns, rowsUp) {
  const grid = gridOf(state.data.picture);
  state.hover = null;
  if (state.pin === null) state.pin = 0;
  else {
    const column = clamp(Math.floor(state.pin / grid.rows) + columns, 0, grid.columns - 1);
    const row = clamp((state.pin % grid.rows) + rowsUp, 0, grid.rows - 1);
    state.pin = column * grid.rows + row;
  }
}

// Marks what lies under the brush if its middle is free, else unmarks it.
function togglePin() {
  if (state.pin === null) state.pin = 0;
  const mask = marks().slice();
  const value = 1 - mask[state.pin];
  for (const patch of brushed(state.pin, brushNow(), gridOf(state.data.picture))) mask[patch] = value;
  mark({ mask, group: null });
}

const KEYS = {
  ArrowLeft: () => movePin(-1, 0),
  ArrowRight: () => movePin(1, 0),
  ArrowUp: () => movePin(0, 1),
  ArrowDown: () => movePin(0, -1),
  Home: () => movePin(-Infinity, 0),
  End: () => movePin(Infinity, 0),
  " ": togglePin,
  Enter: togglePin,
};

picture.addEventListener("keydown", (event) => {
  if (!KEYS[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  KEYS[event.key]();
  readPatch();
  speak(`${describePatch(state.pin).join(", ")}.`);
});

root.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || !state.history) return;
  const key = event.key.toLowerCase();
  if (key !== "z" && key !== "y") return;
  event.preventDefault();
  ACTIONS[key === "y" || event.shiftKey ? "redo" : "undo"]();
});

root.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || !state.data) return;
  if (button.dataset.group) chooseGroup(button.dataset.group);
  else ACTIONS[button.dataset.do]?.();
});

part("by").addEventListener("change", (event) => {
  state.by = event.target.value;
  const { group } = state.history.now();
  if (group) chooseGroup(group);
  else changed();
});

part("tool").addEventListener("change", (event) => {
  state.tool = event.target.value;
  redraw();
});

part("brush").addEventListener("change", (event) => {
  state.brush = event.target.value;
});

blockInput.addEventListener("input", () => {
  state.block = Number(blockInput.value);
  changed();
});
