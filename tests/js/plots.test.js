import assert from "node:assert/strict";
import { test } from "node:test";

import { paperLayout, sizedSvg } from "../../tpexplore/ui/boards/page/plots.js";

const layout = {
  font: { family: "IBM Plex Sans", size: 12, color: "#334155" },
  meta: { name: "a", height: 300, csv: "" },
  margin: { l: 8, r: 12, t: 16, b: 8 },
  legend: { orientation: "h" },
};

const tall = (height) => ({ ...layout, meta: { ...layout.meta, height } });

test("on paper a plot is as wide as the column, and no flatter or taller than can be read", () => {
  assert.deepEqual(paperLayout(layout, 175).size, { width: 661, height: 394 });
  assert.deepEqual(paperLayout(tall(800), 85).size, { width: 321, height: 285 });
  assert.deepEqual(paperLayout(tall(9000), 85).size, { width: 321, height: 482 });
});

test("letters are 8 point, in a font that a picture knows, and the rest stays", () => {
  const printed = paperLayout({ ...layout, annotations: [{ text: "Block 4", font: { size: 16, color: "red" } }] }, 85).layout;
  assert.equal(printed.font.size, 8 * (96 / 72));
  assert.equal(printed.font.family, "sans-serif");
  assert.equal(printed.font.color, "#334155");
  assert.deepEqual(printed.annotations[0], { text: "Block 4", font: { size: 8 * (96 / 72), color: "red" } });
  assert.equal(printed.legend, layout.legend);
  assert.ok(!("annotations" in paperLayout(layout, 85).layout));
});

test("an SVG has its size on paper and the coordinates that it is drawn in", () => {
  const svg = '<svg class="main-svg" xmlns="http://www.w3.org/2000/svg" width="321" height="200" viewBox="0 0 1 1" style=""><g width="3"/></svg>';
  const sized = sizedSvg(svg, { width: 321, height: 200 }, 85);
  assert.ok(sized.startsWith('<svg width="85mm" height="52.96mm" viewBox="0 0 321 200" class="main-svg"'));
  assert.ok(sized.endsWith('style=""><g width="3"/></svg>'));
});
