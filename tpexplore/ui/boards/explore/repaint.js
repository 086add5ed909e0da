// Redraws in the next frame, once for all that asked, and measures what that took.

/**
 * What a redraw takes from the person's action to the paint can be read from `performance` and from data-repaint-ms.
 *
 * @param {HTMLElement} root
 * @param {() => void} redraw
 * @returns {(event: Event) => void}
 */
export function createRepaint(root, redraw) {
  let pending = false;
  return (event) => {
    if (pending) return;
    pending = true;
    const asked = event.timeStamp;
    requestAnimationFrame(() => {
      pending = false;
      redraw();
      const painted = new MessageChannel();
      painted.port1.onmessage = () => {
        const measure = performance.measure("tp-repaint", { start: asked, end: performance.now() });
        root.dataset.repaintMs = measure.duration.toFixed(1);
      };
      painted.port2.postMessage(null);
    });
  };
}
