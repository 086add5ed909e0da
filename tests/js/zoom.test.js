import assert from "node:assert/strict";
import { test } from "node:test";

import { createRepaint } from "../../tpexplore/ui/boards/explore/repaint.js";
import { moved, revealing, zoomed } from "../../tpexplore/ui/boards/explore/zoom.js";
import { acrossOf, layoutPanels, patchBox, pointAt, upOf } from "../../tpexplore/ui/boards/shared/layout.js";
import { hertzTicks } from "../../tpexplore/ui/boards/shared/ticks.js";
import { drawNumbers, pictureOf } from "./support.js";

const near = (a, b) => Math.abs(a - b) < 1e-9;

test("what is under the pointer stays there, and the cut stays within the picture", () => {
  const draw = drawNumbers(3);
  let cut = null;
  for (let i = 0; i < 500; i++) {
    const around = { across: draw(), up: draw() };
    const next = zoomed(cut, 0.5 + 1.5 * draw(), around);
    const { left, right, low, high } = next ?? { left: 0, right: 1, low: 0, high: 1 };
    assert.ok(left >= 0 && low >= 0 && right <= 1 + 1e-9 && high <= 1 + 1e-9);
    assert.ok(near(right - left, high - low), "both sides alike");
    assert.ok(right - left >= 1 / 12 - 1e-9);
    cut = next;
  }
  const one = zoomed(null, 4, { across: 0.5, up: 0.25 });
  assert.ok(near((0.5 - one.left) / (one.right - one.left), 0.5) && near((0.25 - one.low) / (one.high - one.low), 0.25));
  assert.equal(zoomed(one, 0.1, { across: 0.5, up: 0.5 }), null);
});

test("it moves no further than the edge, and no further than it must to show a patch", () => {
  const cut = { left: 0.25, right: 0.5, low: 0.5, high: 0.75 };
  assert.deepEqual(moved(cut, -1, 1), { left: 0, right: 0.25, low: 0.75, high: 1 });
  assert.deepEqual(revealing(cut, { left: 0.3, right: 0.4, low: 0.5, high: 0.6 }), cut);
  assert.deepEqual(revealing(cut, { left: 0.5, right: 0.625, low: 0.25, high: 0.5 }), { left: 0.375, right: 0.625, low: 0.25, high: 0.5 });
});

test("a point of an enlarged picture is in the patch that is drawn there", () => {
  const picture = pictureOf(16, 8);
  for (const cut of [null, { left: 0.3, right: 0.6, low: 0.5, high: 0.8 }, { left: 0, right: 1 / 12, low: 0, high: 1 / 12 }]) {
    const layout = layoutPanels(1000, picture);
    let hits = 0;
    for (const panel of layout.panels) {
      panel.cut = cut;
      for (let patch = 0; patch < picture.patches; patch++) {
        const { x, y, w, h } = patchBox(panel, picture, patch);
        const point = pointAt({ ...layout, panels: [panel] }, picture, x + w / 2, y + h / 2);
        if (!point) continue;
        hits += 1;
        assert.deepEqual([point.patch, point.stage], [patch, panel.stage]);
        assert.ok(near(acrossOf(panel, point.across, 1), x + w / 2) && near(upOf(panel, point.up), y + h / 2));
      }
    }
    assert.ok(cut ? hits > 0 && hits < 3 * picture.patches : hits === 3 * picture.patches);
  }
});

test("the frequency axis of a part has labels where they belong, and more of them", () => {
  const mel = (hertz) => Math.log1p(hertz / 700);
  const at = (hertz) => (mel(hertz) - mel(20)) / (mel(8000) - mel(20));
  const whole = [100, 250, 500, 1000, 2000, 4000].map((hertz) => ({ label: hertz < 1000 ? `${hertz}` : `${hertz / 1000}k`, at: at(hertz) }));
  whole.push({ label: "8k", at: 1 });
  const ticks = hertzTicks(whole, { low: at(900), high: at(2100) }, 300);
  assert.ok(ticks.length > 3);
  assert.ok(ticks.some(({ label }) => label === "1k") && ticks.some(({ label }) => label === "1.4k"));
  for (const { label, at: place } of ticks) assert.ok(near(place, at(1000 * parseFloat(label))), label);
  const gaps = ticks.slice(1).map((tick, i) => tick.at - ticks[i].at);
  assert.ok(Math.min(...gaps) * 300 >= 22 * (at(2100) - at(900)));
});

test("however many requests there are, a frame draws once, and everything where one request needs it", () => {
  const frames = [];
  const drawn = [];
  // A real channel would keep the test waiting for a message.
  class Channel {
    port1 = {};
    port2 = { postMessage: () => this.port1.onmessage() };
  }
  Object.assign(globalThis, { requestAnimationFrame: (act) => frames.push(act), MessageChannel: Channel });
  const root = { dataset: {} };
  const repaint = createRepaint(root, { all: () => drawn.push("all"), picture: () => drawn.push("picture") });
  const event = { timeStamp: performance.now() };
  for (let i = 0; i < 5; i++) repaint.picture(event);
  frames.splice(0).forEach((act) => act());
  repaint.picture(event);
  repaint.all(event);
  repaint.picture(event);
  frames.splice(0).forEach((act) => act());
  assert.deepEqual(drawn, ["picture", "all"]);
});
