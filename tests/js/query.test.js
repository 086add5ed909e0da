import assert from "node:assert/strict";
import { test } from "node:test";

import { remembered } from "../../tpexplore/ui/boards/page/own.js";
import { createQueries, unknownText } from "../../tpexplore/ui/boards/page/query.js";

const KNOWN = {
  examples: {
    happy: { path: "/a/happy.wav", title: "“happy”", seconds: 1 },
    sea: { path: "/a/sea.wav", title: "Sea waves", seconds: 5 },
  },
  models: { "ast-spc12": "one", "ast-esc50": "two" },
  fitting: { "ast-spc12": "happy", "ast-esc50": "sea" },
  tabs: ["explore", "compare", "kendall"],
  inside: { why: ["kendall"] },
  aliases: { why: "kendall" },
  scores: ["attention", "intensity"],
  rates: [0.3, 0.5, 1],
  blocks: [4, 7, 10],
  settings: {
    "compare.a": { values: { page: "", other: "two" }, span: null, pattern: "", first: "", served: true },
    "compare.keep-rate": { values: null, span: [0.3, 1], pattern: "", first: null, served: false },
    "compare.marks": { values: null, span: null, pattern: "[a-z]{2,4}", first: null, served: false },
  },
};
const VIEW = { score: "attention", "keep-rate": 0.5, listen: "original", stage: 4, patch: null };
const NONE = { "compare.a": null, "compare.keep-rate": null, "compare.marks": null };
const queries = createQueries(KNOWN);

test("an address is read value by value", () => {
  const { values, unknown } = queries.read("?example=sea&start=2.5&model=ast-esc50&keep-rate=.3&patch=12&tab=compare");
  assert.deepEqual(values, { example: "sea", start: 2.5, model: "ast-esc50", "keep-rate": 0.3, patch: 12, tab: "compare" });
  assert.deepEqual(unknown, []);
});

test("a model without an example means the first that it knows", () => {
  assert.deepEqual(queries.read("?model=ast-esc50&start=2.5").values, { example: "sea", start: 2.5, model: "ast-esc50" });
  assert.deepEqual(queries.read("?model=ast-esc50&example=happy").values, { example: "happy", model: "ast-esc50" });
  assert.deepEqual(queries.read("?model=ast-spc12").values, { model: "ast-spc12" });
  // Written so that it is read back alike.
  for (const example of ["happy", "sea"]) {
    const here = { ...queries.first, ...VIEW, model: "ast-esc50", example };
    const query = String(queries.write(here, VIEW, NONE, false));
    assert.equal(queries.read(query).values.example, example);
  }
});

test("what is not understood is left out and named", () => {
  const { values, unknown } = queries.read("?example=dog&start=7&keep-rate=0.4&stage=5&patch=-1&tab=compare&compare.a=x");
  assert.deepEqual(values, { tab: "compare" });
  const names = ["example", "start", "keep-rate", "stage", "patch", "compare.a"];
  assert.deepEqual(unknown.map(([name]) => name).sort(), names.sort());
  assert.equal(unknownText([["tab", "x"]]), "Ignored an unknown setting in the link: tab “x”.");
  assert.match(unknownText([["a", "1"], ["b", "2"], ["c", "3"]]), /unknown settings in the link: a “1”, b “2” and c “3”\.$/);
  assert.ok(unknownText([["a", "y".repeat(500)]]).length < 120);
});

test("a tab answers to its older and newer names", () => {
  assert.equal(queries.read("?tab=why").values.tab, "kendall");
  assert.equal(queries.read("?tab=kendall").values.tab, "kendall");
  assert.deepEqual(queries.read("?tab=constructor").unknown, [["tab", "constructor"]]);
});

test("a start must lie in the example that the address names", () => {
  assert.deepEqual(queries.read("?start=2.5").values, {});
  assert.deepEqual(queries.read("?example=sea&start=2.5").values, { example: "sea", start: 2.5 });
});

test("settings stay texts, checked by list, span or pattern", () => {
  const read = (search) => queries.read(search).values;
  assert.deepEqual(read("?compare.a=other&compare.keep-rate=0.30&compare.marks=abc"), {
    "compare.a": "other",
    "compare.keep-rate": "0.30",
    "compare.marks": "abc",
  });
  assert.deepEqual(read("?compare.keep-rate=0.2&compare.marks=abcde&compare.a=__proto__"), {});
});

test("default values are not written, nor a person's own clip", () => {
  const here = { ...queries.first, ...VIEW };
  assert.equal(String(queries.write(here, VIEW, NONE, false)), "");
  const other = { ...here, example: "sea", start: 2, score: "intensity", patch: 3 };
  assert.equal(String(queries.write(other, VIEW, NONE, false)), "example=sea&start=2&score=intensity&patch=3");
  assert.equal(String(queries.write(other, VIEW, NONE, true)), "score=intensity&patch=3");
});

test("a tab's settings are written while it is open, and read back alike", () => {
  const settings = { ...NONE, "compare.a": "other", "compare.keep-rate": "0.3" };
  assert.equal(String(queries.write({ ...queries.first, ...VIEW }, VIEW, settings, false)), "");
  const here = { ...queries.first, ...VIEW, tab: "compare" };
  const query = String(queries.write(here, VIEW, settings, false));
  assert.equal(query, "tab=compare&compare.a=other&compare.keep-rate=0.3");
  assert.deepEqual(queries.read(query).values, { tab: "compare", "compare.a": "other", "compare.keep-rate": "0.3" });
});

test("how an address names a setting", () => {
  assert.equal(queries.textOf("compare.a", "two"), "other");
  assert.equal(queries.textOf("compare.a", ""), null);
  assert.equal(queries.textOf("compare.a", "unknown"), null);
  assert.equal(queries.textOf("compare.keep-rate", 0.3), "0.3");
  assert.equal(queries.textOf("compare.keep-rate", null), null);
});

test("models of the Hub are named where they are offered, paths of a machine never", () => {
  const known = { examples: {}, models: { a: "a" }, fitting: {}, tabs: ["explore"], aliases: {}, scores: [], methods: [], rates: [], blocks: [], settings: {} };
  const name = "hf_hub:MIT/ast-finetuned-audioset-10-10-0.4593";
  const offering = createQueries({ ...known, ownModels: true });
  assert.equal(offering.read(`?model=${name}`).values.model, name);
  assert.equal(createQueries(known).read(`?model=${name}`).values.model, undefined);
  for (const text of ["/etc/passwd", "hf_hub:a", "hf_hub:../a/b", "hf_hub:a/b/c", "hf_hub:a/b?x"]) {
    assert.equal(offering.read(`?model=${encodeURIComponent(text)}`).values.model, undefined, text);
  }
  const here = { ...offering.first, model: name };
  assert.equal(new URLSearchParams(String(offering.write(here, {}, {}, false))).get("model"), name);
});

test("own models are remembered newest first, each once, five at most", () => {
  assert.deepEqual(remembered(["a", "b"], "b"), ["b", "a"]);
  assert.deepEqual(remembered(["a", "b", "c", "d", "e"], "f"), ["f", "a", "b", "c", "d"]);
  assert.deepEqual(remembered({ a: 1 }), []);
  assert.deepEqual(remembered([1, "a", null]), ["a"]);
});
