// Numbers as people read them, and DOM nodes from text: never from HTML, as file names come from strangers.

function minus(number) {
  return String(number).replace("-", "−");
}

function percent(share, digits = 0) {
  return `${(100 * share).toFixed(digits)}%`;
}

function probabilityText(share) {
  if (share < 0.0005) return "<0.1%";
  return percent(share, share < 0.0995 ? 1 : 0);
}

function macsText(macs, unpruned) {
  if (unpruned < 1e9) return `${(macs / 1e6).toFixed(0)} M`;
  return `${(macs / 1e9).toFixed(unpruned < 1e10 ? 2 : 1)} G`;
}

function millisecondsText(value) {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

function hertzRange(low, high) {
  if (high < 1000) return `${Math.round(low)}–${Math.round(high)} Hz`;
  const kilo = (hertz) => (hertz / 1000).toFixed(hertz < 995 ? 2 : 1);
  return `${kilo(low)}–${kilo(high)} kHz`;
}

function node(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function shape(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}
