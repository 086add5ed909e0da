// The parts of the link that need little of a browser: which tab is open, and the address.

import assert from "node:assert/strict";
import test from "node:test";

import { writeAddress } from "../../tpexplore/ui/boards/page/address_bar.js";
import { createTabs } from "../../tpexplore/ui/boards/page/open_tab.js";

const known = { tabs: ["explore", "kendall", "clusters"], inside: { why: ["kendall", "clusters"] } };

/** @param {string[]} open @param {string[]} [built] */
function showTabs(open, built = ["explore", "why", "kendall", "clusters"]) {
  const clicked = [];
  globalThis.document = {
    getElementById(name) {
      const id = name.replace("-tab-button", "");
      if (!built.includes(id)) return null;
      return { getAttribute: () => String(open.includes(id)), click: () => clicked.push(id) };
    },
  };
  return clicked;
}

test("the tab behind an inner switch is the one in sight", () => {
  const tabs = createTabs(known);
  showTabs(["why", "clusters"]);
  assert.equal(tabs.openAfter("explore"), "clusters");
  showTabs(["explore", "clusters"]);
  assert.equal(tabs.openAfter("why"), "explore");
});

test("before an inner switch is built, what was open behind it last counts", () => {
  const tabs = createTabs(known);
  showTabs(["why"]);
  assert.equal(tabs.openAfter("why"), "kendall");
  tabs.note("clusters");
  assert.equal(tabs.openAfter("why"), "clusters");
  showTabs([]);
  assert.equal(tabs.openAfter("why"), "clusters");
  assert.equal(tabs.openAfter("explore"), "explore");
});

test("a tab is opened with the one that it lies in, and only once it is there", () => {
  const tabs = createTabs(known);
  const clicked = showTabs([]);
  assert.equal(tabs.click("clusters"), true);
  assert.deepEqual(clicked, ["why", "clusters"]);
  const none = showTabs([], ["explore", "why"]);
  assert.equal(tabs.click("clusters"), false);
  assert.deepEqual(none, []);
});

test("the address keeps what is not the page's, and a step is an entry of the history", () => {
  const written = [];
  Object.assign(globalThis, {
    location: { search: "?__theme=dark&model=old&tab=why", pathname: "/app", hash: "#x", hostname: "localhost" },
    history: {
      state: { page: 1 },
      pushState: (state, _, address) => written.push(["push", state, address]),
      replaceState: (state, _, address) => written.push(["replace", state, address]),
    },
  });
  globalThis.window = { parent: null };
  globalThis.window.parent = globalThis.window;
  writeAddress("model=new", ["model", "tab"], { ownClip: "" }, true);
  writeAddress("", ["model", "tab"], { ownClip: "a.wav" }, false);
  assert.deepEqual(written, [
    ["push", { ownClip: "" }, "/app?__theme=dark&model=new#x"],
    ["replace", { page: 1, ownClip: "a.wav" }, "/app?__theme=dark#x"],
  ]);
});
