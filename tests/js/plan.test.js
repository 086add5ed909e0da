import assert from "node:assert/strict";
import { test } from "node:test";

import { captionText } from "../../tpexplore/ui/boards/explore/figure.js";
import { legendKeys } from "../../tpexplore/ui/boards/explore/picture.js";
import { createQueries } from "../../tpexplore/ui/boards/page/query.js";
import { createPageState } from "../../tpexplore/ui/boards/page/state.js";
import { explanation } from "../../tpexplore/ui/boards/explore/explain.js";
import { panelChoices } from "../../tpexplore/ui/boards/explore/panels.js";
import { attentionOf, ranked } from "../../tpexplore/ui/boards/explore/ranking.js";
import { rateHelp } from "../../tpexplore/ui/boards/explore/slider.js";
import { PALETTES, RAMPS, rampsOf } from "../../tpexplore/ui/boards/shared/colours.js";
import { inPlaceOf } from "../../tpexplore/ui/boards/shared/fates.js";
import { layoutPanels } from "../../tpexplore/ui/boards/shared/layout.js";
import {
  PAPERS_BLOCKS,
  blocksText,
  isPlanOf,
  planOf,
  rateText,
  readBlocks,
  readRates,
  stateRateText,
  wayName,
  wayText,
} from "../../tpexplore/ui/boards/shared/plan.js";
import { percent } from "../../tpexplore/ui/boards/shared/text.js";
import { pictureOf } from "./support.js";

test("blocks are any number, ascending, of those that the model has", () => {
  assert.equal(readBlocks(" 3, 6,9 ", 12), "3,6,9");
  assert.equal(readBlocks("", 12), "4,7,10");
  const all = "1,2,3,4,5,6,7,8,9,10,11,12";
  for (const text of ["5", "3,6", "3,6,9,12", all]) assert.equal(readBlocks(text, 12), text);
  for (const text of ["0", "13", `${all},13`, "6,3,9", "3,3,9", "0,3,9", "3,6,13", "3,6,9.5", "3;6;9", "3,6,"]) {
    assert.equal(readBlocks(text, 12), null, text);
  }
});

test("a file name says how the patches that are not kept are treated", () => {
  const names = ["drop", "fuse", "merge"].map((method) => wayName(method, "intensity"));
  assert.deepEqual(names, ["intensity", "fuse-intensity", "merge"]);
});

test("keep-rates are one for each block, or none", () => {
  assert.equal(readRates("0.9", "5"), "0.9");
  assert.equal(readRates("0.9,0.8,0.7,0.6", "2,4,6,8"), "0.9,0.8,0.7,0.6");
  assert.equal(readRates("0.9,0.8,0.7", "2,4"), null);
  assert.equal(readRates("0.9, .7,0.50"), "0.9,0.7,0.5");
  assert.equal(readRates("  "), "");
  for (const text of ["0.9", "0.9,0.7", "0.9,0.7,0", "0.9,0.7,1.1", "1,1,1", "a,b,c"]) assert.equal(readRates(text), null, text);
});

const data = { blocks: [3, 6, 9], own_rates: [0.9, 0.7, 0.5] };

test("the sentence about a plan names its blocks and keep-rates", () => {
  assert.equal(blocksText(data), "blocks 3, 6 and 9");
  assert.equal(blocksText({}), "blocks 4, 7 and 10");
  assert.deepEqual([[5], [3, 6]].map((blocks) => blocksText({ blocks })), ["block 5", "blocks 3 and 6"]);
  assert.deepEqual([rateText(data, 0.7), rateText(data, 1), rateText({}, 0.7)], [`${percent(0.9)}, ${percent(0.7)}, ${percent(0.5)}`, percent(1), percent(0.7)]);
  assert.deepEqual(planOf({}), { blocks: "4,7,10", rates: "" });
  assert.equal(isPlanOf(data, { blocks: "3,6,9", rates: "0.9,0.7,0.5" }), true);
  assert.equal(isPlanOf(data, { blocks: "3,6,9", rates: "" }), false);
});

test("legend and caption name the blocks that prune", () => {
  const keys = legendKeys({ ...data, picture: pictureOf(2, 2) }, [3, 6, 0, 9]);
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
  const known = { examples: {}, models: { a: "a" }, fitting: {}, tabs: ["explore"], aliases: {}, scores: [], methods: [], rates: [0.5], settings: {} };
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

test("links name three blocks by the paper's, as before, and other numbers of blocks by their own", () => {
  const known = { examples: {}, models: { a: "a" }, fitting: {}, tabs: ["explore"], aliases: {}, scores: [], methods: [], rates: [0.5], settings: {} };
  const queries = createQueries(known);
  const firstView = { blocks: "4,7,10", rates: "", stage: 4, panel: "auto" };
  for (const [blocks, stage, panel, query] of [
    ["4,7,10", 4, "auto", ""],
    ["4,7,10", 7, "10", "stage=7&panel=10"],
    ["3,6,9", 3, "all", "blocks=3,6,9&panel=all"],
    ["3,6,9", 6, "9", "blocks=3,6,9&stage=7&panel=10"],
    ["5", 5, "5", "blocks=5&panel=5"],
    ["2,5,8,11", 8, "11", "blocks=2,5,8,11&stage=8&panel=11"],
  ]) {
    const written = queries.write({ ...queries.first, ...firstView, blocks, stage, panel }, firstView, {}, false);
    assert.equal(decodeURIComponent(String(written)), query);
    const { values, unknown } = queries.read(`?${written}`);
    assert.deepEqual(unknown, []);
    assert.deepEqual({ ...firstView, blocks, stage: values.stage ?? stage, panel }, { ...firstView, stage, ...values });
  }
  assert.equal(queries.read("?blocks=3,6,9&stage=6").values.stage, 6); // as a person would write it
  assert.deepEqual(queries.read("?blocks=2,5&stage=7&panel=7").unknown, [["stage", "7"], ["panel", "7"]]);
  // Other blocks were chosen and are still on their way: a stage of those before is left out.
  const between = { ...queries.first, ...firstView, blocks: "2,5", stage: 7, panel: "7" };
  assert.equal(String(queries.write(between, firstView, {}, false)), "blocks=2%2C5");
});

test("other blocks take the places of those before", () => {
  assert.equal(inPlaceOf(7, [4, 7, 10], [3, 6, 9]), 6);
  assert.equal(inPlaceOf(7, [4, 7, 10], [2, 4, 7]), 4);
  assert.equal(inPlaceOf(10, [4, 7, 10], [5]), 5);
  assert.equal(inPlaceOf(4, [4, 7, 10], [1, 2, 3, 4]), 1);
});

test("each stage has its choice, and its column of the picture", () => {
  assert.deepEqual(panelChoices([4, 7, 10]).map(([, text]) => text), ["All patches", "After 4", "After 7", "After 10", "All stages"]);
  assert.deepEqual(panelChoices([5]), [["0", "All patches"], ["5", "After 5"]]);
  assert.deepEqual(panelChoices([1, 2, 3, 4, 5]).map(([, text]) => text).slice(1, 3), ["After 1", "2"]);
  assert.deepEqual([1, 3].map(rateHelp), [
    "At one point the model keeps this share of the patches.",
    "At three points the model keeps this share of what is left.",
  ]);
});

test("panels of any number lie within the picture, and none on another", () => {
  for (let n = 1; n <= 12; n++) {
    const blocks = Array.from({ length: n }, (_, i) => i + 1);
    for (const [width, columns] of [[360, 10], [700, 16], [1300, 16], [1900, 16], [1300, 64]]) {
      const { panels, height } = layoutPanels(width, pictureOf(columns, 8), blocks);
      assert.equal(panels.length, n);
      for (const [i, panel] of panels.entries()) {
        assert.ok(panel.x >= 0 && panel.x + panel.w <= width && panel.y + panel.h < height && panel.w > 100);
        for (const other of panels.slice(i + 1)) {
          assert.ok(panel.x + panel.w <= other.x || panel.y + panel.h <= other.y || other.x + other.w <= panel.x);
        }
      }
      // Every column has its numbers of seconds, every row its numbers of hertz.
      assert.equal(panels.filter(({ axis }) => axis).length, new Set(panels.map(({ x }) => x)).size);
      assert.equal(panels.filter(({ hertz }) => hertz).length, new Set(panels.map(({ y }) => y)).size);
    }
  }
});

test("the colours of any number of stages go from dark to light, below the kept ones, and the paper's are unchanged", () => {
  assert.deepEqual(rampsOf([4, 7, 10]), RAMPS);
  assert.deepEqual(Object.values(rampsOf([3, 6, 9], "grey")), Object.values(PALETTES.grey));
  for (const palette of Object.keys(PALETTES)) {
    for (let n = 1; n <= 12; n++) {
      const blocks = Array.from({ length: n }, (_, i) => i + 1);
      const ramps = rampsOf(blocks, palette);
      assert.deepEqual(Object.keys(ramps).map(Number), [0, ...blocks]);
      for (const block of blocks.slice(1)) {
        assert.ok(ramps[block].lightness[0] > ramps[block - 1].lightness[1], `${palette}, ${n}: block ${block}`);
      }
      assert.ok(ramps[n].lightness[1] < ramps[0].lightness[1]);
      if (n > 1) assert.ok(ramps[1].lightness[1] <= ramps[0].lightness[0] + 0.03);
    }
  }
});

test("attention of any blocks is cut by who was there; a block that keeps all has none", () => {
  const drop = [Uint8Array.from([0, 5, 2, 0]), Uint8Array.from([0, 0, 0, 0])];
  const two = { blocks: [2, 5] };
  const [half, whole] = attentionOf(Float32Array.from([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]), drop, [0.75, 1], two);
  assert.equal(whole, null);
  assert.deepEqual([half[2].length, Array.from(half[5], (value) => value.toFixed(1))], [4, ["0.5", "0.6", "0.7"]]);
  const one = attentionOf(Float32Array.from([1, 2, 3, 4]), [Uint8Array.from([0, 5, 5, 0])], [0.5], { blocks: [5] });
  assert.deepEqual(Object.keys(one[0]), ["5"]);
  const unscored = { attention: [{ 2: Float32Array.from([NaN, NaN]) }], drop: [Uint8Array.from([0, 5])] };
  assert.equal(ranked({ scores: { attention: unscored } }, "attention", 0, 2).values, null);
});

test("the story of a clip counts the stages that there are", () => {
  const story = (blocks, drop) => {
    const entry = { rates: [0.5, 1], drop: [drop, drop.map(() => 0)], points: [], complete: false };
    const picture = { ...pictureOf(2, 3), real_frames: 32 };
    return explanation({ blocks, picture, method: "drop", scores: { attention: entry } }, "attention", 0);
  };
  assert.match(story([5], [5, 5, 0, 0, 0, 0]), /^4 of 6 patches are left after block 5\./);
  assert.match(story([2, 5], [5, 2, 0, 0, 0, 0]), /^5 of 6 patches are left after block 2 and 4 after block 5\./);
  assert.match(story([1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 0]), /^5 of 6 patches are left after block 1 and 1 after block 5\./);
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

test("the page's state reports every change, and nothing else", () => {
  const page = createPageState();
  const followed = [];
  page.follow(({ method, blocks }) => followed.push([method, blocks]));
  page.set({ method: "fuse" });
  page.set({ method: "fuse", blocks: PAPERS_BLOCKS });
  page.set({ blocks: "3,6,9" });
  assert.deepEqual(followed, [["fuse", PAPERS_BLOCKS], ["fuse", "3,6,9"]]);
});
