// Speaks the answer for the current marks.

import { probabilityText } from "../shared/text.js";
import { beforeText, nothingLeft } from "./reading.js";

/**
 * Spoken once for every new state, not for every new piece of the curve; and only after a pause, after the text about
 * a patch reached by a key.
 *
 * @param {import("./state.js").Board} board
 * @param {() => string} leaving a sentence about the deleted patches
 * @param {number} rest milliseconds
 */
export function createSpeech({ speak, data, state, chosenKey }, leaving, rest) {
  let spoken = ""; // the marks of the last spoken answer, "" before any patch was marked
  /** @type {ReturnType<typeof setTimeout> | undefined} of the next answer to be spoken */
  let speaking;

  return {
    /** Lets an answer be spoken again where patches were spoken of since. */
    again() {
      spoken = "something else";
    },

    /** @param {import("./knowledge.js").Answer} answer */
    answer(answer) {
      const now = `${chosenKey()} ${state.block}`;
      if (spoken === now) return;
      const first = !spoken;
      spoken = now;
      if (first) return; // the state when the tab opens is not an answer to the user's marks
      const { before, model } = data();
      const nothing = answer.left ? "" : ` ${nothingLeft(model.family)}`;
      const share = probabilityText(answer.probability);
      clearTimeout(speaking);
      const sentence = `${leaving()} Answer ${answer.answer}, ${share}, ${beforeText(answer, before)}.${nothing}`;
      speaking = setTimeout(speak, rest, sentence);
    },
  };
}
