import assert from "node:assert/strict";
import { test } from "node:test";

import { attentionFrom, attentionText, rootTicks, timesMean } from "../../tpexplore/ui/boards/explore/attention.js";
import { createQueries } from "../../tpexplore/ui/boards/page/query.js";
import { ATTENTION_RAMP, rampColour } from "../../tpexplore/ui/boards/shared/colours.js";
import { base64 } from "./support.js";

test("shares come as steps of each row's highest, of every block and head", () => {
  const steps = Uint16Array.from([65535, 0, 32768, 65535, 65535, 6554, 0, 65535]);
  const shares = base64(new Uint8Array(steps.buffer));
  const attention = attentionFrom({ blocks: [3, 8], highest: [[0.5, 0.25], [0.1, 1]], shares });
  assert.deepEqual(Object.keys(attention), ["3", "8"]);
  const rows = [...attention[3], ...attention[8]].map((row) => Array.from(row, (share) => Number(share.toFixed(3))));
  assert.deepEqual(rows, [[0.5, 0], [0.125, 0.25], [0.1, 0.01], [0, 1]]);
});

test("a patch's attention in numbers: the share of all, and how many times the mean", () => {
  const shares = Float32Array.from([0.006, 0.002, 0.001, 0.0004]);
  assert.deepEqual(Array.from(timesMean(shares), (value) => Number(value.toFixed(3))), [2.553, 0.851, 0.426, 0.17]);
  assert.equal(attentionText(shares, 0), "0.60\u00a0%, 2.6 times the mean");
  assert.equal(attentionText(shares, 3), "0.04\u00a0%, 0.17 times the mean");
  assert.equal(attentionText(Float32Array.from([0.15, 0.05]), 0), "15.0\u00a0%, 1.5 times the mean");
  assert.deepEqual(Array.from(timesMean(new Float32Array(2))), [0, 0]);
});

test("the bar's numbers stand where the colours are, apart from each other", () => {
  for (const most of [1, 2.4, 9, 80, 400]) {
    const ticks = rootTicks(most);
    assert.ok(ticks.length >= 3, `${most}`);
    for (const { at, label } of ticks) assert.ok(Math.abs(at - Math.sqrt(Number(label) / most)) < 1e-9 && at <= 1);
    for (const [i, { at }] of ticks.slice(1).entries()) assert.ok(at - ticks[i].at >= 0.11 - 1e-9);
  }
});

test("its colours are ordered by lightness alone", () => {
  const light = Array.from({ length: 50 }, (_, i) => {
    const [r, g, b] = rampColour(ATTENTION_RAMP, i / 49).map((value) => (value / 255) ** 2.2);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  });
  for (let i = 1; i < light.length; i++) assert.ok(light[i] > light[i - 1], `step ${i}`);
});

test("a link keeps the layer and the head", () => {
  const known = { examples: {}, models: { a: "a" }, fitting: {}, tabs: ["explore"], aliases: {}, scores: [], methods: [], rates: [0.5], settings: {} };
  const queries = createQueries(known);
  const firstView = { colour: "sound", head: 0, panel: "auto" };
  const text = String(queries.write({ ...queries.first, ...firstView, colour: "attention", head: 3 }, firstView, {}, false));
  assert.equal(text, "colour=attention&head=3");
  const { values, unknown } = queries.read(`?${text}`);
  assert.deepEqual([values.colour, values.head, unknown], ["attention", 3, []]);
  assert.deepEqual(queries.read("?head=0&colour=heat").unknown, [["colour", "heat"], ["head", "0"]]);
});
