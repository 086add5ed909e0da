// DOM nodes from text: never from HTML, as file names come from strangers.

/**
 * @typedef {Record<string, string | number | boolean | undefined>} Attributes
 * @typedef {string | number | Node} Child
 */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function node(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/**
 * An SVG element.
 *
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function shape(tag, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/**
 * @template {Element} Made
 * @param {Made} made
 * @param {Attributes} attributes
 * @param {Child[]} children
 */
function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children.map((child) => (typeof child === "number" ? String(child) : child)));
  return made;
}

/**
 * Looks elements of a board up by selector; one that is missing is a mistake in its HTML.
 *
 * @param {ParentNode} root
 */
export function finder(root) {
  /**
   * @template {Element} [Found=HTMLElement]
   * @param {string} selector
   * @returns {Found}
   */
  return function find(selector) {
    const element = root.querySelector(selector);
    if (!element) throw new Error(`The board has no ${selector}.`);
    return /** @type {Found} */ (element);
  };
}

/**
 * Radio buttons in a row, once; `checkRadio` chooses one of them.
 *
 * @param {Element} field
 * @param {string} name
 * @param {Record<string, string>} choices value -> text
 */
export function addSegments(field, name, choices) {
  const segments = field.querySelector(".tp-segments");
  for (const [value, text] of Object.entries(choices)) {
    const radio = node("input", { type: "radio", name, value });
    segments?.append(node("label", {}, radio, node("span", {}, text)));
  }
}

/**
 * The same in place of those that were there.
 *
 * @param {Element} field
 * @param {string} name
 * @param {[string, string][]} choices values and texts, in their order
 */
export function replaceSegments(field, name, choices) {
  const labels = choices.map(([value, text]) =>
    node("label", {}, node("input", { type: "radio", name, value }), node("span", {}, text)),
  );
  field.querySelector(".tp-segments")?.replaceChildren(...labels);
}

/** @param {Element} field @param {string | number} value */
export function checkRadio(field, value) {
  for (const radio of field.querySelectorAll("input")) radio.checked = radio.value === `${value}`;
}

/** @param {Element} select @param {Record<string, string>} choices value -> text */
export function addOptions(select, choices) {
  select.append(...Object.entries(choices).map(([value, text]) => node("option", { value }, text)));
}

/**
 * Sets the coloured part of a slider's track to where its thumb is.
 *
 * @param {HTMLInputElement} slider
 */
export function fillTrack(slider) {
  const [value, min, max] = [slider.value, slider.min, slider.max].map(Number);
  slider.style.setProperty("--tp-fill", String((value - min) / (max - min)));
}

/**
 * The value of the control that an event came from.
 *
 * @param {Event} event
 */
export function valueOf(event) {
  return /** @type {HTMLInputElement} */ (event.target).value;
}

/**
 * Let a button that was disabled while something was made be pressed again.
 *
 * @param {HTMLButtonElement} button
 * @param {string} text
 */
export function enableAgain(button, text) {
  const focused = document.activeElement === document.body;
  button.disabled = false;
  button.textContent = text;
  if (focused) button.focus(); // a disabled button loses it
}
