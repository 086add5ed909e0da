import assert from "node:assert/strict";
import { test } from "node:test";

import { captionText } from "../../tpexplore/ui/boards/explore/figure.js";
import { legendKeys } from "../../tpexplore/ui/boards/explore/picture.js";
import { createQueries } from "../../tpexplore/ui/boards/page/query.js";
import { createPageState } from "../../tpexplore/ui/boards/page/state.js";
import { blockOf } from "../../tpexplore/ui/boards/shared/fates.js";
import {
  PAPERS_BLOCKS,
  blocksText,
  isPlanOf,
  planOf,
  rateText,
  readBlocks,
  readRates,
  stateRateText,
  wayText,
} from "../../tpexplore/ui/boards/shared/plan.js";
import { percent } from "../../tpexplore/ui/boards/shared/text.js";
import { pictureOf } from "./support.js";

test("blocks are three, ascending, and no more than the model has", () => {
  assert.equal(readBlocks(" 3, 6,9 ", 12), "3,6,9");
  assert.equal(readBlocks("", 12), "4,7,10");
  for (const text of ["3,6", "3,6,9,12", "6,3,9", "3,3,9", "0,3,9", "3,6,13", "3,6,9.5", "3;6;9", "3,6,"]) {
    assert.equal(readBlocks(text, 12), null, text);
  }
});

test("keep-rates are three shares, or none", () => {
  assert.equal(readRates("0.9, .7,0.50"), "0.9,0.7,0.5");
  assert.equal(readRates("  "), "");
  for (const text of ["0.9", "0.9,0.7", "0.9,0.7,0", "0.9,0.7,1.1", "a,b,c"]) assert.equal(readRates(text), null, text);
});

const data = { blocks: [3, 6, 9], own_rates: [0.9, 0.7, 0.5] };

test("what is said of a plan names its blocks and keep-rates", () => {
  assert.equal(blocksText(data), "blocks 3, 6 and 9");
  assert.equal(blocksText({}), "blocks 4, 7 and 10");
  assert.deepEqual([4, 7, 10].map((stage) => blockOf(data, stage)), [3, 6, 9]);
  assert.deepEqual([rateText(data, 0.7), rateText(data, 1), rateText({}, 0.7)], [`${percent(0.9)}, ${percent(0.7)}, ${percent(0.5)}`, percent(1), percent(0.7)]);
  assert.deepEqual(planOf({}), { blocks: "4,7,10", rates: "" });
  assert.equal(isPlanOf(data, { blocks: "3,6,9", rates: "0.9,0.7,0.5" }), true);
  assert.equal(isPlanOf(data, { blocks: "3,6,9", rates: "" }), false);
});

test("legend and caption name the blocks that prune", () => {
  const keys = legendKeys({ ...data, picture: pictureOf(2, 2) }, [4, 7, 0, 10]);
  assert.deepEqual(keys.slice(0, 3).map(({ text }) => text), [
    "kept (1)",
    "dropped by block 3 (1)",
    "dropped by block 6 (1)",
  ]);
  const point = { answer: "dog", probability: 0.5, macs: 5e8 };
  const caption = captionText(
    {
      ...data,
      method: "drop",
      clip: { name: "A dog" },
      model: { name: "my-ast" },
      unpruned: { ...point, macs: 1e9 },
      scores: { attention: { rates: [0.7, 1], points: [point, point] } },
    },
    "attention",
    0,
  );
  assert.ok(caption.includes(`keep-rate ${rateText(data, 0.7)} at blocks 3, 6 and 9.`), caption);
});

test("links name blocks and keep-rates, and leave the paper's out", () => {
  const known = { examples: {}, models: { a: "a" }, fitting: {}, tabs: ["explore"], aliases: {}, scores: [], methods: [], rates: [0.5], blocks: [4], settings: {} };
  const queries = createQueries(known);
  const { values, unknown } = queries.read("?blocks=3,6,9&rates=0.9,0.7,0.5");
  assert.deepEqual([values.blocks, values.rates, unknown], ["3,6,9", "0.9,0.7,0.5", []]);
  assert.deepEqual(queries.read("?blocks=9,6,3&rates=2").unknown, [["blocks", "9,6,3"], ["rates", "2"]]);
  const first = { blocks: "4,7,10", rates: "" };
  const here = { ...queries.first, ...first };
  assert.equal(String(queries.write(here, first, {}, false)), "");
  const other = queries.write({ ...here, blocks: "3,6,9" }, first, {}, false);
  assert.equal(String(other), "blocks=3%2C6%2C9");
});

test("what the page does to patches, in words", () => {
  const state = { rate: 0.5, score: "attention", method: /** @type {const} */ ("drop"), blocks: PAPERS_BLOCKS, rates: "" };
  assert.equal(wayText(state), `by attention, keep-rate ${percent(0.5)}`);
  assert.equal(wayText({ ...state, method: "merge" }), `merged, keep-rate ${percent(0.5)}`);
  const planned = { ...state, method: /** @type {const} */ ("fuse"), blocks: "3,6,9", rates: "0.9,0.7,0.5" };
  assert.equal(
    wayText(planned),
    `by attention, the others fused, keep-rate ${percent(0.9)}, ${percent(0.7)}, ${percent(0.5)} at blocks 3, 6 and 9`,
  );
  assert.equal(stateRateText({ ...planned, rate: 1 }), `${percent(1)} at blocks 3, 6 and 9`);
});

test("the page's state tells of every change, and of nothing else", () => {
  const page = createPageState();
  const followed = [];
  page.follow(({ method, blocks }) => followed.push([method, blocks]));
  page.set({ method: "fuse" });
  page.set({ method: "fuse", blocks: PAPERS_BLOCKS });
  page.set({ blocks: "3,6,9" });
  assert.deepEqual(followed, [["fuse", PAPERS_BLOCKS], ["fuse", "3,6,9"]]);
});
