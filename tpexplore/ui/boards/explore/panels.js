// The panels of the picture: one for each pruning block, or only one of these, or all patches before pruning.

import { checkRadio, replaceSegments, valueOf } from "../shared/dom.js";
import { DROPPED_BY, blocksOf, inPlaceOf, lastBlockOf } from "../shared/fates.js";
import { LONGEST_SIDE_BY_SIDE, layoutPanels } from "../shared/layout.js";
import { numbersOf } from "../shared/plan.js";

const ROOM_FOR_EACH = 300; // px of width from which all stages are shown at first
const NAMED = 4; // of more stages only the first is called more than its number

/**
 * The choices, by the values that links and radio buttons give them.
 *
 * @param {number[]} blocks
 * @returns {[string, string][]}
 */
export function panelChoices(blocks) {
  const text = (/** @type {number} */ block, /** @type {number} */ i) =>
    blocks.length <= NAMED || i === 0 ? `After ${block}` : `${block}`;
  /** @type {[string, string][]} */
  const stages = blocks.map((block, i) => [`${block}`, text(block, i)]);
  return [["0", "All patches"], ...stages, ...(blocks.length > 1 ? [/** @type {[string, string]} */ (["all", "All stages"])] : [])];
}

/**
 * @param {import("./state.js").View} view
 * @param {{redrawAfter: (event: Event) => void, onLayout: () => void}} acts
 */
export function createPanels({ find, state, data }, { redrawAfter, onLayout }) {
  const field = find(".tp-panel");
  /** The blocks that the choice refers to; those of a link may not have arrived yet. */
  let named = DROPPED_BY;

  /** @param {number} width */
  function shown(width) {
    const blocks = blocksOf(data());
    // Attention always belongs to a block.
    const choice = state.colour === "attention" && state.panel === "0" ? String(blocks[0]) : state.panel;
    if (panelChoices(blocks).some(([value]) => value === choice)) return choice;
    const isRoomy = width >= ROOM_FOR_EACH * blocks.length && data().picture.frames <= LONGEST_SIDE_BY_SIDE;
    return isRoomy && blocks.length > 1 ? "all" : String(lastBlockOf(data()));
  }

  function resize() {
    if (!state.data) return;
    const width = find(".tp-canvases").clientWidth;
    if (!width) return; // hidden, for example in a closed tab
    const { picture: seen, clip } = state.data;
    const panel = shown(width);
    checkRadio(field, panel);
    field.dataset.layer = state.colour;
    checkRadio(find(".tp-colour"), state.colour);
    state.layout = layoutPanels(width, seen, panel === "all" ? blocksOf(data()) : [Number(panel)]);
    onLayout();
    const { abreast, panels } = state.layout;
    // Stacked panels share one time axis with the seek bar; side by side they cannot.
    const played = (panels[0].w * clip.seconds) / seen.seconds;
    find(".tp-player").style.setProperty("--tp-seek-width", abreast ? "100%" : `${Math.max(80, played)}px`);
  }

  for (const name of /** @type {const} */ (["panel", "colour"])) {
    find(`.tp-${name}`).addEventListener("change", (event) => {
      state[name] = valueOf(event);
      resize();
      redrawAfter(event);
    });
  }

  return {
    resize,
    /**
     * What a link names.
     *
     * @param {{panel: string, stage: number, blocks: string}} link
     */
    restore({ panel, stage, blocks }) {
      named = numbersOf(blocks);
      state.panel = panel;
      state.listen.stage = named.includes(stage) ? stage : named[0];
    },
    /** If the pruning blocks change, the choice moves to the block in the same position. */
    load() {
      const blocks = blocksOf(data());
      if (named.includes(Number(state.panel))) state.panel = String(inPlaceOf(Number(state.panel), named, blocks));
      state.listen.stage = inPlaceOf(state.listen.stage, named, blocks);
      named = blocks;
      replaceSegments(field, "tp-panel", panelChoices(blocks));
      field.dataset.many = String(blocks.length > NAMED);
    },
  };
}
