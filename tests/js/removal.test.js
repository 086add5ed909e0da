import assert from "node:assert/strict";
import { test } from "node:test";

import { createHistory } from "../../tpexplore/ui/boards/removal/history.js";
import { createKnowledge } from "../../tpexplore/ui/boards/removal/knowledge.js";
import { brushed, countOf, groupMask, maskInLink, maskKey, maskOfLink, pathBetween } from "../../tpexplore/ui/boards/removal/marks.js";
import { beforeText, clipSeries, measuredFinding, pointsText, randomPoints } from "../../tpexplore/ui/boards/removal/reading.js";
import { gridOf } from "../../tpexplore/ui/boards/shared/grid.js";
import { drawNumbers, pictureOf } from "./support.js";

const maskOf = (...bits) => Uint8Array.from(bits);

test("history goes back and forth, and a new step ends what was undone", () => {
  const history = createHistory({ mask: maskOf(0, 0), group: null });
  history.push({ mask: maskOf(1, 0), group: null });
  history.push({ mask: maskOf(1, 1), group: "H" });
  history.undo();
  assert.deepEqual(history.now().mask, maskOf(1, 0));
  assert.equal(history.canRedo(), true);
  history.push({ mask: maskOf(0, 1), group: null });
  assert.equal(history.canRedo(), false);
  for (let i = 0; i < 5; i++) history.undo();
  assert.deepEqual(history.now().mask, maskOf(0, 0));
  assert.equal(history.canUndo(), false);
  for (let i = 0; i < 5; i++) history.redo();
  assert.deepEqual(history.now().mask, maskOf(0, 1));
});

test("the same marks under another name are no new step", () => {
  const history = createHistory({ mask: maskOf(1, 0), group: null });
  history.push({ mask: maskOf(1, 0), group: "H" });
  assert.equal(history.canUndo(), false);
  assert.equal(history.now().group, "H");
});

test("a mask is one bit a patch, lowest first", () => {
  assert.equal(maskKey(maskOf(1, 0, 1, 0, 0, 0, 0, 1, 1)), Buffer.from([0b10000101, 1]).toString("base64"));
});

test("masks survive an address; others are refused", () => {
  const draw = drawNumbers(3);
  for (const patches of [1, 8, 64, 65, 512, 1212]) {
    const mask = Uint8Array.from({ length: patches }, () => Number(draw() > 0.5));
    const text = maskInLink(mask);
    assert.match(text, /^[A-Za-z0-9_-]+$/);
    assert.deepEqual(maskOfLink(text, patches), mask);
    assert.equal(maskOfLink(text, patches + 8), null);
  }
  for (const text of ["", "!", "AAAA", "____________"]) assert.equal(maskOfLink(text, 8), null, text);
});

test("brushes stay inside the picture", () => {
  const grid = gridOf(pictureOf(4, 8));
  assert.deepEqual(brushed(19, "patch", grid), [19]);
  assert.deepEqual(brushed(0, "square", grid), [0, 1, 8, 9]);
  assert.equal(brushed(19, "square", grid).length, 9);
  assert.deepEqual(brushed(19, "column", grid), [16, 17, 18, 19, 20, 21, 22, 23]);
  assert.deepEqual(brushed(19, "row", grid), [3, 11, 19, 27]);
});

test("a quick hand leaves no gaps", () => {
  const grid = gridOf(pictureOf(6, 8));
  for (const [from, to] of [[0, 47], [47, 0], [3, 43], [10, 10]]) {
    let last = from;
    for (const patch of pathBetween(from, to, grid)) {
      assert.ok(Math.abs(grid.columnOf(patch) - grid.columnOf(last)) <= 1);
      assert.ok(Math.abs(grid.rowOf(patch) - grid.rowOf(last)) <= 1);
      last = patch;
    }
    assert.equal(last, to);
  }
});

test("groups are made of clusters", () => {
  const mask = groupMask(Uint8Array.from([0, 1, 2, 3, 4, 4]), [3, 4]);
  assert.deepEqual(mask, maskOf(0, 0, 0, 1, 1, 1));
  assert.equal(countOf(mask), 3);
});

test("an answer that stays is unchanged only if its probability is", () => {
  const before = { answer: "dog", probability: 0.43 };
  assert.equal(beforeText({ stays: true, probability: 0.432 }, before), "unchanged");
  assert.equal(beforeText({ stays: true, probability: 0.18 }, before), "before: 43\u00a0%");
  assert.equal(beforeText({ stays: false, probability: 0.43 }, before), "before: “dog” (43\u00a0%)");
});

const DATA = { model: { depth: 12 }, picture: { patches: 64 }, draws: 8 };
const answer = { answer: "a", probability: 1, kept: 1, stays: true, left: 1, rows: [] };

function replyTo({ blocks, draws }, seconds) {
  if (!draws.length) return { id: 1, seconds, answers: blocks.map(() => answer) };
  return { id: 1, seconds, values: blocks.map(() => draws.map(() => 0.5)), stays: blocks.map(() => draws.map(() => true)) };
}

test("everything is requested once, the block in sight first", () => {
  for (const pace of [0.0001, 0.05]) {
    const knowledge = createKnowledge(DATA);
    const seen = new Set();
    let first = null;
    for (let i = 0; i < 500; i++) {
      const question = knowledge.next(["chosen", "low"], 5, 10);
      if (!question) break;
      first ??= question;
      for (const block of question.blocks) {
        for (const draw of question.draws.length ? question.draws : ["mask"]) {
          const piece = `${question.draws.length ? "draw" : question.mask} ${block} ${draw}`;
          assert.ok(!seen.has(piece), piece);
          seen.add(piece);
        }
      }
      const rows = Math.max(1, question.draws.length);
      const work = Math.max(...question.blocks) + rows * question.blocks.reduce((sum, b) => sum + 12 - b, 0);
      if (i) assert.ok(pace * work <= 4 || question.blocks.length === 1, "no piece is long");
      knowledge.learn(question, 10, replyTo(question, pace * work), pace * work + 0.05);
    }
    assert.deepEqual(first, { mask: "chosen", blocks: [5], draws: [] });
    assert.equal(knowledge.next(["chosen", "low"], 5, 10), null);
    assert.equal(seen.size, 2 * 11 + 8 * 11);
  }
});

test("nothing is drawn where no patch or every patch is marked", () => {
  for (const count of [0, 64]) {
    const knowledge = createKnowledge(DATA);
    assert.equal(knowledge.next([], 5, count), null);
  }
});

test("random draws are summed up by block", () => {
  const draws = [new Map([[3, { value: 0.2, stays: true }], [1, { value: 0.5, stays: false }]]), new Map([[3, { value: 0.6, stays: false }]])];
  const [one, three] = randomPoints(draws);
  assert.deepEqual([one.block, one.value, one.draws, one.stays], [1, 0.5, 1, 0]);
  assert.deepEqual([three.block, three.value, three.low, three.high, three.stays], [3, 0.4, 0.2, 0.6, 1]);
});

test("the legend counts the random draws", () => {
  const legendOf = (draws) => clipSeries({ chosen: null, low: null, high: null, draws, by: "intensity" })[0].legend;
  const draw = new Map([[3, { value: 0.2, stays: true }]]);
  assert.equal(legendOf([draw]), "as many random patches, drawn once");
  assert.equal(legendOf([draw, draw]), "as many random patches: mean and range of 2 draws");
});

test("the clip's curve is in the order of blocks", () => {
  const chosen = new Map([[7, answer], [2, { ...answer, kept: 0.1, stays: false }]]);
  const [series] = clipSeries({ chosen, low: null, high: null, draws: [], by: "intensity" });
  assert.deepEqual(series.points.map(({ block, value, hollow }) => [block, value, hollow]), [[2, 0.1, true], [7, 1, false]]);
});

test("differences in points", () => {
  assert.deepEqual([0.0004, -0.014, 0.123, -0.5].map(pointsText), ["0", "−1.4", "+12", "−50"]);
  const group = (value, random) => ({ values: [{ value }], random: [{ value: random }] });
  const measured = { blocks: [5], unpruned: { value: 0.9 }, intensity: { H: group(0.5, 0.8), L: group(0.9, 0.7) } };
  assert.equal(
    measuredFinding(measured, "intensity", 5),
    "After block 5: −40 points without H (as many random patches: −10), 0 without L (−20).",
  );
});
