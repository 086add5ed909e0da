// The patch that a person points at, clicks or walks to: hovered, pinned, or opened as a passport.

import { arrowKeys, gridOf } from "../shared/grid.js";
import { pointAt } from "../shared/layout.js";
import { createPassport } from "./passport.js";

/**
 * @param {import("./state.js").View} view
 * @param {object} parts
 * @param {ReturnType<typeof import("./readout.js").createReadout>} parts.readout
 * @param {ReturnType<typeof import("./listen.js").createListening>} parts.listening
 * @param {ReturnType<typeof import("./groups.js").createGroups>} parts.groups
 * @param {ReturnType<typeof import("./zoom.js").createZoom>} parts.zoom
 * @param {ReturnType<typeof import("./attention.js").createAttention>} parts.attention
 */
export function createPointing(view, { readout, listening, groups, zoom, attention }) {
  const { find, state, data } = view;
  /** @type {HTMLCanvasElement} */
  const picture = find(".tp-picture");
  const passport = createPassport(view, close, attention.facts);
  /** @type {{clientX: number, clientY: number} | null} where the mouse is */
  let mouse = null;

  function read() {
    readout.redrawCursor();
    readout.render();
    groups.point(readout.inFocus());
  }

  function open() {
    state.opened = true;
    read();
    passport.render();
    readout.speak();
    listening.followPin();
  }

  function close() {
    state.opened = false;
    listening.loop(null);
    read();
    passport.render();
    picture.focus();
  }

  /** @param {{clientX: number, clientY: number}} point */
  function pointUnder({ clientX, clientY }) {
    const box = picture.getBoundingClientRect();
    if (!state.layout) return null;
    return pointAt(state.layout, data().picture, clientX - box.left, clientY - box.top);
  }

  function seekToPin() {
    const { picture: seen } = data();
    const [first] = gridOf(seen).framesOf(state.pinned ?? 0);
    listening.seek((first * seen.seconds) / seen.frames);
  }

  picture.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "mouse") return; // a finger scrolls the page; its tap arrives as a click
    mouse = event;
    if (zoom.isDragging()) return; // the patch under the pointer stays under it
    state.hover = pointUnder(event);
    read();
  });

  picture.addEventListener("pointerleave", () => {
    mouse = null;
    state.hover = null;
    read();
  });

  picture.addEventListener("click", (event) => {
    const point = pointUnder(event);
    if (!point) return;
    state.pinned = point.patch;
    listening.seek(point.seconds);
    open();
  });

  const keys = arrowKeys((across, up) => (state.pinned = gridOf(data().picture).step(state.pinned, across, up)));

  picture.addEventListener("keydown", (event) => {
    if (event.key === " ") listening.toggle();
    else if (event.key === "Enter" && state.pinned !== null) {
      seekToPin();
      open();
    } else if (keys[event.key]) {
      state.hover = null;
      keys[event.key]();
      if (state.pinned !== null) zoom.reveal(state.pinned, event);
      read();
      passport.render();
      readout.speak();
      listening.followPin();
    } else return;
    event.preventDefault();
  });

  return {
    render() {
      read();
      passport.render();
    },
    /** The picture has moved under the mouse. */
    reread() {
      const before = state.hover?.patch;
      if (mouse) state.hover = pointUnder(mouse);
      if (state.hover?.patch === before) readout.redrawCursor();
      else read();
    },
  };
}
