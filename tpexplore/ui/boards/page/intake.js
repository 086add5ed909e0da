// A sound that is dropped anywhere on the page, or pasted.

const BYTES_PER_MEGABYTE = 1e6;
const OWN_ZONE = "#own-files"; // these elements take files themselves

/**
 * The problem with a dropped file, or "".
 *
 * @param {{name: string, size: number} | undefined} file
 * @param {number} limit bytes
 */
export function problemOf(file, limit) {
  if (!file) return "Nothing was read: drop a sound file, not a folder or a picture from another page.";
  if (!file.size) return `${file.name} is empty or a folder; drop a sound file.`;
  const megabytes = (/** @type {number} */ bytes) => `${(bytes / BYTES_PER_MEGABYTE).toFixed(1)} MB`;
  return file.size > limit ? `${file.name} has ${megabytes(file.size)}; the limit is ${megabytes(limit)}.` : "";
}

/**
 * Listens for files on the whole page; returns what takes one that came otherwise.
 *
 * @param {number} limit bytes
 * @param {HTMLElement} line for the problem
 * @param {(file: File) => void} send
 */
export function takeDropped(limit, line, send) {
  /** @param {DragEvent} event */
  function takes(event) {
    const zone = /** @type {Element} */ (event.target).closest?.(OWN_ZONE);
    return !zone && event.dataTransfer?.types.includes("Files");
  }

  /** @param {boolean} over whether a file is held over the page */
  function light(over) {
    document.body.classList.toggle("tp-dropping", over);
  }

  /** @param {File | undefined} file */
  function take(file) {
    line.textContent = problemOf(file, limit);
    if (!line.textContent && file) send(file);
  }

  // Before Gradio's own: the browser would open the file elsewhere.
  for (const type of ["dragenter", "dragover"]) {
    addEventListener(
      type,
      (event) => {
        const over = /** @type {DragEvent} */ (event);
        if (!takes(over)) return;
        over.preventDefault();
        light(true);
      },
      true,
    );
  }
  addEventListener("dragleave", (event) => !event.relatedTarget && light(false), true);
  addEventListener(
    "drop",
    (event) => {
      light(false);
      if (!takes(event)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      take(event.dataTransfer?.files[0]);
    },
    true,
  );
  addEventListener("paste", (event) => {
    const file = event.clipboardData?.files[0];
    // Office programs copy a picture of the text beside the text: a text field takes the text.
    const text = event.clipboardData?.types.includes("text/plain");
    const field = /** @type {Element} */ (event.target).closest?.("input, textarea");
    if (!file || (field && text)) return;
    event.preventDefault();
    take(file);
  });
  return take;
}
