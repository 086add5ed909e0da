// Redraws in the next frame, once for all that asked, and measures what that took.

/**
 * @typedef {object} Repaint each takes the event that asks for it
 * @property {(event: Event) => void} all
 * @property {(event: Event) => void} picture only that, where nothing else has changed
 */

/**
 * What a redraw takes from the person's action to the paint can be read from `performance` and from data-repaint-ms.
 *
 * @param {HTMLElement} root
 * @param {{all: () => void, picture: () => void}} draw
 * @returns {Repaint}
 */
export function createRepaint(root, draw) {
  /** @type {"all" | "picture" | null} what the next frame draws */
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
