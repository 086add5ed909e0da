// The link to what is seen: opens what the address names, keeps the address up to date, and hands the link out.
//
// It asks the server only for what the page was not built with and cannot change by itself: an example, model,
// start or tab, and the settings that are Gradio's. The rest is between this and the pictures: "tp-view" tells
// what the viewer shows ("tp-ask" asks for it), "tp-restore" what it is to show, "tp-opening" whether that is
// still on its way; "tp-board" tells that another picture is there, "tp-setting" what one of a tab's settings is
// now, "tp-left-out" that what the link named of it does not fit.

const REST_MILLISECONDS = 300; // browsers allow the address only so many changes
const PATIENCE_MILLISECONDS = 60_000;
const SHOWN_LETTERS = 40;
const SPACES = ".hf.space"; // there the address bar is that of a page around this one
const HUB = "https://huggingface.co";

const known = JSON.parse(props.known);
const copyButton = document.querySelector("#link-copy");
const told = document.querySelector("#link-told");
const field = document.querySelector("#link-field");
const problemLine = document.querySelector("#link-problem");
const firstOf = (names) => [...Object.keys(names), null][0];
const nameOf = (entries, fits) => Object.entries(entries).find(([, entry]) => fits(entry))?.[0] ?? null;
const FIRST = { example: firstOf(known.examples), start: null, model: firstOf(known.models), tab: known.tabs[0] };

// ---- reading ----------------------------------------------------------------------------------------------

const among = (names) => (text) => names.find((name) => String(name) === text);
const numeric = (text) => (/^\d*\.?\d+$/.test(text) ? Number(text) : NaN);

// Text -> value, or undefined where it is not understood; in the order in which a link names them.
const READ = {
  example: among(Object.keys(known.examples)),
  start(text, { example = FIRST.example }) {
    const seconds = numeric(text);
    return seconds < known.examples[example]?.seconds ? seconds : undefined;
  },
  model: among(Object.keys(known.models)),
  score: among(known.scores),
  "keep-rate": (text) => known.rates.find((rate) => rate === numeric(text)),
  listen: among(["original", "kept", "removed"]),
  stage: among(known.blocks),
  patch: (text) => (/^\d{1,5}$/.test(text) ? Number(text) : undefined),
  tab: among(known.tabs),
};

const NAMES = [...Object.keys(READ), ...Object.keys(known.settings)];

// A setting stays a text here: its tab or the server knows what it stands for.
function readSetting({ values, span, pattern }, text) {
  const fits = values
    ? Object.hasOwn(values, text)
    : span
      ? numeric(text) >= span[0] && numeric(text) <= span[1]
      : new RegExp(`^(?:${pattern})$`).test(text);
  return fits ? text : undefined;
}

function readLink(search) {
  const query = new URLSearchParams(search);
  const found = {};
  for (const name of NAMES) {
    if (!query.has(name)) continue;
    const text = query.get(name);
    const value = READ[name] ? READ[name](text, found) : readSetting(known.settings[name], text);
    if (value === undefined) tellProblem(name, text);
    else found[name] = value;
  }
  return found;
}

const problems = [];

function tellProblem(name, text) {
  problems.push(`${name} “${text.length > SHOWN_LETTERS ? `${text.slice(0, SHOWN_LETTERS)}…` : text}”`);
  const last = problems.length - 1;
  const named = [problems.slice(0, last).join(", "), problems[last]].filter(Boolean).join(" and ");
  const verbs = last ? "were not understood and are" : "was not understood and is";
  problemLine.textContent = `Of this link, ${named} ${verbs} left out.`;
}

// ---- what is seen -----------------------------------------------------------------------------------------

const wanted = readLink(location.search);
const has = (name) => wanted[name] !== undefined && wanted[name] !== FIRST[name];
const place = Object.fromEntries(Object.keys(FIRST).map((name) => [name, wanted[name] ?? FIRST[name]]));
let own = false; // whether the clip is the person's
let view = null; // what the viewer shows; null until it has told
let firstView = null; // what it shows where no link says otherwise
let patches = 0; // of the clip that it shows
let patch = wanted.patch ?? null; // the one whose passport is still to be opened
const settings = Object.fromEntries(Object.keys(known.settings).map((name) => [name, wanted[name] ?? null]));
const served = Object.keys(settings).filter((name) => known.settings[name].served && settings[name] !== null);
let awaited = has("example") || has("model") || has("start"); // until the viewer shows the link's clip
let opening = awaited; // until that, or until it is known that it will not come now
let arriving = awaited || has("tab") || served.length > 0; // until the server has done all that it was asked for
let openTab = FIRST.tab;
let written = null; // our part of the address
let timer = 0;

function queryNow() {
  const here = { ...place, ...view, patch: patch ?? view.patch };
  const defaults = { ...FIRST, ...firstView };
  const named = Object.keys(READ).filter((name) => here[name] !== defaults[name]);
  const kept = own ? named.filter((name) => name !== "example" && name !== "start") : named;
  const ofTab = Object.entries(settings).filter(
    ([name, text]) => text !== null && name.startsWith(`${place.tab}.`),
  );
  return new URLSearchParams([...kept.map((name) => [name, String(here[name])]), ...ofTab]);
}

// Tells the address bar, once things rest.
function update() {
  if (!view) return;
  document.dispatchEvent(new CustomEvent("tp-opening", { detail: opening }));
  const query = String(queryNow());
  written ??= query;
  clearTimeout(timer);
  if (query !== written) timer = setTimeout(writeAddress, REST_MILLISECONDS, query);
}

function writeAddress(query) {
  written = query;
  problemLine.textContent = ""; // what it told of stands in the address no longer
  const whole = new URLSearchParams(location.search);
  for (const name of NAMES) whole.delete(name);
  for (const [name, value] of new URLSearchParams(query)) whole.set(name, value);
  const search = whole.size ? `?${whole}` : "";
  history.replaceState(history.state, "", `${location.pathname}${search}${location.hash}`);
  if (window.parent !== window && location.hostname.endsWith(SPACES)) {
    window.parent.postMessage({ queryString: query }, HUB);
  }
}

// ---- opening ----------------------------------------------------------------------------------------------

function open() {
  if (arriving) {
    trigger("open", { ...place, settings: Object.fromEntries(served.map((name) => [name, settings[name]])) });
    setTimeout(arrive, PATIENCE_MILLISECONDS); // where the queue is full, nothing comes back
  }
  const values = { ...firstView };
  for (const name of Object.keys(values)) values[name] = wanted[name] ?? values[name];
  document.dispatchEvent(new CustomEvent("tp-restore", { detail: { ...values, patch: null } }));
  restorePatch();
}

// A passport is of the link's clip, so it waits for that.
function restorePatch() {
  if (patch === null || awaited) return;
  const asked = patch;
  patch = null;
  if (asked < patches) {
    document.dispatchEvent(new CustomEvent("tp-restore", { detail: { ...view, patch: asked } }));
  } else leaveOut("patch", String(asked));
}

function leaveOut(name, text) {
  tellProblem(name, text);
  written = String(queryNow()); // else the address would be written, and the sentence gone
}

function endOpening() {
  opening = false;
  update();
}

document.addEventListener("tp-view", ({ detail }) => {
  const isFirst = !view;
  ({ view, first: firstView, patches } = detail);
  if (isFirst) open();
  if (awaited && detail.fresh) {
    awaited = false;
    endOpening();
    restorePatch();
  }
  update();
});

function arrive() {
  arriving = false;
  place.tab = openTab;
  endOpening();
}

document.addEventListener("tp-opened", arrive);

// What the person or a link has chosen. Where the clip is cleared, what is seen stays.
document.addEventListener("tp-request", ({ detail: { path, model } }) => {
  place.model = nameOf(known.models, (source) => source === model);
  if (path) {
    place.example = nameOf(known.examples, (example) => example.path === path);
    own = place.example === null;
  }
  update();
});

// The person has asked for something else than the link did.
document.addEventListener("tp-start", ({ detail }) => {
  place.start = detail;
  patch = null;
  update();
});

document.addEventListener("tp-tab", ({ detail }) => {
  openTab = detail;
  if (arriving) return; // the first tab says so, too, when the page opens
  place.tab = detail;
  update();
});

// A picture with settings of its own has been built: it takes what the link names of them.
document.addEventListener("tp-board", ({ detail: { tab, restore } }) => {
  const named = Object.entries(settings).filter(([name]) => name.startsWith(`${tab}.`));
  restore(Object.fromEntries(named.map(([name, text]) => [name.slice(tab.length + 1), text])));
});

// `value` is null where a setting is as it was at first; what a link cannot name is not in it.
document.addEventListener("tp-setting", ({ detail: { name, value } }) => {
  const { values, first } = known.settings[name];
  if (value === null || value === first) settings[name] = null;
  else settings[name] = values ? nameOf(values, (one) => one === value) : String(value);
  update();
});

document.addEventListener("tp-left-out", ({ detail: name }) => {
  const text = settings[name];
  settings[name] = null;
  leaveOut(name, text);
});

// ---- handing it out ---------------------------------------------------------------------------------------

function ownNote() {
  const title = known.examples[FIRST.example]?.title;
  return own && title ? ` Your own sound is not in it: it opens with the example ${title}.` : "";
}

async function copyLink() {
  if (!view) return;
  const query = String(queryNow());
  // On a Space this is the app's own address, which works alone; what else its query holds may be secret.
  const url = `${location.origin}${location.pathname}${query && `?${query}`}`;
  told.textContent = "";
  field.hidden = true;
  try {
    await navigator.clipboard.writeText(url);
    told.textContent = `The link is copied: it opens what you see now.${ownNote()}`;
  } catch {
    // Without a secure address, or in a page that does not let its frames: the person's own keys can.
    field.hidden = false;
    field.value = url;
    field.select();
    told.textContent = `Press Ctrl+C, or ⌘C on a Mac, to copy the link.${ownNote()}`;
  }
}

copyButton.addEventListener("click", copyLink);
document.dispatchEvent(new Event("tp-ask"));
