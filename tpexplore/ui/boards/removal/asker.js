// One question to the server at a time.

/**
 * @typedef {import("./knowledge.js").Question} Question
 * @typedef {import("./knowledge.js").Reply} Reply
 */

const WAIT_SECONDS = 90;

/**
 * @param {object} acts
 * @param {() => Question | null} acts.next what to ask
 * @param {(question: Question & {id: number}) => void} acts.send
 * @param {(question: Question, reply: Reply, waited: number) => boolean} acts.learn takes the answer, and after how
 *   many seconds it came; says whether to go on asking
 * @param {(sentence: string) => void} acts.fail
 */
export function createAsker({ next, send, learn, fail }) {
  /** @type {{id: number, question: Question, late: ReturnType<typeof setTimeout>, sent: number} | null} */
  let open = null;
  /** @type {ReturnType<typeof setTimeout> | null} */
  let pause = null;
  let number = 0;

  function pump() {
    if (open || pause) return;
    const question = next();
    if (!question) return;
    number += 1;
    const late = setTimeout(() => {
      open = null;
      fail("The server has not answered. Change a mark to ask again.");
    }, 1000 * WAIT_SECONDS);
    open = { id: number, question, late, sent: performance.now() };
    send({ id: number, ...question });
  }

  return {
    pump,
    /** Ask once the hand has rested for so long. @param {number} milliseconds */
    pumpAfter(milliseconds) {
      if (pause) clearTimeout(pause);
      pause = setTimeout(() => {
        pause = null;
        pump();
      }, milliseconds);
    },
    /** @param {Reply} reply */
    receive(reply) {
      if (!open || reply.id !== open.id) return; // given up on
      clearTimeout(open.late);
      const { question, sent } = open;
      open = null;
      if (reply.problem) fail(reply.problem);
      else if (learn(question, reply, (performance.now() - sent) / 1000)) pump();
    },
  };
}
