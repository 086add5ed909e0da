// Requests to the server through a component's events, each with its answer.

const WAIT_MILLISECONDS = 90_000;
const LATE = "The server has not answered. Please try again.";

/**
 * @param {(request: Record<string, unknown>) => void} send
 * @param {number} [wait] milliseconds
 */
export function createRequests(send, wait = WAIT_MILLISECONDS) {
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
        const late = setTimeout(() => finish({ problem: LATE }), wait);
        const finish = (/** @type {any} */ reply) => {
          clearTimeout(late);
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
