// The button that copies the link to the current view.

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * @param {() => string | null} queryNow the page's part of the address; null while nothing is seen
 * @param {() => string} ownNote what the link leaves out, a sentence or nothing
 */
export function wireCopying(queryNow, ownNote) {
  const note = byId("link-status");
  const field = /** @type {HTMLInputElement} */ (byId("link-field"));

  byId("link-copy").addEventListener("click", async () => {
    const query = queryNow();
    if (query === null) return;
    // On a Space this is the app's own address, which works alone; what else its query holds may be secret.
    const url = `${location.origin}${location.pathname}${query && `?${query}`}`;
    note.textContent = "";
    field.hidden = true;
    try {
      await navigator.clipboard.writeText(url);
      note.textContent = `The link is copied: it opens what you see now.${ownNote()}`;
    } catch {
      // Without a secure address, or in a page that does not let its frames: the person's own keys can.
      field.hidden = false;
      field.value = url;
      field.select();
      note.textContent = `Press Ctrl+C, or ⌘C on a Mac, to copy the link.${ownNote()}`;
    }
  });
}
