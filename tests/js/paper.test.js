import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync, inflateSync } from "node:zlib";

import { crc32, pdfOf, withResolution } from "../../tpexplore/ui/boards/shared/paper.js";
import { PALETTES, rampColour } from "../../tpexplore/ui/boards/shared/colours.js";
import { placeKeys } from "../../tpexplore/ui/boards/shared/printing.js";

test("CRC-32 is the standard's", () => {
  assert.equal(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
});

test("a PNG holds its resolution", () => {
  const png = Buffer.concat([
    Buffer.from("89504e470d0a1a0a0000000d49484452000000010000000108020000009077" + "53de", "hex"),
    deflateSync(Buffer.from([0, 1, 2, 3])),
  ]);
  const marked = Buffer.from(withResolution(new Uint8Array(png), 600));
  assert.equal(marked.subarray(33 + 4, 33 + 8).toString(), "pHYs");
  assert.equal(marked.readUInt32BE(33 + 8), 23622); // 600 dpi a metre
  assert.equal(marked.readUInt32BE(33 + 17), crc32(marked.subarray(33 + 4, 33 + 17)));
  assert.deepEqual(marked.subarray(33 + 21), png.subarray(33));
});

test("a PDF holds the pixels, at their size, where its table says", async () => {
  const data = Uint8Array.from({ length: 4 * 6 }, (_, i) => (i % 4 === 3 ? 255 : i));
  const text = Buffer.from(await (await pdfOf({ width: 3, height: 2, data }, 85)).arrayBuffer()).toString("latin1");
  assert.match(text, /\/MediaBox\[0 0 240\.945 160\.630\]/);
  const places = [...text.matchAll(/^(\d{10}) 00000 n $/gm)].map(([, at]) => Number(at));
  places.forEach((at, i) => assert.ok(text.startsWith(`${i + 1} 0 obj`, at), `object ${i + 1}`));
  assert.ok(text.startsWith("xref", Number(text.match(/startxref\n(\d+)/)[1])));
  const [, length] = text.match(/FlateDecode\/Length (\d+)>>/);
  const start = text.indexOf("stream\n", text.indexOf("FlateDecode")) + "stream\n".length;
  const pixels = inflateSync(Buffer.from(text.slice(start, start + Number(length)), "latin1"));
  assert.deepEqual([...pixels], [...data].filter((_, i) => i % 4 !== 3));
});

test("in every palette the loud are lighter, and what a later block drops is lighter than what an earlier one does", () => {
  const light = ([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b;
  for (const [name, ramps] of Object.entries(PALETTES)) {
    for (const ramp of Object.values(ramps)) assert.ok(light(rampColour(ramp, 1)) > light(rampColour(ramp, 0)), name);
    for (const at of [0, 0.5, 1]) {
      const [four, seven, ten] = [4, 7, 10].map((stage) => light(rampColour(ramps[stage], at)));
      assert.ok(four < seven && seven < ten, name);
    }
  }
});

test("keys of a legend fill rows and never reach beyond the span, but for one that is alone too wide", () => {
  const measure = (/** @type {string} */ text) => 5 * text.length;
  const keys = ["a".repeat(10), "b".repeat(10), "c".repeat(30), "d"].map((text) => ({ text }));
  const placed = placeKeys(keys, { left: 4, right: 204 }, 50, measure);
  assert.deepEqual(placed.map(({ x, y }) => [x, y]), [[4, 50], [98, 50], [4, 66], [4, 82]]);
});
