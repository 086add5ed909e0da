import assert from "node:assert/strict";
import { test } from "node:test";

import { pcmOf, wavOf } from "../../tpexplore/ui/boards/shared/wav.js";

test("samples are 16-bit, little-endian, and never wrap around", () => {
  assert.deepEqual([...pcmOf(Float32Array.of(0, 1, -1, 2, 1 / 32767))], [0, 0, 255, 127, 1, 128, 255, 127, 1, 0]);
});

test("a WAV file says how long it is, and holds its pieces one after the other", () => {
  const bytes = Buffer.from(wavOf([Float32Array.of(0, 1), Float32Array.of(-1)], 16_000));
  assert.equal(bytes.length, 44 + 6);
  assert.equal(bytes.toString("latin1", 0, 4) + bytes.toString("latin1", 8, 16), "RIFFWAVEfmt ");
  assert.deepEqual([bytes.readUInt32LE(4), bytes.readUInt32LE(40)], [50 - 8, 6]);
  assert.deepEqual([bytes.readUInt16LE(22), bytes.readUInt32LE(24), bytes.readUInt32LE(28)], [1, 16_000, 32_000]);
  assert.deepEqual([0, 1, 2].map((i) => bytes.readInt16LE(44 + 2 * i)), [0, 32767, -32767]);
});
