// Redraws in the next frame, once for all requests, and measures the time.

/**
 * @typedef {object} Repaint each takes the event that asks for it
 * @property {(event: Event) => void} all
 * @property {(event: Event) => void} picture only that, where nothing else has changed
 */

/**
 * The time of a redraw, from the user's action to the paint, is in `performance` and in data-repaint-ms.
 *
 * @param {HTMLElement} root
 * @param {{all: () => void, picture: () => void}} draw
 * @returns {Repaint}
 */
export function createRepaint(root, draw) {
  /** @type {"all" | "picture" | null} the next frame's content */
  let pending = null;

  /** @param {"all" | "picture"} what @param {Event} event */
  function ask(what, event) {
    const isFirst = pending === null;
    if (pending !== "all") pending = what;
    if (!isFirst) return;
    const start = event.timeStamp;
    requestAnimationFrame(() => {
      const due = pending ?? what;
      pending = null;
      draw[due]();
      const painted = new MessageChannel();
      painted.port1.onmessage = () => {
        const measure = performance.measure("tp-repaint", { start, end: performance.now() });
        root.dataset.repaintMs = measure.duration.toFixed(1);
      };
      painted.port2.postMessage(null);
    });
  }

  return { all: (event) => ask("all", event), picture: (event) => ask("picture", event) };
}
