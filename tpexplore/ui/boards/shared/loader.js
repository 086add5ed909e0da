// Fills a board with its HTML and starts its module, once its styles are there.

import { skipVainCancels } from "./cancelling.js";

const PROBLEM = "This part of the page could not be loaded. Please reload the page.";

skipVainCancels(globalThis); // here: no board that a person could act on is there before

/** @type {Map<string, Promise<void>>} address -> when it is there; the page has each style sheet once */
const sheets = new Map();

/** @param {string} href */
function addStyle(href) {
  const loaded =
    sheets.get(href) ??
    new Promise((done, fail) => {
      const link = document.createElement("link");
      Object.assign(link, { rel: "stylesheet", href, onload: done, onerror: () => fail(new Error(`No ${href}.`)) });
      document.head.append(link);
    });
  sheets.set(href, loaded);
  return loaded;
}

/** @param {string} href */
async function fetchText(href) {
  const response = await fetch(href);
  if (!response.ok) throw new Error(`${href}: ${response.status}`);
  return response.text();
}

/**
 * @param {Promise<{start: (gradio: import("./board.js").Gradio) => void}>} board
 * @param {{html: string | null, styles: string[]}} files
 * @param {(name: string) => string} at address of a file
 * @param {import("./board.js").Gradio} gradio
 */
export async function show(board, { html, styles }, at, gradio) {
  const { element } = gradio;
  try {
    const text = html && fetchText(at(html));
    await Promise.all(styles.map((name) => addStyle(at(name))));
    const { start } = await board;
    if (text) element.innerHTML = await text;
    start(gradio);
  } catch (error) {
    const line = document.createElement("p");
    line.setAttribute("role", "alert");
    line.textContent = PROBLEM;
    element.replaceChildren(line, ...(html ? [] : element.childNodes));
    console.error(error);
  }
}
