// Which sound and model the page shows, and where Back leads.

import assert from "node:assert/strict";
import test from "node:test";

import { createPlace } from "../../tpexplore/ui/boards/page/place.js";

const file = (/** @type {string} */ path) => ({ path, url: `/file=${path}` });
const known = {
  examples: { thunder: { file: file("thunder.flac") }, rain: { file: file("rain.flac") } },
  models: { words: "ast-spc12", sounds: "ast-audioset" },
  ownModels: true,
};
const first = { example: "thunder", model: "sounds", start: null, tab: "explore" };
const place = (linked = {}) => createPlace(/** @type {any} */ (known), first, linked);
const base = "http://localhost:7860/app/";

test("a link fills in what it names, the rest is what the page was built with", () => {
  const { values, request, own } = place({ example: "rain", rate: 0.5 });
  assert.deepEqual(values, { ...first, example: "rain" });
  assert.deepEqual(own(), { clip: "", model: "" });
  assert.deepEqual(request(base), {
    clip: { path: "rain.flac", url: "http://localhost:7860/file=rain.flac" },
    model: "ast-audioset",
    start: null,
  });
});

test("a sound of one's own is seen until an example is chosen; a cleared clip changes nothing", () => {
  const page = place();
  page.choose({ clip: file("mine.wav"), model: "ast-spc12" });
  assert.deepEqual(page.values, { ...first, example: null, model: "words" });
  assert.equal(page.request(base).clip.path, "mine.wav");
  page.choose({ clip: null, model: "ast-spc12" });
  assert.equal(page.own().clip, "mine.wav");
  page.choose({ clip: file("rain.flac"), model: "ast-spc12" });
  assert.equal(page.own().clip, "");
  assert.equal(page.values.example, "rain");
});

test("the Hub's models have an address, a file on this machine has none", () => {
  const page = place();
  page.choose({ model: "hf_hub:MIT/ast" });
  assert.equal(page.values.model, "hf_hub:MIT/ast");
  assert.equal(page.own().model, "");
  assert.equal(page.hasModel(), false); // the server has to fetch it
  page.choose({ model: "/tmp/upload/model.pth" });
  assert.equal(page.values.model, null);
  assert.equal(page.own().model, "/tmp/upload/model.pth");
  assert.equal(page.hasModel(), true);
});

test("Back goes to the person's own sound, and says where a reload has forgotten it", () => {
  const page = place();
  page.choose({ clip: file("mine.wav"), model: "ast-audioset" });
  const before = page.step();
  page.choose({ clip: file("rain.flac"), model: "ast-audioset" });
  assert.notEqual(page.step(), before);
  assert.deepEqual(page.goTo({}, { ownClip: "mine.wav" }), { same: false, otherTab: false, isGone: false });
  assert.equal(page.step(), before);
  assert.equal(page.request(base).clip.path, "mine.wav");
  assert.deepEqual(place().goTo({}, { ownClip: "mine.wav" }), { same: true, otherTab: false, isGone: true });
});

test("another tab or keep-rate leaves the picture, another start does not", () => {
  const page = place();
  assert.deepEqual(page.goTo({ tab: "why", rate: 0.5 }, null), { same: true, otherTab: true, isGone: false });
  assert.deepEqual(page.goTo({ tab: "why", start: 2.5 }, null), { same: false, otherTab: false, isGone: false });
  // The address of one's own sound names no start: it stays.
  page.choose({ clip: file("mine.wav"), model: "ast-audioset" });
  assert.equal(page.goTo({}, { ownClip: "mine.wav" }).same, true);
  assert.equal(page.values.start, 2.5);
});
