import assert from "node:assert/strict";
import { test } from "node:test";

import { columnSound, fourier, listenTracks, mirrored, peakOf, spectrumOf } from "../../tpexplore/ui/boards/explore/masking.js";
import { createSounds, listenText, samplesFrom, soundsOf } from "../../tpexplore/ui/boards/explore/sounds.js";
import { gridOf } from "../../tpexplore/ui/boards/shared/grid.js";
import { base64, drawNumbers, pictureOf } from "./support.js";

const COLUMNS = 3;
const grid = gridOf(pictureOf(COLUMNS, 8));
const draw = drawNumbers(1);
const samples = Float32Array.from({ length: COLUMNS * 2560 }, () => 0.4 * (draw() - 0.5));
// Each bin of the transform belongs to one row, in steps of 1/4096.
const binRows = Uint16Array.from({ length: 257 }, (_, bin) => 4096 * Math.min(7, Math.floor(bin / 32)));

test("the transform is the sum that defines it, and its inverse gives back what went in", () => {
  const [re, im] = [Float64Array.from({ length: 512 }, draw), Float64Array.from({ length: 512 }, draw)];
  const [r, m] = [re.slice(), im.slice()];
  fourier(r, m);
  for (const k of [0, 1, 100, 511]) {
    let [sumR, sumM] = [0, 0];
    for (let n = 0; n < 512; n++) {
      const angle = (-2 * Math.PI * k * n) / 512;
      sumR += re[n] * Math.cos(angle) - im[n] * Math.sin(angle);
      sumM += re[n] * Math.sin(angle) + im[n] * Math.cos(angle);
    }
    assert.ok(Math.hypot(r[k] - sumR, m[k] - sumM) < 1e-9);
  }
  fourier(m, r);
  for (let n = 0; n < 512; n++) assert.ok(Math.hypot(r[n] / 512 - re[n], m[n] / 512 - im[n]) < 1e-12);
});

test("edges are mirrored", () => {
  assert.deepEqual([-2, -1, 0, 3, 4, 5, 9].map((at) => mirrored(at, 5)), [2, 1, 0, 3, 4, 3, 1]);
});

test("kept and removed add up to the clip at every stage", () => {
  const drop = Uint8Array.from({ length: grid.patches }, () => [0, 4, 7, 10][Math.floor(4 * draw())]);
  const tracks = listenTracks(spectrumOf(samples), binRows, grid, drop);
  for (const stage of [4, 7, 10]) {
    tracks.original.forEach((value, i) => {
      assert.ok(Math.abs(tracks[`kept ${stage}`][i] + tracks[`removed ${stage}`][i] - value) < 1e-6);
    });
  }
});

test("as many blocks as prune have their sounds, each the one that it has alone", () => {
  const spectrum = spectrumOf(samples);
  const drop = Uint8Array.from({ length: grid.patches }, () => [0, 2, 5, 8, 11][Math.floor(5 * draw())]);
  const blocks = [2, 5, 8, 11];
  const four = listenTracks(spectrum, binRows, grid, drop, blocks);
  assert.deepEqual(Object.keys(four), ["original", ...blocks.flatMap((block) => [`kept ${block}`, `removed ${block}`])]);
  for (const block of blocks) {
    const alone = listenTracks(spectrum, binRows, grid, drop, [block])[`removed ${block}`];
    assert.ok(peakOf(alone) > 0);
    alone.forEach((value, i) => assert.ok(Math.abs(value - four[`removed ${block}`][i]) < 1e-6));
  }
});

test("with everything kept the clip is itself, with nothing it is silent", () => {
  const spectrum = spectrumOf(samples);
  const whole = listenTracks(spectrum, binRows, grid, new Uint8Array(grid.patches));
  assert.deepEqual(whole["kept 10"], samples);
  assert.equal(peakOf(whole["removed 10"]), 0);
  const none = listenTracks(spectrum, binRows, grid, new Uint8Array(grid.patches).fill(4));
  assert.equal(peakOf(none["kept 4"]), 0);
  assert.equal(listenText({ what: "kept", stage: 4 }, none, new Uint8Array(grid.patches).fill(4)).includes("silent"), true);
});

test("what overlapping patches let through: all of them are the clip, few of them less", () => {
  const overlapping = gridOf(pictureOf(4, 12, { stride: 10 }));
  const segments = overlapping.melSegments.length - 1;
  const rows = Uint32Array.from({ length: 257 }, (_, bin) => 4096 * Math.min(segments - 1, Math.floor((bin * segments) / 257)));
  const spectrum = spectrumOf(samples);
  const odd = Uint8Array.from({ length: overlapping.patches }, (_, id) => (id % 2 ? 4 : 0));
  const tracks = listenTracks(spectrum, rows, overlapping, odd);
  // Every second patch sees all but the ends of the picture where each overlaps the next by 6 of 16.
  const energy = (track) => track.reduce((sum, value) => sum + value * value, 0);
  assert.ok(energy(tracks["kept 4"]) > 0.6 * energy(samples));
  assert.ok(energy(tracks["removed 4"]) > 0);
  const column = columnSound(spectrum, rows, overlapping, overlapping.columnPatches(0), 8000);
  assert.equal(column.length, 8000);
  assert.ok(peakOf(column) > 0);
});

test("a loop is as long as its period and holds its patch's time only", () => {
  const loop = columnSound(spectrumOf(samples), binRows, grid, grid.columnPatches(9), 8000);
  assert.equal(loop.length, 8000);
  assert.ok(peakOf(loop) > 0);
  assert.equal(peakOf(loop.subarray(2560 + 2 * 512 + 1)), 0);
});

test("sounds are made of what the server sends", () => {
  const pcm = Int16Array.from(samples, (value) => Math.round(value * 32767));
  const clip = { sample_rate: 16_000 };
  const sounds = createSounds({ clip, picture: pictureOf(COLUMNS, 8), binRows }, samplesFrom(new Uint8Array(pcm.buffer), 2));
  assert.ok(Math.abs(sounds.samples[5] - 2 * samples[5]) < 1e-4);
  const drop = new Uint8Array(grid.patches);
  assert.equal(sounds.tracks(drop), sounds.tracks(drop)); // made once
  assert.equal(sounds.loop([3]).length, 8000);
});

test("the sound comes with a clip, or is fetched once when it is needed", async (t) => {
  const bytes = new Uint8Array(Int16Array.from(samples, (value) => Math.round(value * 32767)).buffer);
  const shared = { scale: 1, sample_rate: 16_000 };
  const picture = pictureOf(COLUMNS, 8);
  const inside = { clip: { ...shared, pcm: base64(bytes) }, picture, binRows };
  const apart = { clip: { ...shared, pcm: null, sound: "clip-1.pcm" }, picture, binRows };
  const fetched = t.mock.method(globalThis, "fetch", async () => new Response(bytes));
  const first = await soundsOf({ state: { sounds: null, samples: null }, data: () => inside });
  assert.equal(fetched.mock.callCount(), 0);
  const view = { state: { sounds: null, samples: null }, data: () => apart };
  const [one, two] = await Promise.all([soundsOf(view), soundsOf(view)]);
  assert.equal(fetched.mock.callCount(), 1);
  assert.ok(`${fetched.mock.calls[0].arguments[0]}`.endsWith("/boards/clip-1.pcm"));
  assert.equal(one, two);
  assert.deepEqual(one.samples, first.samples);
});

test("a clip that came while the sound of another was fetched is the one that is heard", async (t) => {
  const clip = { scale: 1, sample_rate: 16_000, pcm: null, sound: "clip-1.pcm" };
  const left = { clip, picture: pictureOf(COLUMNS, 8), binRows };
  const bytes = new Uint8Array(Int16Array.from(samples, (value) => Math.round(value * 16384)).buffer);
  const next = { ...left, clip: { ...clip, pcm: base64(bytes) } };
  let shown = left;
  t.mock.method(globalThis, "fetch", async () => new Response(new Uint8Array(2 * samples.length)));
  const view = { state: { sounds: null, samples: null }, data: () => shown };
  const waiting = soundsOf(view);
  shown = next;
  view.state.samples = null;
  assert.ok(Math.abs((await waiting).samples[5] - samples[5] / 2) < 1e-3);
});
