// Which sound, model, start and tab the page shows, and where an entry of the browser's history leads.
// Nothing here touches the document.

import { isOfHub } from "./query.js";

/** @typedef {import("./query.js").Values} Values */

/**
 * @typedef {object} Entry the part of a place that is stored in the history because no address contains it
 * @property {string} [ownClip] path of the person's own sound
 * @property {string} [ownModel] source of their own model
 */

const STEPS = ["example", "model", "tab"]; // a change of one of these is a step that Back undoes
const PICTURE = ["example", "model", "start"]; // a picture is of these

/**
 * @template Value
 * @param {Record<string, Value>} entries
 * @param {(entry: Value) => boolean} fits
 */
const nameOf = (entries, fits) => Object.entries(entries).find(([, entry]) => fits(entry))?.[0] ?? null;

/** `first`, with what `linked` names of it. @param {Values} first @param {Values} linked */
const filled = (first, linked) =>
  Object.fromEntries(Object.entries(first).map(([name, value]) => [name, linked[name] ?? value]));

/**
 * @param {import("./query.js").Known} known
 * @param {Values} first the place that the page was built with
 * @param {Values} linked what its address names
 */
export function createPlace(known, first, linked) {
  /** @type {Values} */
  const values = filled(first, linked);
  /** The user's own sound and model, if they are shown; no address contains them. */
  let own = { clip: "", model: "" };
  /** @type {Map<string, Record<string, any>>} their sounds by path, as `gr.File` holds them; a reload forgets them */
  const ownClips = new Map();
  /** Their models, which a reload forgets, too. */
  const ownModels = new Set();

  /** @param {string | null | undefined} source */
  function chooseModel(source) {
    const isNamed = known.ownModels && source && isOfHub(source);
    values.model = nameOf(known.models, (each) => each === source) ?? (isNamed ? source : null);
    own.model = values.model === null ? (source ?? "") : "";
    if (own.model) ownModels.add(own.model);
  }

  /** @param {Record<string, any>} file */
  function chooseClip(file) {
    values.example = nameOf(known.examples, (each) => each.file.path === file.path);
    own.clip = values.example === null ? file.path : "";
    if (own.clip) ownClips.set(file.path, file);
  }

  return {
    values,

    /** @returns {{clip: string, model: string}} */
    own: () => own,

    /** What Back would come from. */
    step: () => JSON.stringify([...STEPS.map((name) => values[name]), own]),

    /**
     * What the server shall show. The sound is a value of `gr.File`, or null if there is no example.
     *
     * @param {string} base the page's address
     */
    request(base) {
      const file = ownClips.get(own.clip) ?? known.examples[values.example]?.file;
      const clip = file && { ...file, url: new URL(file.url, base).href };
      return { clip, model: own.model || known.models[values.model], start: values.start };
    },

    /** Whether the browser knows the model; otherwise the server looks for it. */
    hasModel: () => Boolean(own.model) || values.model in known.models,

    /**
     * Takes a choice of the user or a link. If the clip is cleared, the view stays.
     *
     * @param {{clip?: Record<string, any> | null, model?: string | null}} choice
     */
    choose({ clip, model }) {
      chooseModel(model);
      if (clip) chooseClip(clip);
    },

    /**
     * Goes to a history entry.
     *
     * @param {Values} named what its address names
     * @param {Entry | null} entry
     * @returns {{same: boolean, otherTab: boolean, isGone: boolean}} whether the picture stays, whether another
     *   tab is to open, and whether the person's own sound was there that the page has forgotten
     */
    goTo(named, entry) {
      const { ownClip = "", ownModel = "" } = entry ?? {};
      const nextOwn = { clip: ownClips.has(ownClip) ? ownClip : "", model: ownModels.has(ownModel) ? ownModel : "" };
      const target = filled(first, named);
      if (nextOwn.clip) Object.assign(target, { example: null, start: nextOwn.clip === own.clip ? values.start : null });
      if (nextOwn.model) target.model = null;
      const sameOwn = own.clip === nextOwn.clip && own.model === nextOwn.model;
      const same = sameOwn && PICTURE.every((name) => values[name] === target[name]);
      const otherTab = values.tab !== target.tab;
      Object.assign(values, target);
      own = nextOwn;
      return { same, otherTab, isGone: Boolean(ownClip) && !nextOwn.clip };
    },
  };
}
