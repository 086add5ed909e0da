// The line under the waveform.

import assert from "node:assert/strict";
import { test } from "node:test";

import { partText } from "../../tpexplore/ui/boards/page/waveform.js";

const SOUND = { name: "Rain", seconds: 10, window: 5.12, start: 0.08, is_chosen: false, levels: new Uint8Array(0) };

test("the line under the waveform says what the model hears, and no number leaves its unit", () => {
  const text = partText(SOUND);
  assert.equal(text.replaceAll("\u00a0", " "), "Rain, 10.0 s. The model hears the loudest part, 0.1 to 5.2 s. Drag to move it.");
  assert.doesNotMatch(text, /\d (s|min)\b/);
  assert.equal(partText({ ...SOUND, seconds: 75, start: 60, is_chosen: true }), "Rain, 1:15\u00a0min. The model hears 60.0 to 65.1\u00a0s. Drag to move it.");
  assert.equal(partText({ ...SOUND, seconds: 5 }), "Rain, 5.00\u00a0s");
});
