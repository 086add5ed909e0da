// Which patches are marked: groups, brushes, and a history to go back and forth in. Knows no page.

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

// One bit a patch, patch 0 in the lowest bit of the first byte: what the server reads.
function maskKey(mask) {
  const bytes = new Uint8Array(Math.ceil(mask.length / 8));
  mask.forEach((marked, patch) => {
    if (marked) bytes[patch >> 3] |= 1 << (patch & 7);
  });
  return btoa(String.fromCharCode(...bytes));
}

// The same in letters that an address can hold as they are.
function maskInLink(mask) {
  return maskKey(mask).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

// The mask that a link names, or null where it is none of so many patches.
function maskOfLink(text, patches) {
  const mask = new Uint8Array(patches);
  let bytes = [];
  try {
    bytes = bytesOf(text.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return null; // no base64
  }
  for (let patch = 0; patch < patches; patch++) mask[patch] = (bytes[patch >> 3] >> (patch & 7)) & 1;
  return maskInLink(mask) === text ? mask : null;
}

function countOf(mask) {
  return mask.reduce((count, marked) => count + marked, 0);
}

function sameMask(a, b) {
  return a.length === b.length && a.every((marked, patch) => marked === b[patch]);
}

function groupMask(clusters, members) {
  return clusters.map((cluster) => (members.includes(cluster) ? 1 : 0));
}

// The patches under a brush that is held on one of them.
function brushed(patch, brush, { columns, rows }) {
  const [column, row] = [Math.floor(patch / rows), patch % rows];
  const reach = { patch: [0, 0], square: [1, 1], column: [0, rows], row: [columns, 0] }[brush];
  const touched = [];
  for (let t = Math.max(0, column - reach[0]); t <= Math.min(columns - 1, column + reach[0]); t++) {
    for (let f = Math.max(0, row - reach[1]); f <= Math.min(rows - 1, row + reach[1]); f++) {
      touched.push(t * rows + f);
    }
  }
  return touched;
}

// Patches on the way from one to another: a quick hand skips some between two events.
function pathBetween(from, to, { rows }) {
  const [t0, f0, t1, f1] = [Math.floor(from / rows), from % rows, Math.floor(to / rows), to % rows];
  const steps = Math.max(Math.abs(t1 - t0), Math.abs(f1 - f0));
  const path = [];
  for (let i = 1; i <= steps; i++) {
    path.push(Math.round(t0 + ((t1 - t0) * i) / steps) * rows + Math.round(f0 + ((f1 - f0) * i) / steps));
  }
  return path.length ? path : [to];
}

// Steps are {mask, group}; `group` names where the marks came from, null once a brush has touched them.
function createHistory(first) {
  let steps = [first];
  let at = 0;
  return {
    now: () => steps[at],
    push(step) {
      if (sameMask(step.mask, steps[at].mask)) steps[at] = step; // nothing to undo, maybe a better name
      else {
        steps = [...steps.slice(0, at + 1), step];
        at += 1;
      }
    },
    undo: () => (at = Math.max(0, at - 1)),
    redo: () => (at = Math.min(steps.length - 1, at + 1)),
    canUndo: () => at > 0,
    canRedo: () => at < steps.length - 1,
  };
}
