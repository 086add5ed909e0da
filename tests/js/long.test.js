import assert from "node:assert/strict";
import { test } from "node:test";

import { overviewAt, windowAt } from "../../tpexplore/ui/boards/long/picture.js";
import {
  answerCounts,
  changes,
  clock,
  heardOf,
  nextChange,
  reading,
  secondsLeft,
  stretches,
  summaryOf,
  viewAround,
  viewWith,
  windowsInView,
} from "../../tpexplore/ui/boards/long/strip.js";
import { createRequests } from "../../tpexplore/ui/boards/shared/requests.js";
import { base64 } from "./support.js";

/** Windows of 5 s with these answers, "a>b" where pruning changes one, "-" for silence. */
function windowsOf(...answers) {
  return answers.map((answer, i) => {
    const [before, after = before] = answer.split(">");
    return {
      start: 5 * i,
      end: 5 * i + 5,
      silent: answer === "-",
      before: [before, 0.6],
      after: [after, 0.4],
      share: 0.125,
      level: Uint8Array.of(1),
      kept: Uint8Array.of(1),
    };
  });
}
const all = { first: 0, count: 100 };

test("neighbours with one answer become one stretch, in each lane by itself", () => {
  const windows = windowsOf("dog", "dog>cat", "dog", "-", "dog");
  assert.deepEqual(stretches(windows, "before", all), [
    { from: 0, to: 3, label: "dog" },
    { from: 3, to: 4, label: "silent" },
    { from: 4, to: 5, label: "dog" },
  ]);
  assert.deepEqual(stretches(windows, "after", { first: 1, count: 2 }), [
    { from: 1, to: 2, label: "cat" },
    { from: 2, to: 3, label: "dog" },
  ]);
});

test("a silent window has no answer to change", () => {
  assert.equal(changes(windowsOf("dog>cat")[0]), true);
  assert.equal(changes({ ...windowsOf("dog>cat")[0], silent: true }), false);
});

test("changes are found in both directions, and none after the last", () => {
  const windows = windowsOf("a", "a>b", "a", "a>c", "a");
  assert.deepEqual([nextChange(windows, -1, 1), nextChange(windows, 1, 1), nextChange(windows, 3, 1)], [1, 3, null]);
  assert.deepEqual([nextChange(windows, 5, -1), nextChange(windows, 3, -1), nextChange(windows, 1, -1)], [3, 1, null]);
});

test("a view moves no further than it must and never leaves the recording", () => {
  const view = { first: 10, count: 5 };
  assert.deepEqual(viewWith(view, 12, 50), view);
  assert.deepEqual(viewWith(view, 15, 50).first, 11);
  assert.deepEqual(viewWith(view, 3, 50).first, 3);
  assert.deepEqual(viewAround(view, 49, 50).first, 45);
  assert.deepEqual(viewAround(view, 0, 50).first, 0);
  assert.deepEqual(viewAround({ first: 0, count: 3 }, 2, 3).first, 0);
  assert.equal(windowsInView(1200, 700), 100);
  assert.equal(windowsInView(1200, 7), 7);
  assert.equal(windowsInView(4, 7), 1);
});

test("a place of the picture is a window that was analysed, or none", () => {
  const recording = { view: { first: 10, count: 10 }, windows: { length: 15 }, total: 700 };
  const width = 40 + 100 + 8; // margins around ten windows of 10 px
  assert.deepEqual([39, 40, 49, 50, 89, 90, 141].map((x) => windowAt(recording, width, x)), [null, 10, 10, 11, 14, null, null]);
  assert.deepEqual([0, 40, 139, 999].map((x) => overviewAt(recording, width, x)), [0, 0, 693, 699]);
});

test("answers are counted in both lanes, the most frequent first", () => {
  assert.deepEqual(answerCounts(windowsOf("b", "a>b", "a>b", "-")), [
    { label: "b", before: 1, after: 3 },
    { label: "a", before: 2, after: 0 },
  ]);
});

test("the sentence counts windows with sound only", () => {
  assert.match(summaryOf(windowsOf("a", "a>b", "-"), "50 %"), /^At keep-rate 50\s?% the answer changes in 1 of 2 windows\. 1 window is silent\.$/);
  assert.match(summaryOf(windowsOf("a", "b"), "30 %"), /stays the same in all 2 windows\.$/);
  assert.match(summaryOf(windowsOf("-", "-"), "30 %"), /^All 2 windows are silent/);
});

test("a window is read out with both answers, and shortly where they agree", () => {
  const [same, other, none] = windowsOf("dog", "dog>cat", "-");
  assert.match(reading(same, "50 %", 100), /^0:00 to 0:05: dog \(60\s?%\) with all patches, and at keep-rate 50 % the same \(40\s?%\)\.$/);
  assert.match(reading(other, "50 %", 100), /^0:05 to 0:10: dog .* cat \(40\s?%\)\.$/);
  assert.match(reading(none, "50 %", 100), /silent/);
});

test("times are minutes and seconds, or seconds in a short recording", () => {
  assert.equal(clock(754.9, 3600), "12:34");
  assert.equal(clock(3600, 3600), "60:00");
  assert.equal(clock(5.135, 12), "5.1 s");
  assert.equal(secondsLeft(10, 40, 5000), 15);
  assert.equal(secondsLeft(0, 40, 0), null);
});

test("columns come as bytes", () => {
  const heard = heardOf({ ...windowsOf("a")[0], level: base64([3, 4]), kept: base64([0, 255]) });
  assert.deepEqual([[...heard.level], [...heard.kept]], [[3, 4], [0, 255]]);
});

test("each request gets its own answer, and one that never comes a sentence", async () => {
  const sent = [];
  const requests = createRequests((request) => sent.push(request), 20);
  const [first, second, third] = [requests.ask({ do: "a" }), requests.ask({ do: "b" }), requests.ask({ do: "c" })];
  assert.deepEqual(sent.map((request) => request.do), ["a", "b", "c"]);
  requests.receive({ id: sent[1].id, text: "B" });
  requests.receive({ id: sent[0].id, text: "A" });
  requests.receive({ id: 999 });
  assert.equal((await first).text, "A");
  assert.equal((await second).text, "B");
  assert.match((await third).problem, /not answered/);
});
