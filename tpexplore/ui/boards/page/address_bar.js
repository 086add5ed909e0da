// Writes the page's part of the address, and hands it to the Hub's page around a Space.

const SPACES = ".hf.space"; // there the address bar is that of a page around this one
const HUB = "https://huggingface.co";

/**
 * @param {string} query
 * @param {string[]} names that the page's part of the query may have
 * @param {Record<string, string>} state kept with the entry of the history
 * @param {boolean} isStep whether Back undoes this change
 */
export function writeAddress(query, names, state, isStep) {
  const whole = new URLSearchParams(location.search);
  for (const name of names) whole.delete(name);
  for (const [name, value] of new URLSearchParams(query)) whole.set(name, value);
  const search = whole.size ? `?${whole}` : "";
  const address = `${location.pathname}${search}${location.hash}`;
  if (isStep) history.pushState(state, "", address);
  else history.replaceState({ ...history.state, ...state }, "", address);
  if (window.parent !== window && location.hostname.endsWith(SPACES)) {
    window.parent.postMessage({ queryString: query }, HUB);
  }
}
