import assert from "node:assert/strict";
import { test } from "node:test";

import { arrowKeys, cellEdges, gridOf, isPadding, patchPlace, segmentEdges } from "../../tpexplore/ui/boards/shared/grid.js";
import { pictureOf } from "./support.js";

test("patches count up the first column, then up the next", () => {
  const grid = gridOf(pictureOf(4, 8));
  assert.deepEqual([grid.columnOf(19), grid.rowOf(19), grid.idOf(2, 3)], [2, 3, 19]);
  assert.equal(grid.at(2 * 16, 3 * 16), 19);
  assert.equal(grid.at(3 * 16 - 1, 4 * 16 - 1), 19);
  assert.deepEqual(grid.columnPatches(19), [16, 17, 18, 19, 20, 21, 22, 23]);
});

test("steps end at the edges", () => {
  const grid = gridOf(pictureOf(4, 8));
  assert.equal(grid.step(null, 1, 0), 0);
  assert.equal(grid.step(19, 1, 0), 27);
  assert.equal(grid.step(19, 0, -1), 18);
  assert.equal(grid.step(19, Infinity, 0), 27);
  assert.equal(grid.step(19, -Infinity, 100), 7);
});

test("overlapping patches are drawn as cells around their middles", () => {
  // AST's: 16 by 16 every 10.
  assert.deepEqual(cellEdges(3, 10, 16), [0, 13, 23, 36]);
  assert.deepEqual(segmentEdges(3, 10, 16), [0, 10, 16, 20, 26, 36]);
  const grid = gridOf(pictureOf(101, 12, { stride: 10 }));
  assert.equal(grid.patches, 1212);
  assert.equal(grid.at(0, 0), 0);
  assert.equal(grid.at(13, 0), 12);
  assert.equal(grid.at(5000, 5000), 1211);
  assert.deepEqual(grid.framesOf(12), [10, 26]);
});

test("what a set of overlapping patches covers, against asking every frame and bin", () => {
  const picture = pictureOf(4, 3, { stride: 10 });
  const grid = gridOf(picture);
  const kept = [0, 4, 11];
  const covered = grid.covered(Array.from({ length: grid.patches }, (_, id) => (kept.includes(id) ? 1 : 0)));
  const up = grid.melSegments.length - 1;
  for (let frame = 0; frame < picture.frames; frame++) {
    for (let bin = 0; bin < picture.bins; bin++) {
      const reads = kept.some((id) => {
        const [t, f] = [10 * Math.floor(id / 3), 10 * (id % 3)];
        return t <= frame && frame < t + 16 && f <= bin && bin < f + 16;
      });
      const i = grid.timeSegments.findLastIndex((edge) => edge <= frame);
      const j = grid.melSegments.findLastIndex((edge) => edge <= bin);
      assert.equal(Boolean(covered[i * up + j]), reads);
    }
  }
});

test("without overlap a segment is a patch", () => {
  const grid = gridOf(pictureOf(3, 8));
  const kept = Uint8Array.from({ length: 24 }, (_, i) => (i * 7) % 3 === 0);
  assert.deepEqual(grid.covered(kept), kept);
});

test("place and padding of a patch", () => {
  const picture = pictureOf(4, 8, { real: 33 });
  const place = patchPlace({ picture, clip: { start: 1 } }, 19);
  assert.deepEqual([place.start, place.end], [1.32, 1.48]);
  assert.deepEqual([place.low, place.high], [300, 400]);
  // A patch that begins before the end of the sound is sound.
  assert.deepEqual([15, 16, 23, 24].map((id) => isPadding(picture, id)), [false, false, false, true]);
});

test("what a patch reads, and the share that some of them read together", () => {
  const overlapping = gridOf(pictureOf(3, 12, { stride: 10 }));
  assert.ok(overlapping.overlaps && !gridOf(pictureOf(3, 8)).overlaps);
  assert.deepEqual([overlapping.framesOf(13), overlapping.binsOf(13)], [[10, 26], [10, 26]]);
  assert.deepEqual([overlapping.seenFrames, overlapping.seenBins], [36, 126]);
  const kept = new Uint8Array(36);
  assert.equal(overlapping.coveredShare(kept), 0);
  kept[0] = kept[13] = 1; // 16 by 16 each, of which 6 by 6 are the same
  assert.ok(Math.abs(overlapping.coveredShare(kept) - (512 - 36) / (36 * 126)) < 1e-12);
  assert.equal(overlapping.coveredShare(kept.fill(1)), 1);
});

test("arrow keys move by one patch, Home and End to the edge, and no other key moves", () => {
  /** @type {number[][]} */
  const moves = [];
  const keys = arrowKeys((across, up) => moves.push([across, up]));
  for (const key of ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"]) keys[key]();
  assert.deepEqual(moves, [[-1, 0], [1, 0], [0, 1], [0, -1], [-Infinity, 0], [Infinity, 0]]);
  assert.equal(keys.Enter, undefined);
});
