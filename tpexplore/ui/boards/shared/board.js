// Functions that every board needs.

/**
 * What Gradio gives a component's script.
 *
 * @typedef {object} Gradio
 * @property {HTMLElement} element
 * @property {Record<string, any>} props
 * @property {(event: string, detail?: unknown) => void} trigger
 * @property {(name: string, act: () => void) => void} watch
 * @property {Record<string, (request: any) => Promise<any>>} server Python's functions; undefined comes where one fails
 * @property {(file: File) => Promise<{path: string, url: string}>} upload
 */

/**
 * Runs `act` once it has not been called for some time.
 *
 * @param {number} milliseconds
 * @param {() => void} act
 */
export function afterRest(milliseconds, act) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, milliseconds);
  };
}

/**
 * Calls `redraw` whenever a canvas must be drawn again although its content has not changed; calls `resize` first if
 * the size of `box` has changed.
 *
 * @param {Element} box
 * @param {() => void} resize
 * @param {() => void} redraw
 */
export function onNewLook(box, resize, redraw) {
  new ResizeObserver(() => {
    resize();
    redraw();
  }).observe(box);
  // Gradio marks its dark theme by a class of <body>, which no canvas sees.
  new MutationObserver(redraw).observe(document.body, { attributeFilter: ["class"] });
  // Text on a canvas is drawn in any available font; draw it again once the page's own font is loaded.
  document.fonts.addEventListener("loadingdone", redraw);
}
