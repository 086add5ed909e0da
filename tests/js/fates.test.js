import assert from "node:assert/strict";
import { test } from "node:test";

import { FATES, countOf, fatesAfter } from "../../tpexplore/ui/boards/compare/fates.js";
import { isPruned, keptAfter, presentBefore } from "../../tpexplore/ui/boards/shared/fates.js";

const DROP = Uint8Array.from([0, 4, 7, 10, 0, 4]);

test("patches that are left after a block", () => {
  assert.deepEqual([0, 4, 7, 10].map((block) => keptAfter(DROP, block)), [6, 4, 3, 2]);
  assert.equal(keptAfter(DROP, 7, [1, 2, 3]), 1);
  assert.deepEqual(presentBefore(DROP, 4), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(presentBefore(DROP, 10), [0, 3, 4]);
  assert.equal(isPruned(DROP), true);
  assert.equal(isPruned(new Uint8Array(3)), false);
});

test("overlap: every patch has one fate, and the counts are those of the sets", () => {
  const a = Uint8Array.from([0, 0, 4, 4, 7, 10]);
  const b = Uint8Array.from([0, 4, 0, 4, 4, 0]);
  const fates = fatesAfter(7, a, b);
  const sets = [a, b].map((drop) => new Set([...drop.keys()].filter((i) => drop[i] === 0 || drop[i] > 7)));
  for (let i = 0; i < a.length; i++) {
    const [inA, inB] = sets.map((set) => set.has(i));
    assert.equal(fates[i], inA ? (inB ? FATES.both : FATES.a) : inB ? FATES.b : FATES.neither);
  }
  assert.deepEqual(Object.values(FATES).map((fate) => countOf(fates, fate)), [2, 1, 1, 2]);
});
