import assert from "node:assert/strict";
import { test } from "node:test";

import { curveScales, curveWidth } from "../../tpexplore/ui/boards/explore/curve.js";
import { answerText, explanation, methodText, steadyFrom } from "../../tpexplore/ui/boards/explore/explain.js";
import { heardText } from "../../tpexplore/ui/boards/explore/faithful.js";
import { addPasses, decode, flipsOf, isComplete } from "../../tpexplore/ui/boards/explore/messages.js";
import { createPlayer } from "../../tpexplore/ui/boards/explore/player.js";
import { patchRows } from "../../tpexplore/ui/boards/explore/figure.js";
import { fateOf, staysText } from "../../tpexplore/ui/boards/explore/passport.js";
import { attentionOf, clusterOf, percentile, standing } from "../../tpexplore/ui/boards/explore/ranking.js";
import { sweepOf } from "../../tpexplore/ui/boards/explore/scene.js";
import { groupsOf } from "../../tpexplore/ui/boards/explore/survival.js";
import { changeTexts, flipsText, headlineText, timeRemark } from "../../tpexplore/ui/boards/explore/reading.js";
import { base64, pictureOf } from "./support.js";

const point = (answer) => ({ answer, probability: 0.5, macs: 1, milliseconds: 1, rows: [], kept: [] });
// Two columns of two rows; at 0.5 block 4 drops patches 0 and 3, block 7 drops 1.
const DROPS = [[4, 7, 0, 4], [0, 0, 0, 0]];
const ATTENTION = Float32Array.from([0.1, 0.2, 0.4, 0.3, 0.45, 0.55, 1]);

function message() {
  const part = {
    rates: [0.5, 1],
    drop: base64(DROPS.flat()),
    attention: base64(new Uint8Array(ATTENTION.buffer)),
    points: [point("cat"), point("dog")],
  };
  return {
    picture: { ...pictureOf(2, 2), intensity: [0, 1, 2, 3], variation: [3, 2, 1, 0], grey: base64(new Uint8Array(32 * 32)) },
    bin_rows: base64(new Uint8Array(514)),
    rates: [0.5, 0.7, 1],
    method: "drop",
    rankings: ["attention"],
    clusters: null,
    unpruned: point("dog"),
    scores: { attention: part },
  };
}

test("passes are put where their keep-rates belong, whatever their order", () => {
  const data = decode(JSON.stringify(message()));
  assert.deepEqual(data.scores.attention.rates, [0.5, 1]);
  assert.equal(isComplete(data), false);
  addPasses(data, { attention: { rates: [0.7], drop: base64([0, 4, 0, 0]), attention: null, points: [point("dog")] } });
  const { rates, drop, points, flips } = data.scores.attention;
  assert.deepEqual(rates, [0.5, 0.7, 1]);
  assert.deepEqual(Array.from(drop[1]), [0, 4, 0, 0]);
  assert.deepEqual(points.map(({ answer }) => answer), ["cat", "dog", "dog"]);
  assert.deepEqual(flips, [{ rate: 0.5, from: "dog", to: "cat" }]);
  assert.equal(isComplete(data), true);
  assert.equal(isComplete({ ...data, rankings: ["attention", "intensity"] }), false);
});

test("an answer that comes and goes flips twice", () => {
  const flips = flipsOf({ rates: [0.3, 0.5, 1], points: ["a", "b", "a"].map(point) });
  assert.deepEqual(flips.map(({ rate }) => rate), [0.3, 0.5]);
});

test("attention scores are cut into stages by who was there", () => {
  const [half, whole] = attentionOf(ATTENTION, DROPS.map((row) => Uint8Array.from(row)), [0.5, 1], {});
  assert.equal(whole, null);
  assert.deepEqual(Array.from(half[4]), Array.from(ATTENTION.slice(0, 4)));
  assert.deepEqual(Array.from(half[7]), Array.from(ATTENTION.slice(4, 6)));
  assert.deepEqual(Array.from(half[10]), [1]);
});

test("ranks, cut and margin of a patch in a stage", () => {
  const data = decode(JSON.stringify(message()));
  const stood = standing(data, "attention", 0, 4, 1);
  assert.deepEqual([stood.rank, stood.of, stood.kept], [3, 4, true]);
  assert.ok(Math.abs(stood.value - 0.8) < 1e-6); // a fifth, in multiples of a quarter
  assert.ok(Math.abs(stood.cut - 0.8) < 1e-6);
  assert.equal(standing(data, "attention", 0, 7, 0), null); // dropped before
  assert.equal(standing(data, "attention", 0, 7, 1).kept, false);
  assert.equal(standing(data, "attention", 1, 4, 1), null); // nothing is ranked
});

test("of equal values the earlier patch ranks first", () => {
  const data = decode(JSON.stringify(message()));
  data.picture.intensity = Float32Array.from([1, 1, 1, 1]);
  data.scores.intensity = data.scores.attention;
  assert.deepEqual([0, 1, 2, 3].map((patch) => standing(data, "intensity", 0, 4, patch).rank), [1, 2, 3, 4]);
});

test("percentiles and clusters", () => {
  assert.equal(percentile(Float32Array.from([1, 2, 2, 3]), 1), 0.25);
  assert.deepEqual([-9, 0, 0.5, 1, 9].map((value) => clusterOf(value, [-1, 0, 1, 2])), [0, 1, 1, 2, 2]);
});

test("every patch is in one group", () => {
  const picture = pictureOf(5, 8, { real: 60 });
  const clusters = { intensity: [-1, 5, 15, 25, 30, 99], variation: [-99, -30, -25, -15, -5, 1] };
  for (const by of ["intensity", "variation", "frequency"]) {
    for (const known of [null, clusters]) {
      const groups = groupsOf({ picture, clusters: known }, by);
      // A cluster holds what it holds in every other tab, padding too; that is then counted once more.
      const clustered = known !== null && by !== "frequency";
      const parts = clustered ? groups.slice(0, -1) : groups;
      const all = parts.flatMap(({ patches }) => patches).sort((a, b) => a - b);
      assert.deepEqual(all, [...Array(40).keys()]);
      const name = clustered ? "of these, padding" : "padding";
      assert.deepEqual(groups.at(-1), { name, patches: [32, 33, 34, 35, 36, 37, 38, 39] });
    }
  }
});

test("fifths are as equal as they can be, highest first", () => {
  const groups = groupsOf({ picture: pictureOf(4, 8), clusters: null }, "intensity");
  assert.deepEqual(groups.map(({ patches }) => patches.length).sort(), [6, 6, 6, 7, 7]);
  assert.equal(groups[0].name, "highest fifth");
  assert.ok(Math.min(...groups[0].patches) > Math.max(...groups[1].patches));
});

test("at which keep-rates a patch stays", () => {
  const rates = [0.3, 0.4, 0.5, 0.6, 1];
  assert.equal(staysText(rates, [4, 0, 4, 0, 0]), "stays to the end at keep-rate 40\u00a0%, 60–100\u00a0%");
  assert.equal(staysText(rates, [4, 4, 4, 7, 10]), "never stays to the end");
});

test("how far down the answer holds", () => {
  const entry = { rates: [0.3, 0.5, 0.7, 1], points: ["b", "a", "b", "b"].map(point) };
  assert.equal(steadyFrom(entry.points, "b"), 2);
  assert.match(answerText({ answer: "b" }, entry, 1), /^Down to 70\u00a0% the answer is “b”; at 50\u00a0% it is “a”/);
  assert.match(answerText({ answer: "b" }, entry, 0), /it is “b” again/);
  assert.match(answerText({ answer: "c" }, { ...entry, points: ["a", "a", "a", "c"].map(point) }, 0), /^Even the lightest/);
});

test("the story of a clip counts its patches", () => {
  const text = explanation(decode(JSON.stringify(message())), "attention", 0);
  assert.match(text, /^2 of 4 patches are left after block 4, 1 after block 7 and 1 after block 10\./);
  assert.match(explanation(decode(JSON.stringify(message())), "attention", 1), /all 4 patches are kept/);
});

test("the curve's axis holds every interval and does not depend on the score", () => {
  const measured = (value, low, high, macs) => ({ rate: 0.5, value, low, high, macs });
  const accuracy = { attention: [measured(0.8, 0.71, 0.85, 10)], intensity: [measured(0.5, 0.42, 0.6, 20)] };
  const { low, high, least, most, x, y } = curveScales(accuracy, { macs: 40 }, 280);
  assert.deepEqual([low, high, least, most], [0.4, 0.9, 10, 40]);
  assert.ok(x(10) < x(40) && y(0.4) > y(0.9));
});

test("the curve fills its card, and no card makes it too narrow for its labels", () => {
  const measured = { rate: 0.5, value: 0.8, low: 0.7, high: 0.9, macs: 10 };
  const [narrow, wide] = [240, 500].map((width) => curveScales({ attention: [measured] }, { macs: 40 }, width));
  assert.equal(wide.x(40) - narrow.x(40), 260);
  assert.equal(wide.x(10), narrow.x(10));
  assert.equal(curveWidth(600), 500);
  assert.equal(curveWidth(0), 240);
});

/** An audio context whose clock advances whenever it is read, as a browser's may; records what is started. */
function playOnABusyClock(started) {
  let clock = 0;
  class Part {
    connect = (next) => next;
    gain = { setValueAtTime() {}, linearRampToValueAtTime() {} };
  }
  const globals = {
    AudioContext: class {
      state = "running";
      get currentTime() {
        return (clock += 0.0116);
      }
      createBuffer = (_channels, length, rate) => ({ duration: length / rate, copyToChannel() {} });
    },
    AudioBufferSourceNode: class extends Part {
      start = (at, offset) => started.push({ at, offset });
      stop() {}
    },
    GainNode: Part,
    requestAnimationFrame: () => 1,
    cancelAnimationFrame() {},
  };
  return Object.assign(globalThis, globals);
}

test("a sound that takes over begins at the position of the one before", () => {
  const started = [];
  playOnABusyClock(started);
  const player = createPlayer(() => {});
  player.load(new Float32Array(32_000), 16_000);
  player.toggle();
  for (let i = 0; i < 3; i++) player.change(new Float32Array(32_000));
  assert.equal(started.length, 4);
  for (const [i, { at, offset }] of started.slice(1).entries()) {
    assert.ok(Math.abs(offset - started[i].offset - (at - started[i].at)) < 1e-9);
  }
});

// Patch 0 joins 2 at block 4, 1 joins 2 at block 7, 3 stays alone.
const HOLDERS = [[2, 1, 2, 3], [2, 2, 2, 3], [2, 2, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3]];

function mergedMessage() {
  const sent = { ...message(), method: "merge" };
  const holders = base64(new Uint8Array(Int16Array.from(HOLDERS.flat()).buffer));
  const part = { ...sent.scores.attention, drop: base64([4, 7, 0, 0, 0, 0, 0, 0]), attention: "", holders };
  return { ...sent, scores: { attention: part } };
}

test("a merged patch shows which patch it joined, and how many are together", () => {
  const data = decode(JSON.stringify(mergedMessage()));
  const entry = data.scores.attention;
  assert.deepEqual(entry.holders.map((rows) => rows.map((row) => Array.from(row))), [HOLDERS.slice(0, 3), HOLDERS.slice(3)]);
  const view = { data: () => data, dropMap: () => entry.drop[0], holders: () => entry.holders[0] };
  assert.equal(fateOf(view, 0), "merged by block 4 into patch 2, a group of 3");
  assert.equal(fateOf(view, 2), "kept to the end, 2 joined it");
  assert.equal(fateOf(view, 3), "kept to the end");
  assert.match(methodText("merge", entry, 0), /other 2 joined .* largest group has 3/);
  assert.match(methodText("merge", entry, 1), /no patch is merged/);
  assert.equal(standing(data, "attention", 0, 4, 0), null);
});

const VIEW = { score: "attention", keepRate: 0.5 };

test("the table says what a patch became part of", () => {
  const grids = { clip: { start: 0 }, clusters: null };
  const data = { ...decode(JSON.stringify(mergedMessage())), ...grids };
  const { drop, holders } = data.scores.attention;
  const [head, ...rows] = patchRows(data, drop[0], VIEW, holders[0].at(-1));
  assert.deepEqual(head.slice(-2), ["into", "group_size"]);
  assert.deepEqual(rows.map((row) => row.slice(-2)), [[2, 3], [2, 3], [2, 3], [3, 1]]);
  const fused = patchRows({ ...data, method: "fuse" }, DROPS[0], VIEW).slice(1);
  assert.deepEqual(fused.map((row) => row.slice(-2)), [["fused", 3], ["fused", 3], [2, 1], ["fused", 3]]);
  assert.equal(patchRows({ ...data, method: "drop" }, DROPS[0], VIEW)[0].includes("into"), false);
});

test("the answer of each part alone is one sentence", () => {
  const heardAs = (answer, probability) => ({ answer, probability });
  const heard = { whole: heardAs("rain", 0.9), kept: heardAs("rain", 0.8), removed: heardAs("wind", 0.3), random: { draws: 5, same: 1 } };
  assert.equal(
    heardText(heard),
    "From the kept parts alone the model hears “rain” (80\u00a0%), from the removed parts alone “wind” (30\u00a0%). " +
      "Of 5 random choices of as many patches, 1 gives “rain”.",
  );
  assert.match(heardText({ ...heard, random: { draws: 5, same: 0 } }), /none gives “rain”/);
});

test("the headline says how pruning changed the answer, and what it saved", () => {
  const unpruned = { answer: "Thunder", probability: 0.74, macs: 100 };
  const data = { clip: { silent: false }, unpruned };
  assert.equal(headlineText(data, unpruned), "“Thunder” (74\u00a0%), with nothing left out.");
  const less = { answer: "Thunder", probability: 0.58, macs: 51 };
  assert.equal(headlineText(data, less), "Still “Thunder” (58\u00a0%), with 49\u00a0% less computing.");
  const other = { ...less, answer: "Rain" };
  assert.equal(headlineText(data, other), "“Thunder” became “Rain” (58\u00a0%), with 49\u00a0% less computing.");
  assert.match(headlineText({ ...data, clip: { silent: true } }, less), /silent, so there is no answer/);
});

test("the changes stand beside it, from before to after", () => {
  const unpruned = { answer: "Thunder", macs: 100 };
  const data = { clip: { silent: false }, unpruned, picture: { patches: 256 }, measured: null };
  const point = { answer: "Rain", macs: 51, kept: [128, 64, 32], rows: [["Thunder", 0.74, 0.2], ["Rain", 0.1, 0.5]] };
  const pairs = ["256 → 32 patches", "“Thunder” 74\u00a0% → 20\u00a0%", "“Rain” 10\u00a0% → 50\u00a0%"];
  assert.deepEqual(changeTexts(data, point, "attention", 0.5), pairs);
  assert.deepEqual(changeTexts(data, { ...point, macs: 100 }, "attention", 1), []);
});

test("below which keep-rates the answer changes", () => {
  const rates = [0.3, 0.5, 0.7, 1];
  const flips = flipsOf({ rates, points: ["c", "b", "a", "a"].map(point) });
  assert.equal(flipsText({ rates, flips }), "▲ Below 70\u00a0% the answer becomes “b”, below 50\u00a0% “c”.");
  assert.match(flipsText({ rates, flips: [] }), /^The answer is the same/);
});

test("a sweep goes from everything down to the least, every second keep-rate", () => {
  assert.deepEqual(sweepOf([0.3, 0.35, 0.4, 0.45, 0.5]), [4, 2, 0]);
  assert.deepEqual(sweepOf([0.3, 1]), [1]);
});

test("saved time is not claimed where none was saved", () => {
  const remark = (milliseconds) => timeRemark({ macs: 5, milliseconds }, { macs: 10, milliseconds: 100 });
  assert.equal(remark(55), "");
  assert.match(remark(80), /falls by less/);
  assert.match(remark(190), /no time was saved/);
});
