// The contents of an address: text <-> values.

import { PAPERS_BLOCKS, numbersOf, readBlocks, readRates, stageName, stageNamed } from "../shared/plan.js";

/**
 * @typedef {object} KnownSetting one of a tab's settings; exactly one of the first three says what names it
 * @property {Record<string, unknown> | null} values
 * @property {[number, number] | null} span
 * @property {string} pattern
 * @property {unknown} first
 * @property {boolean} served whether it is Gradio's, and thus the server's
 * @property {"rate" | "score" | null} [page] what of the page's one state it shows
 *
 * @typedef {object} Known
 * @property {Record<string, {file: Record<string, any>, title: string, seconds: number}>} examples `file` as `gr.File` holds it
 * @property {Record<string, string>} models name -> source
 * @property {Record<string, string>} fitting model -> the first example whose sounds it knows
 * @property {boolean} [ownModels] whether a person may name a model of the Hugging Face Hub
 * @property {string[]} tabs
 * @property {Record<string, string[]>} inside tab with an inner switch -> the tabs behind it
 * @property {Record<string, string>} aliases further name of a tab -> its name
 * @property {string[]} scores
 * @property {string[]} methods
 * @property {number[]} rates
 * @property {Record<string, KnownSetting>} settings "tab.name" -> setting
 *
 * @typedef {Record<string, any>} Values by name
 */

/** Parts of the page's state, by the names that an address gives them. */
const NAMES = { rate: "keep-rate", score: "score" };
/** Panels of the picture that are not stages. */
const PANELS = ["auto", "all", "0"];
const SHOWN_LETTERS = 40;

/**
 * The only one among `names` that reads so.
 *
 * @param {(string | number)[]} names
 */
const among = (names) => (/** @type {string} */ text) => names.find((name) => String(name) === text);

const numeric = (/** @type {string} */ text) => (/^\d*\.?\d+$/.test(text) ? Number(text) : NaN);

/**
 * A setting stays a text, which its tab or the server interprets.
 *
 * @param {KnownSetting} setting
 * @param {string} text
 */
function readSetting({ values, span, pattern }, text) {
  const fits = values
    ? Object.hasOwn(values, text)
    : span
      ? numeric(text) >= span[0] && numeric(text) <= span[1]
      : new RegExp(`^(?:${pattern})$`).test(text);
  return fits ? text : undefined;
}

/** The first of the names, which an address need not hold. @param {Record<string, unknown>} names */
export const firstOf = (names) => [...Object.keys(names), null][0];

/** Whether a model is one of the Hugging Face Hub, which a link may name. @param {string | null} source */
export const isOfHub = (source) => /^hf_hub:[\w.-]{1,96}\/[\w.-]{1,96}$/.test(source ?? "");

/**
 * Reads and writes addresses of a page that knows these names.
 *
 * @param {Known} known
 */
export function createQueries(known) {
  /** Where a page opens that no address says otherwise. @type {Values} */
  const first = {
    example: firstOf(known.examples),
    start: null,
    model: firstOf(known.models),
    tab: known.tabs[0],
  };

  /** @type {Record<string, (text: string, values: Values) => unknown>} in the order in which an address names them */
  const readers = {
    example: among(Object.keys(known.examples)),
    start(text, { example = first.example }) {
      const seconds = numeric(text);
      return seconds < known.examples[example]?.seconds ? seconds : undefined;
    },
    model: (text) => among(Object.keys(known.models))(text) ?? (known.ownModels && isOfHub(text) ? text : undefined),
    score: among(known.scores),
    method: among(known.methods),
    blocks: (text) => (readBlocks(text) === text ? text : undefined),
    rates: (text, { blocks }) => (readRates(text, blocks) === text ? text : undefined),
    "keep-rate": (text) => known.rates.find((rate) => rate === numeric(text)),
    listen: among(["original", "kept", "removed"]),
    stage: (text, { blocks = PAPERS_BLOCKS }) => stageNamed(text, blocks),
    panel: (text, { blocks = PAPERS_BLOCKS }) => among(PANELS)(text) ?? stageNamed(text, blocks)?.toString(),
    colour: among(["sound", "rank", "attention"]),
    head: (text) => (/^[1-9]\d?$/.test(text) ? Number(text) : undefined),
    patch: (text) => (/^\d{1,5}$/.test(text) ? Number(text) : undefined),
    tab: (text) => among(known.tabs)(Object.hasOwn(known.aliases, text) ? known.aliases[text] : text),
  };
  const own = Object.keys(readers);
  /** The example for an address with a model but no example. @param {string | null} model */
  const exampleFor = (model) => known.fitting[model ?? ""] ?? first.example;

  return {
    first,
    /** All that an address may name. */
    names: [...own, ...Object.keys(known.settings)],
    /**
     * The values in an address, and the parts that are not understood.
     *
     * @param {string} search
     */
    read(search) {
      const query = new URLSearchParams(search);
      const fitting = exampleFor(query.get("model"));
      /** @type {Values} */
      const values = fitting === first.example ? {} : { example: fitting };
      /** @type {[string, string][]} */
      const unknown = [];
      for (const name of this.names) {
        const text = query.get(name);
        if (text === null) continue;
        const value = readers[name] ? readers[name](text, values) : readSetting(known.settings[name], text);
        if (value === undefined) unknown.push([name, text]);
        else values[name] = value;
      }
      // In old addresses a tab had its own keep-rate and score.
      for (const [name, { page }] of Object.entries(known.settings)) {
        if (!page || values[name] === undefined) continue;
        values[NAMES[page]] ??= readers[NAMES[page]](values[name], values);
        delete values[name];
      }
      return { values, unknown };
    },
    /**
     * An address for the current view, without default values, and without the clip if it is the user's own.
     *
     * @param {Values} here
     * @param {Values} firstView what the viewer shows where no address says otherwise
     * @param {Record<string, string | null>} settings
     * @param {boolean} ownClip
     */
    write(here, firstView, settings, ownClip) {
      const { blocks = PAPERS_BLOCKS } = here;
      /** @type {Values} */
      const defaults = { ...first, ...firstView, example: exampleFor(here.model), stage: numbersOf(blocks)[0] };
      /** @type {Record<string, string | number | undefined>} in an address's form; without a stage that no longer exists */
      const stages = { stage: stageName(here.stage, blocks), panel: here.panel };
      if (!PANELS.includes(here.panel)) stages.panel = stageName(Number(here.panel), blocks);
      // A model in a file of the person's has no name that an address could give.
      const named = own.filter((name) => here[name] !== defaults[name] && !(name === "model" && here.model === null));
      const kept = named.filter((name) =>
        name in stages ? stages[name] !== undefined : !ownClip || (name !== "example" && name !== "start"),
      );
      const ofTab = Object.entries(settings).flatMap(([name, text]) =>
        text !== null && name.startsWith(`${here.tab}.`) ? [[name, text]] : [],
      );
      return new URLSearchParams([...kept.map((name) => [name, String(stages[name] ?? here[name])]), ...ofTab]);
    },
    /**
     * A setting's current value as text for an address; null for the default.
     *
     * @param {string} name
     * @param {unknown} value null where its tab says that it is
     */
    textOf(name, value) {
      const { values, first: initial } = known.settings[name];
      if (value === null || value === initial) return null;
      if (!values) return String(value);
      return Object.keys(values).find((text) => values[text] === value) ?? null;
    },
  };
}

/** @param {[string, string][]} unknown names and texts */
export function unknownText(unknown) {
  const words = unknown.map(([name, text]) => {
    const short = text.length > SHOWN_LETTERS ? `${text.slice(0, SHOWN_LETTERS)}…` : text;
    return `${name} “${short}”`;
  });
  const last = words.length - 1;
  const named = [words.slice(0, last).join(", "), words[last]].filter(Boolean).join(" and ");
  return last ? `Ignored unknown settings in the link: ${named}.` : `Ignored an unknown setting in the link: ${named}.`;
}
