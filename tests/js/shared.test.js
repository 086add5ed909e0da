import assert from "node:assert/strict";
import { test } from "node:test";

import { namesNoEvent, skipVainCancels } from "../../tpexplore/ui/boards/shared/cancelling.js";
import { problemOf } from "../../tpexplore/ui/boards/page/intake.js";
import { nextTab } from "../../tpexplore/ui/boards/page/tablist.js";
import { base64Of, bytesOf, rowsOf } from "../../tpexplore/ui/boards/shared/bytes.js";
import { RAMPS, oklch, rampColour } from "../../tpexplore/ui/boards/shared/colours.js";
import { layoutPanels, patchBox, pointAt } from "../../tpexplore/ui/boards/shared/layout.js";
import { nearestRate } from "../../tpexplore/ui/boards/shared/rates.js";
import { sourcedRows } from "../../tpexplore/ui/boards/shared/table.js";
import { csvText, fileName, stem } from "../../tpexplore/ui/boards/shared/saving.js";
import { shareTicks } from "../../tpexplore/ui/boards/shared/ticks.js";
import { clipsText, hertzRange, macsText, millisecondsText, minus, percent, probabilityText } from "../../tpexplore/ui/boards/shared/text.js";
import { pictureOf } from "./support.js";

test("every table begins with its subject", () => {
  const rows = [["block", "value"], [4, 0.5], [7, 0.25]];
  const clip = { name: "dog.wav", start: 1.5 };
  assert.deepEqual(sourcedRows(rows, { clip, chosen: { model: "m", score: "intensity" } }), [
    ["file", "window_start_s", "model", "score", "block", "value"],
    ["dog.wav", 1.5, "m", "intensity", 4, 0.5],
    ["dog.wav", 1.5, "m", "intensity", 7, 0.25],
  ]);
  assert.deepEqual(sourcedRows(rows, { chosen: { model: "m" } })[1], ["m", 4, 0.5]);
});

test("an axis of shares is marked at round numbers", () => {
  const texts = (/** @type {number} */ low, /** @type {number} */ high) => shareTicks(low, high).map((value) => percent(value));
  assert.deepEqual(texts(0.3, 0.8), ["30", "40", "50", "60", "70", "80"].map((text) => `${text}\u00a0%`));
  assert.deepEqual(texts(0, 1), ["0", "20", "40", "60", "80", "100"].map((text) => `${text}\u00a0%`));
  assert.equal(shareTicks(0.61, 0.74)[0].toFixed(2), "0.65");
});

test("a measurement names its dataset once", () => {
  assert.equal(clipsText({ n: 1400, task: "A", split: "fold 5" }), "1,400 clips of A, fold 5");
  assert.equal(clipsText({ n: 400, task: "A", split: "A by name, fold 5" }), "400 clips of A by name, fold 5");
});

test("numbers as people read them", () => {
  assert.equal(minus(-3), "−3");
  assert.deepEqual([0.5, 0.123].map((share) => percent(share)), ["50\u00a0%", "12\u00a0%"]);
  assert.deepEqual([0.0001, 0.05, 0.099, 0.0999, 0.5].map(probabilityText), ["<0.1\u00a0%", "5.0\u00a0%", "9.9\u00a0%", "10\u00a0%", "50\u00a0%"]);
  assert.deepEqual([macsText(1.9e8, 3.7e8), macsText(2e9, 5e9), macsText(2e10, 5e10)], ["190 M", "2.00 G", "20.0 G"]);
  assert.deepEqual([9.94, 12.3].map(millisecondsText), ["9.9 ms", "12 ms"]);
  assert.deepEqual([hertzRange(20, 300), hertzRange(700, 1500)], ["20–300 Hz", "0.70–1.5 kHz"]);
});

test("tables are safe in a spreadsheet", () => {
  assert.equal(csvText([["=1+1", -2, 'say "a, b"', null, undefined]]), `'=1+1,-2,"say ""a, b""",,\n`);
});

test("files have plain names", () => {
  assert.equal(fileName([stem("one … five <b>.wav"), "ast-spc12", "0.50"], "png"), "one-five-b_ast-spc12_0.50.png");
  assert.equal(fileName(["Müller & Söhne", "x"], "csv", "-"), "Müller-Söhne-x.csv");
  assert.equal(fileName(["?"], "csv"), "-.csv");
});

test("bytes go to text and back", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  assert.deepEqual(bytesOf(base64Of(bytes)), bytes);
  assert.deepEqual(rowsOf(base64Of(bytes), 4, 64).map((row) => row[0]), [0, 64, 128, 192]);
});

test("the nearest keep-rate, the lower of two as near", () => {
  assert.deepEqual([0, 0.39, 0.41, 0.5, 2].map((rate) => nearestRate([0.3, 0.5, 1], rate)), [0, 0, 1, 1, 2]);
});

test("keys lead along the tabs and around", () => {
  assert.deepEqual(["ArrowRight", "ArrowLeft", "Home", "End", "a"].map((key) => nextTab(key, 0, 9)), [1, 8, 0, 8, null]);
  assert.equal(nextTab("ArrowRight", 8, 9), 0);
});

test("a point of the picture is of the patch that is drawn there", () => {
  for (const picture of [pictureOf(8, 8), pictureOf(64, 8), pictureOf(12, 12, { stride: 10 })]) {
    for (const width of [340, 760, 1400]) {
      const layout = layoutPanels(width, picture);
      for (const panel of layout.panels) {
        assert.ok(panel.x + panel.w <= width && panel.y + panel.h <= layout.height);
        for (let patch = 0; patch < picture.patches; patch += 7) {
          const { x, y, w, h } = patchBox(panel, picture, patch);
          assert.equal(pointAt(layout, picture, x + w / 2, y + h / 2).patch, patch);
        }
      }
      assert.equal(pointAt(layout, picture, 1, 1), null);
    }
  }
});

test("a louder patch is lighter on every ramp", () => {
  assert.deepEqual(oklch(1, 0, 0), [255, 255, 255]);
  assert.deepEqual(oklch(0, 0, 0), [0, 0, 0]);
  const luminance = ([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b;
  for (const ramp of Object.values(RAMPS)) {
    const lights = [0, 0.25, 0.5, 0.75, 1].map((at) => luminance(rampColour(ramp, at)));
    assert.deepEqual(lights, [...lights].sort((a, b) => a - b));
  }
});

test("what cannot be a clip is refused in a sentence before it is sent", () => {
  assert.equal(problemOf({ name: "a.wav", size: 10 }, 10), "");
  assert.equal(problemOf({ name: "a.wav", size: 26e6 }, 25e6), "a.wav has 26.0 MB; the limit is 25.0 MB.");
  assert.match(problemOf({ name: "folder", size: 0 }, 10), /^folder is empty or a folder/);
  assert.match(problemOf(undefined, 10), /^Nothing was read/);
});

test("a request about one event is not sent if it names no event", () => {
  for (const place of ["/gradio_api/cancel", "/gradio_api/reset"]) {
    assert.equal(namesNoEvent(place, '{"session_hash": "a", "fn_index": 1}'), true);
    assert.equal(namesNoEvent(place, '{"event_id": null}'), true);
    assert.equal(namesNoEvent(place, '{"session_hash": "a", "event_id": "b"}'), false);
    assert.equal(namesNoEvent(place, undefined), false);
    assert.equal(namesNoEvent(place, "no JSON"), false);
  }
  assert.equal(namesNoEvent("/gradio_api/queue/join?", '{"event_id": null}'), false);
});

test("requests that are not sent still get an answer", async () => {
  const sent = [];
  const page = { fetch: async (input) => (sent.push(input), new Response("", { status: 422 })) };
  skipVainCancels(page);
  const answers = await Promise.all([
    page.fetch("/reset", { body: '{"event_id": null}' }),
    page.fetch("/reset", { body: '{"event_id": "b"}' }),
    page.fetch("/config"),
  ]);
  assert.deepEqual(answers.map((answer) => answer.status), [200, 422, 422]);
  assert.deepEqual(sent, ["/reset", "/config"]);
});
