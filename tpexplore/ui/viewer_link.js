// The viewer's part of the link to what is seen: tells link.js what is shown, and shows what a link asks for.

const FIRST_VIEW = viewNow();

function viewNow() {
  const { score, rate, listen, opened, pinned } = state;
  return { score, "keep-rate": rate, listen: listen.what, stage: listen.stage, patch: opened ? pinned : null };
}

// `fresh` where a clip has just come.
function tellView(fresh) {
  if (!state.data) return;
  const detail = { view: viewNow(), first: FIRST_VIEW, patches: state.data.picture.patches, fresh };
  document.dispatchEvent(new CustomEvent("tp-view", { detail }));
}

function restoreView({ score, listen, stage, patch, ...others }) {
  Object.assign(state, { score, rate: others["keep-rate"], pinned: patch, opened: patch !== null });
  Object.assign(state.listen, { what: listen, stage });
  rateInput.value = state.rate;
  check(".tp-what", listen);
  check(".tp-after", stage);
  find(".tp-after").disabled = listen === "original";
  redraw();
  tellView(false);
}

document.addEventListener("tp-ask", () => tellView(false));
document.addEventListener("tp-restore", ({ detail }) => restoreView(detail));
document.addEventListener("tp-opening", ({ detail }) => find(".tp").setAttribute("aria-busy", detail));
// After the viewer's own listeners, which have changed the state by then.
for (const type of ["input", "change", "click", "keydown"]) {
  find(".tp-body").addEventListener(type, () => tellView(false));
}
watch("value", () => tellView(true));
tellView(false);
