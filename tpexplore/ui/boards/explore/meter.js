// A bar that is filled by a share.

import { node } from "../shared/dom.js";

/** @param {number} share 0 to 1 @param {string} [kind] class of the filled part */
export function meter(share, kind = "") {
  const fill = node("i", { class: `tp-fill ${kind}`, style: `width: ${(100 * share).toFixed(1)}%` });
  return node("span", { class: "tp-bar-track" }, fill);
}
