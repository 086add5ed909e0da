// Requests to the server through a component's events, each with its answer.

export const WAIT_MILLISECONDS = 90_000;
const LATE = "The server has not answered. Please try again.";

/**
 * @param {(request: Record<string, unknown>) => void} send
 * @param {number} [wait] milliseconds
 * @param {string} [late] the problem where no answer has come until then
 */
export function createRequests(send, wait = WAIT_MILLISECONDS, late = LATE) {
  let number = 0;
  /** @type {Map<number, (reply: any) => void>} */
  const open = new Map();

  return {
    /**
     * The answer; where none comes, one with a `problem`.
     *
     * @param {Record<string, unknown>} request
     * @returns {Promise<any>}
     */
    ask(request) {
      number += 1;
      const id = number;
      return new Promise((done) => {
        const deadline = setTimeout(() => finish({ problem: late }), wait);
        const finish = (/** @type {any} */ reply) => {
          clearTimeout(deadline);
          open.delete(id);
          done(reply);
        };
        open.set(id, finish);
        send({ id, ...request });
      });
    },
    /** @param {{id: number}} reply */
    receive(reply) {
      open.get(reply.id)?.(reply);
    },
  };
}
