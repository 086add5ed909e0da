// The link to the current view: opens the view in the address, keeps the address up to date, and offers the link.
//
// It asks the server only for changes to the page as built: an example, model, start or tab, and Gradio's settings.
// It sends no request when Back or Forward changes only the sound or the model. The other events are between this
// module and the pictures: "tp-view" reports what the viewer shows ("tp-ask" requests it), "tp-restore" tells it what
// to show, "tp-opening" says whether that is still loading, "tp-board" reports that another picture is ready,
// "tp-setting" reports a tab's changed setting, "tp-left-out" reports a setting in the link that does not fit.

import { writeAddress } from "./address_bar.js";
import { wireCopying } from "./copying.js";
import { createTabs } from "./open_tab.js";
import { createPlace } from "./place.js";
import { createQueries, isOfHub, unknownText } from "./query.js";

/** @typedef {import("./query.js").Values} Values */

const REST_MILLISECONDS = 300; // browsers limit how often the address may change
const PATIENCE_MILLISECONDS = 60_000;
const CLIP_GONE = "The page was reloaded, so your own sound is no longer in it. Drop or choose it again.";

/** @param {import("../shared/board.js").Gradio} gradio */
export function start({ props, trigger }) {
  /** @type {import("./query.js").Known} */
  const known = JSON.parse(props.known);
  const queries = createQueries(known);
  const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
  const problemLine = byId("link-problem");
  const tabs = createTabs(known);

  const { values: linked, unknown } = queries.read(location.search);
  if (unknown.length) problemLine.textContent = unknownText(unknown);

  // A model of the Hub may take minutes to fetch: the field for it is filled, and the person decides.
  if (isOfHub(linked.model) && !(linked.model in known.models)) {
    document.documentElement.dataset.ownModel = linked.model;
    document.dispatchEvent(new CustomEvent("tp-own-model", { detail: linked.model }));
    delete linked.model;
  }

  // The browser keeps this over a reload, but the page is built with an example.
  if (history.state?.ownClip) byId("drop-problem").textContent = CLIP_GONE;

  // ---- the current view -----------------------------------------------------------------------------------

  const isNamed = (/** @type {string} */ name) =>
    linked[name] !== undefined && linked[name] !== queries.first[name];
  const place = createPlace(known, queries.first, linked);
  /** @type {Values | null} what the viewer shows; null before its first message */
  let view = null;
  /** @type {Values} what it shows without a link */
  let firstView = {};
  let patches = 0; // of the clip that it shows
  /** @type {number | null} the one whose passport is still to be opened */
  let patch = linked.patch ?? null;
  /** @type {Record<string, string | null>} */
  const settings = Object.fromEntries(Object.keys(known.settings).map((name) => [name, linked[name] ?? null]));
  const isServed = (/** @type {string} */ name) => known.settings[name].served;
  const served = Object.keys(settings).filter((name) => isServed(name) && settings[name] !== null);
  let awaited = ["example", "model", "start"].some(isNamed); // until the viewer shows the link's clip
  let opening = awaited; // until then, or until the link's view turns out not to come
  let arriving = awaited || isNamed("tab") || served.length > 0; // until the server has answered every request
  let openTab = queries.first.tab;
  let step = place.step(); // what Back would come from
  /** @type {string | null} our part of the address */
  let written = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  function queryNow() {
    const current = { ...place.values, ...view, patch: patch ?? view?.patch };
    return queries.write(current, firstView, settings, place.own().clip !== "");
  }

  /** Updates the address bar after a pause. */
  function update() {
    if (!view) return;
    document.dispatchEvent(new CustomEvent("tp-opening", { detail: opening }));
    const query = String(queryNow());
    written ??= query;
    clearTimeout(timer);
    if (query !== written || step !== place.step()) timer = setTimeout(writeNow, REST_MILLISECONDS, query);
  }

  /** @param {string} query */
  function writeNow(query) {
    written = query;
    problemLine.textContent = ""; // the address no longer contains the unknown names
    const isStep = step !== place.step();
    step = place.step();
    const { clip, model } = place.own();
    writeAddress(query, queries.names, { ownClip: clip, ownModel: model }, isStep);
  }

  // ---- opening --------------------------------------------------------------------------------------------

  function open() {
    if (arriving) {
      trigger("open", { ...place.values, settings: Object.fromEntries(served.map((name) => [name, settings[name]])) });
      setTimeout(arrive, PATIENCE_MILLISECONDS); // no answer comes if the queue is full
    }
    restoreView(linked, false);
    restorePatch();
  }

  /**
   * Shows the view in an address.
   *
   * @param {Values} values
   * @param {boolean} withPatch whether its clip is loaded, so that its patch can be opened
   */
  function restoreView(values, withPatch) {
    const shown = { ...firstView };
    for (const name of Object.keys(shown)) shown[name] = values[name] ?? shown[name];
    const detail = { ...shown, patch: withPatch ? shown.patch : null };
    document.dispatchEvent(new CustomEvent("tp-restore", { detail }));
  }

  let left = false; // whether Back or Forward was pressed before the viewer or the link's view was there

  /** Back or Forward: shows the view in the new address. */
  function revisit() {
    left = !view || arriving;
    if (left) return;
    clearTimeout(timer);
    const { values } = queries.read(location.search);
    const changed = Object.keys(settings).filter((name) => settings[name] !== (values[name] ?? null));
    for (const name of changed) settings[name] = values[name] ?? null;
    const { same, otherTab, isGone } = place.goTo(values, history.state);
    const { tab } = place.values;
    tabs.note(tab);
    written = String(queryNow());
    step = place.step();
    if (!same) offerPlace(isGone);
    if (!same && place.hasModel() && !otherTab && !changed.some(isServed)) trigger("show");
    else if (!same || (otherTab && !tabs.click(tab))) askForPlace(same);
    restoreView(values, same);
  }

  /** Leaves the sound and the model where "show" takes them from. @param {boolean} isGone */
  function offerPlace(isGone) {
    document.dispatchEvent(new Event("tp-clip-chosen"));
    if (isGone) byId("drop-problem").textContent = CLIP_GONE;
    Object.assign(globalThis, { tpPlace: place.request(document.baseURI) });
  }

  /** @param {boolean} same whether the sound and the model are the current ones */
  function askForPlace(same) {
    arriving = !same;
    if (arriving) setTimeout(arrive, PATIENCE_MILLISECONDS);
    const texts = Object.entries(settings).filter(([name]) => isServed(name));
    trigger("open", { ...place.values, same, settings: Object.fromEntries(texts) });
  }

  addEventListener("popstate", revisit);

  /** Opens the link's passport once its clip is there. */
  function restorePatch() {
    if (patch === null || awaited) return;
    const named = patch;
    patch = null;
    if (named < patches) {
      document.dispatchEvent(new CustomEvent("tp-restore", { detail: { ...view, patch: named } }));
    } else leaveOut("patch", String(named));
  }

  /** @param {string} name @param {string} text */
  function leaveOut(name, text) {
    unknown.push([name, text]);
    problemLine.textContent = unknownText(unknown);
    written = String(queryNow()); // else the address would be written, and the sentence gone
  }

  function endOpening() {
    opening = false;
    update();
  }

  /** @param {string} type @param {(detail: any) => void} act */
  function on(type, act) {
    document.addEventListener(type, (event) => act(/** @type {CustomEvent} */ (event).detail));
  }

  on("tp-view", (detail) => {
    const isFirst = !view;
    ({ view, first: firstView, patches } = detail);
    if (isFirst) open();
    if (isFirst && left) revisit();
    if (awaited && detail.fresh) {
      awaited = false;
      endOpening();
      restorePatch();
    }
    update();
  });

  function arrive() {
    if (!arriving) return;
    arriving = false;
    opening = false;
    place.values.tab = openTab;
    if (left) revisit();
    else endOpening();
  }

  on("tp-opened", arrive);

  on("tp-request", (choice) => {
    place.choose(choice);
    update();
  });

  // The user has requested another view than the link's.
  on("tp-start", (seconds) => {
    place.values.start = seconds;
    patch = null;
    update();
  });

  on("tp-choice", () => {
    patch = null;
    update();
  });

  on("tp-tab", (id) => {
    openTab = tabs.openAfter(id);
    tabs.note(openTab);
    if (arriving) return; // the first tab says so, too, when the page opens
    place.values.tab = openTab;
    update();
  });

  // A picture with its own settings has been built and takes their values from the link.
  on("tp-board", ({ tab, restore }) => {
    const named = Object.entries(settings).filter(([name]) => name.startsWith(`${tab}.`));
    restore(Object.fromEntries(named.map(([name, text]) => [name.slice(tab.length + 1), text])));
  });

  on("tp-setting", ({ name, value }) => {
    settings[name] = queries.textOf(name, value);
    update();
  });

  on("tp-left-out", (name) => {
    const text = settings[name];
    settings[name] = null;
    leaveOut(name, text ?? "");
  });

  // ---- offering the link ----------------------------------------------------------------------------------

  function ownNote() {
    const title = queries.first.example && known.examples[queries.first.example].title;
    return place.own().clip && title ? ` Your own sound is not in it: it opens with the example ${title}.` : "";
  }

  wireCopying(() => (view ? String(queryNow()) : null), ownNote);
  document.dispatchEvent(new Event("tp-ask"));
}
