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
 * Gives an element these children and changes only what differs: what stays is not styled and laid out again.
 *
 * Nodes with the same place and tag stay with their event listeners, so the listeners must be the same.
 *
 * @param {Node} parent
 * @param {...Child} children
 */
export function renew(parent, ...children) {
  const filling = children.filter((child) => child !== "");
  filling.forEach((child, i) => {
    const there = parent.childNodes[i];
    const fresh = child instanceof Node ? child : document.createTextNode(String(child));
    if (!there) parent.appendChild(fresh);
    else if (there.nodeName !== fresh.nodeName) parent.replaceChild(fresh, there);
    else if (there instanceof Element && fresh instanceof Element) {
      renewAttributes(there, fresh);
      renew(there, ...fresh.childNodes);
    } else if (there.nodeValue !== fresh.nodeValue) there.nodeValue = fresh.nodeValue;
  });
  while (parent.childNodes.length > filling.length) parent.lastChild?.remove();
}

/** @param {Element} there @param {Element} fresh */
function renewAttributes(there, fresh) {
  for (const name of there.getAttributeNames()) if (!fresh.hasAttribute(name)) there.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (there.getAttribute(name) !== value) there.setAttribute(name, value);
}

/**
 * Hides or shows an element, only on a change, because the browser restyles it even without one.
 *
 * @param {HTMLElement} element
 * @param {boolean} hidden
 */
export function setHidden(element, hidden) {
  if (element.hidden !== hidden) element.hidden = hidden;
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
 * The same, replacing existing buttons.
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
