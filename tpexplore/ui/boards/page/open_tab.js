// Which tab is open (some are behind another tab's inner switch), and opening a tab by a click.

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

  /** The visible tab; undefined before any has been built. */
  function inSight() {
    const outer = [...Object.keys(inside), ...known.tabs.filter((id) => !outerOf(id))].find(isOpen);
    return outer && outer in inside ? (known.inside[outer].find(isOpen) ?? inside[outer]) : outer;
  }

  return {
    note,
    /** The open tab after an event for `id`: by then another tab may be open again. @param {string} id */
    openAfter: (id) => inSight() ?? inside[id] ?? id,
    /**
     * Opens a tab by a click: through the server, a second step of Back could arrive before the first was done.
     *
     * @param {string} id
     * @returns {boolean} false if the part of the page that contains it has not been built yet
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
