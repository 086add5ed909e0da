// Speaks the answer for what is marked.

import { probabilityText } from "../shared/text.js";
import { beforeText, nothingLeft } from "./reading.js";

/**
 * Spoken once for every new state of things, not for every piece of the curve that comes in; and once the hand
 * rests, after what a key has said of its patch.
 *
 * @param {import("./state.js").Board} board
 * @param {() => string} leaving what leaves, for people
 * @param {number} rest milliseconds
 */
export function createSpeech({ speak, data, state, chosenKey }, leaving, rest) {
  let spoken = ""; // what the last spoken answer was to, "" before anyone has marked anything
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
      if (first) return; // what is there when the tab opens is no answer to a person's mark
      const { before, model } = data();
      const nothing = answer.left ? "" : ` ${nothingLeft(model.family)}`;
      const share = probabilityText(answer.probability);
      clearTimeout(speaking);
      const sentence = `${leaving()} Answer ${answer.answer}, ${share}, ${beforeText(answer, before)}.${nothing}`;
      speaking = setTimeout(speak, rest, sentence);
    },
  };
}
