// The recorder, with a microphone of the test's own.

import assert from "node:assert/strict";
import { test } from "node:test";

import { MOST_SECONDS, createRecorder } from "../../tpexplore/ui/boards/page/recording.js";

const RATE = 8000;

/** Stands in for a browser's microphone; returns the counts of its stops. */
function plugIn() {
  const microphone = { port: { postMessage() {}, close() {} }, stopped: 0, closed: 0 };
  const track = { stop: () => microphone.stopped++ };
  const mediaDevices = { getUserMedia: async () => ({ getTracks: () => [track] }) };
  Object.defineProperty(globalThis, "navigator", { value: { mediaDevices }, configurable: true });
  globalThis.AudioContext = class {
    sampleRate = RATE;
    state = "running";
    audioWorklet = { addModule: async () => {} };
    createMediaStreamSource = () => ({ connect() {}, disconnect() {} });
    close = () => microphone.closed++;
  };
  globalThis.AudioWorkletNode = class {
    port = microphone.port;
  };
  return microphone;
}

test("a recording ends when it is as long as a clip may be, with all that was heard", async () => {
  const microphone = plugIn();
  let file = null;
  const recorder = createRecorder(
    () => {},
    async () => (file = await recorder.stop()),
  );
  await recorder.start();
  const second = new Float32Array(RATE).fill(0.5);
  for (let i = 0; i < MOST_SECONDS + 5; i++) microphone.port.onmessage?.({ data: second });
  await null; // the file is made in a promise
  assert.equal(recorder.isRecording(), false);
  assert.equal(microphone.stopped, 1);
  assert.equal(microphone.closed, 1);
  assert.equal(file.size, 44 + 2 * RATE * MOST_SECONDS);
});

test("a recording shows how long it is, and may end at once", async () => {
  const microphone = plugIn();
  const seconds = [];
  const recorder = createRecorder((time) => seconds.push(time), assert.fail);
  await recorder.start();
  for (const length of [2000, 2000, 4000]) microphone.port.onmessage({ data: new Float32Array(length) });
  assert.deepEqual(seconds, [0.25, 0.5, 1]);
  const file = await recorder.stop();
  assert.equal(file.name, "Your recording.wav");
  assert.equal(file.size, 44 + 2 * RATE);
  await assert.rejects(recorder.stop(), /Nothing is being recorded/);
});
