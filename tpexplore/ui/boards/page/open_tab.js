// Which tab is open, where some lie behind the inner switch of another one; and opening one as a person does.

/** @param {import("./query.js").Known} known */
export function createTabs(known) {
  /** What is open behind each inner switch. */
  const inside = Object.fromEntries(Object.entries(known.inside).map(([tab, [first]]) => [tab, first]));

  const buttonOf = (/** @type {string} */ id) => document.getElementById(`${id}-tab-button`);
  const isOpen = (/** @type {string} */ id) => buttonOf(id)?.getAttribute("aria-selected") === "true";
  const outerOf = (/** @type {string} */ id) => Object.keys(inside).find((tab) => known.inside[tab].includes(id));

  /** @param {string} id */
  function note(id) {
    const outer = outerOf(id);
    if (outer) inside[outer] = id;
  }

  /** The tab in sight; nothing while none has been built. */
  function inSight() {
    const outer = [...Object.keys(inside), ...known.tabs.filter((id) => !outerOf(id))].find(isOpen);
    return outer && outer in inside ? (known.inside[outer].find(isOpen) ?? inside[outer]) : outer;
  }

  return {
    note,
    /** The tab that is open: an event that tells so can come when another one is open again. @param {string} id */
    openAfter: (id) => inSight() ?? inside[id] ?? id,
    /**
     * Opens a tab as a person does: by way of the server a second step of Back would come before the first was done.
     *
     * @param {string} id
     * @returns {boolean} false where what it lies in has not been built yet
     */
    click(id) {
      const outer = outerOf(id);
      if (!buttonOf(id)) return false;
      if (outer) buttonOf(outer)?.click();
      buttonOf(id)?.click();
      return true;
    },
  };
}
