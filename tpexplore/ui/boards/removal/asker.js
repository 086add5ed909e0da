// One question to the server at a time.

import { WAIT_MILLISECONDS, createRequests } from "../shared/requests.js";

/**
 * @typedef {import("./knowledge.js").Question} Question
 * @typedef {import("./knowledge.js").Reply} Reply
 */

const LATE = "The server has not answered. Change a mark to ask again.";

/**
 * @param {object} acts
 * @param {() => Question | null} acts.next what to ask
 * @param {(question: Record<string, unknown>) => void} acts.send
 * @param {(question: Question, reply: Reply, waited: number) => boolean} acts.learn takes the answer and the seconds
 * it took; returns whether to continue asking
 * @param {(sentence: string) => void} acts.fail
 */
export function createAsker({ next, send, learn, fail }) {
  const requests = createRequests(send, WAIT_MILLISECONDS, LATE);
  let waiting = false; // for an answer
  /** @type {ReturnType<typeof setTimeout> | null} */
  let pause = null;

  async function pump() {
    if (waiting || pause) return;
    const question = next();
    if (!question) return;
    waiting = true;
    const sent = performance.now();
    /** @type {Reply} */
    const reply = await requests.ask(question);
    waiting = false;
    if (reply.problem) fail(reply.problem);
    else if (learn(question, reply, (performance.now() - sent) / 1000)) pump();
  }

  return {
    pump,
    /** Asks once the pointer has rested for this long. @param {number} milliseconds */
    pumpAfter(milliseconds) {
      if (pause) clearTimeout(pause);
      pause = setTimeout(() => {
        pause = null;
        pump();
      }, milliseconds);
    },
    receive: requests.receive,
  };
}
