import assert from "node:assert/strict";
import { test } from "node:test";

import { headline } from "../../tpexplore/ui/boards/live/answers.js";
import { createChunker, createOutbox } from "../../tpexplore/ui/boards/shared/chunks.js";
import { problemOf } from "../../tpexplore/ui/boards/shared/microphone.js";
import { createPulse, createRolling } from "../../tpexplore/ui/boards/live/rolling.js";
import { base64Of, bytesOf } from "../../tpexplore/ui/boards/shared/bytes.js";
import { drawNumbers } from "./support.js";

test("samples come out in pieces of one length, in order, none lost", () => {
  const draw = drawNumbers(1);
  const pieces = [];
  const chunker = createChunker(7, (piece) => pieces.push(piece));
  const sent = [];
  for (let i = 0; i < 40; i++) {
    const block = Float32Array.from({ length: Math.floor(20 * draw()) }, draw);
    sent.push(...block);
    chunker.add(block);
  }
  assert.ok(pieces.every((piece) => piece.length === 7));
  assert.equal(new Set(pieces.map((piece) => piece.buffer)).size, pieces.length, "each can be handed over");
  assert.deepEqual(pieces.flatMap((piece) => [...piece]), sent.slice(0, 7 * pieces.length));
  assert.equal(pieces.length, Math.floor(sent.length / 7));
});

test("what waits is sent as one, and too much of it begins with the newest", () => {
  const outbox = createOutbox(2);
  assert.equal(outbox.isEmpty(), true);
  for (const value of [1, 2, 3]) outbox.put(Float32Array.of(value, value));
  assert.deepEqual([...outbox.take()], [2, 2, 3, 3]);
  assert.equal(outbox.isEmpty(), true);
});

test("bytes of any number survive base64", () => {
  for (const length of [0, 1, 8191, 8192, 200_000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => i % 251);
    assert.deepEqual(bytesOf(base64Of(bytes)), bytes);
  }
});

/** Frames of one bin, each with its number. */
const frames = (from, to) => Uint8Array.from({ length: to - from }, (_, i) => from + i);
/** Which frame each place shows: with a scale of one decibel a byte and the loudest at 0 dB. */
function shown(rolling) {
  const { grey, decibels } = rolling.draw();
  return [...grey].map((value) => (value ? Math.round((value * 80) / 255 + decibels[0] + 100) : null));
}

test("the picture fills, then rolls, and holds the last frames whatever sizes they come in", () => {
  for (const seed of [1, 2, 3]) {
    const draw = drawNumbers(seed);
    const rolling = createRolling(10, 1, [-100, 1]);
    let end = 60; // frames 0 to 59 are too quiet to be seen
    rolling.take(frames(50, 60), 60, 10);
    for (let i = 0; i < 12; i++) {
      const step = Math.floor(6 * draw());
      rolling.take(frames(end, end + step), end + step, 10);
      end += step;
      assert.equal(rolling.end, end);
      assert.deepEqual(shown(rolling), [...frames(end - 10, end)], `seed ${seed}`);
    }
  }
});

test("frames that never came stay dark; all of them at once replace what is there", () => {
  const rolling = createRolling(6, 1, [-100, 1]);
  rolling.take(frames(90, 93), 3, 3);
  assert.deepEqual(shown(rolling), [90, 91, 92, null, null, null]);
  rolling.take(frames(95, 97), 7, 6); // of four new frames only the last two arrived
  assert.deepEqual(shown(rolling).slice(0, 6), [91, 92, null, null, 95, 96]);
  rolling.take(frames(80, 86), 90, 6);
  assert.deepEqual(shown(rolling), [80, 81, 82, 83, 84, 85]);
  rolling.take(frames(70, 72), 2, 2); // the server has restarted
  assert.deepEqual(shown(rolling).slice(0, 2), [70, 71]);
  assert.equal(rolling.end, 2);
});

test("near silence is not drawn bright", () => {
  const rolling = createRolling(2, 1, [-100, 2]);
  rolling.take(Uint8Array.of(20, 40), 2, 2); // -90 and -80 dB
  const { grey, decibels } = rolling.draw();
  assert.deepEqual(decibels, [-120, -40]);
  assert.ok(Math.max(...grey) < 140);
});

test("the pulse is counted over the last seconds", () => {
  const pulse = createPulse(4);
  assert.equal(pulse.rate(), null);
  for (let at = 0; at <= 10_000; at += 250) pulse.beat(at);
  assert.equal(pulse.rate(), 4);
  for (let at = 11_000; at <= 20_000; at += 1000) pulse.beat(at);
  assert.equal(pulse.rate(), 1);
});

test("the headline says what pruning does to the answer", () => {
  const rows = [["Dog", 0.6, 0.2], ["Cat", 0.1, 0.5]];
  const update = { before: "Dog", after: "Dog", rows, saved: 0.5, silent: false };
  assert.match(headline(update).text, /^Still “Dog” with 50\s?% less computing$/);
  assert.match(headline({ ...update, after: "Cat" }).text, /^“Dog” \(60\s?%\) becomes “Cat”/);
  assert.equal(headline({ ...update, after: "Cat" }).changed, true);
  assert.equal(headline({ ...update, saved: 0 }).text, "“Dog”");
  assert.match(headline({ ...update, silent: true }).text, /^No sound arrives/);
});

test("errors of a microphone say what to do", () => {
  const named = (name) => problemOf(Object.assign(new Error(""), { name }));
  assert.match(named("NotAllowedError"), /Allow it/);
  assert.match(named("NotFoundError"), /no microphone/i);
  assert.match(named("NotReadableError"), /another program/);
  assert.match(named("AbortError"), /\(AbortError\)/);
});
