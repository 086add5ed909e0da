// The marks of a new picture: those in the link, else the previous ones; and the marks in a link to the picture.

import { leaveOutOfAddress, putInAddress, takeFromAddress } from "../shared/address.js";
import { createHistory } from "./history.js";
import { groupMask, maskInLink, maskOfLink } from "./marks.js";
import { FIRST } from "./state.js";

/**
 * @typedef {import("./state.js").Data} Data
 * @typedef {import("./state.js").State} State
 * @typedef {import("./history.js").Step} Step
 */

/** @param {import("./state.js").Board} board */
export function createLinkedMarks({ state, shown, data, groupStep }) {
  /** @type {Record<string, string | null>} the values in the address, until the first clip arrives */
  let linked = {};

  return {
    read() {
      takeFromAddress("removal", (named) => {
        linked = named;
        state.by = /** @type {State["by"]} */ (named.by ?? state.by);
        state.block = Number(named.block ?? state.block);
      });
    },

    /**
     * What stays marked when another clip or model comes: the same group; the same patches of the same clip.
     *
     * @param {Data} data
     * @param {State["shown"]} last
     * @returns {Step}
     */
    firstStep(data, last) {
      const now = last?.history.now();
      const alike = last?.data.clip.name === data.clip.name && last.data.picture.patches === data.picture.patches;
      if (now && !now.group && alike) return now;
      const group = now?.group ?? FIRST.group;
      const { ids } = data.clusters[state.by];
      return ids
        ? { mask: groupMask(ids, data.groups[group]), group }
        : { mask: new Uint8Array(data.picture.patches), group: null };
    },

    /** Applies the marks in the link, once. */
    take() {
      const { group, patches } = linked;
      linked = {};
      if (group) shown().history = createHistory(groupStep(group) ?? shown().history.now());
      if (!patches) return;
      const mask = maskOfLink(patches, data().picture.patches);
      if (mask) shown().history = createHistory({ mask, group: null });
      else leaveOutOfAddress("removal", "patches"); // of a picture of another size
    },

    put() {
      const { mask, group } = shown().history.now();
      putInAddress("removal", "by", state.by, FIRST.by);
      putInAddress("removal", "block", state.block, FIRST.block);
      putInAddress("removal", "group", group, FIRST.group);
      putInAddress("removal", "patches", group ? null : maskInLink(mask), null);
    },
  };
}
