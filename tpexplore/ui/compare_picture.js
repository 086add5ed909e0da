// Three panels in which every patch shows its fate in A and B.

// Numbered below every pruning block, so that composePanel() takes them for blocks that have dropped already.
const FATES = { both: 0, a: 1, b: 2, neither: 3 };

// Blue, orange, bright and dark grey: hues and lightness that no common colour blindness confuses.
const FATE_RAMPS = {
  [FATES.both]: { lightness: [0.5, 0.98], chroma: [0.01, 0.01, 0.01], hue: [90, 90] },
  [FATES.a]: { lightness: [0.32, 0.76], chroma: [0.13, 0.15, 0.1], hue: [264, 245] },
  [FATES.b]: { lightness: [0.42, 0.84], chroma: [0.1, 0.15, 0.14], hue: [48, 72] },
  [FATES.neither]: { lightness: [0.1, 0.4], chroma: [0.01, 0.01, 0.01], hue: [280, 280] },
};
Object.assign(RAMPS, FATE_RAMPS);
for (const [fate, ramp] of Object.entries(FATE_RAMPS)) TABLES[fate] = lookupTable(ramp);

const MARK = 4; // px from the middle of a mark to its end

// Fate of every patch after one block, from the blocks that dropped it in A and in B: what is dropped by
// one is kept by the other alone, and the numbers of both such fates add up to that of neither.
function fatesAfter(block, dropA, dropB) {
  const kept = (by) => by === 0 || by > block;
  return dropA.map((by, patch) => (kept(by) ? 0 : FATES.b) + (kept(dropB[patch]) ? 0 : FATES.a));
}

function paintComparison(context, layout, data, stages, style, scale) {
  const scratch = document.createElement("canvas");
  scratch.width = data.picture.frames;
  scratch.height = data.picture.bins;
  layout.panels.forEach((panel, i) => {
    const { fates, iou } = stages[i];
    scratch.getContext("2d").putImageData(composePanel(data, fates, panel.stage), 0, 0);
    context.imageSmoothingEnabled = panel.w * scale < scratch.width;
    context.drawImage(scratch, panel.x, panel.y, panel.w, panel.h);
    drawPadding(context, panel, data.picture);
    drawKeptEdges(context, panel, data.picture, fates);
    drawMarks(context, panel, gridOf(data.picture), fates);
    drawHeading(context, panel, `After block ${panel.stage}`, `IoU ${iou.toFixed(2)}`, style);
    drawAxes(context, panel, data, style);
  });
  drawColourBar(context, layout, data.picture, style);
}

// Marks say "only A" and "only B" where colours cannot be told apart.
function drawMarks(context, panel, grid, fates) {
  strokeTwice(
    context,
    () => {
      fates.forEach((fate, patch) => {
        const { x, y, w, h } = patchBox(panel, grid, patch);
        traceMark(context, fate, x + w / 2, y + h / 2, Math.min(MARK, w / 3, h / 3));
      });
    },
    1,
  );
}

// A lies, B stands.
function traceMark(context, fate, x, y, reach) {
  const [dx, dy] = { [FATES.a]: [reach, 0], [FATES.b]: [0, reach] }[fate] ?? [0, 0];
  if (!dx && !dy) return;
  context.moveTo(x - dx, y - dy);
  context.lineTo(x + dx, y + dy);
}

const KEY = { width: 30, height: 14 };

// The sample of a fate in the legend, 30 by 14 px.
function drawKey(context, fate, x, y) {
  const { width, height } = KEY;
  const gradient = context.createLinearGradient(x, 0, x + width, 0);
  for (let i = 0; i <= 8; i++) gradient.addColorStop(i / 8, `rgb(${rampColour(RAMPS[fate], i / 8)})`);
  context.fillStyle = gradient;
  context.fillRect(x, y, width, height);
  if (fate === FATES.both) strokeTwice(context, () => context.rect(x + 2, y + 2, width - 4, height - 4), 1);
  else strokeTwice(context, () => traceMark(context, fate, x + width / 2, y + height / 2, MARK), 1);
}

function keyCanvas(fate) {
  const scale = Math.ceil(devicePixelRatio);
  const canvas = node("canvas", { width: KEY.width * scale, height: KEY.height * scale, "aria-hidden": true });
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  drawKey(context, fate, 0, 0);
  return canvas;
}

// What the colours and marks mean, with the number of patches after blocks 4, 7 and 10.
function legendTexts(stages) {
  const names = { both: "both", a: "only A (–)", b: "only B (|)", neither: "neither" };
  return Object.entries(names).map(([name, text]) => {
    const counts = stages.map(({ fates }) => fates.filter((fate) => fate === FATES[name]).length);
    return { fate: FATES[name], text: `${text}: ${counts.join(", ")}` };
  });
}

// For print: the panels, their legend, and what is said of them.
function printedComparison(data, stages, lines) {
  const layout = layoutPanels(PRINTED.width - 2 * PRINTED.margin, data.picture);
  const left = layout.panels[0].x;
  const font = `13px ${INK.font}`;
  const paint = (context) => {
    paintComparison(context, layout, data, stages, INK, PRINTED.scale);
    Object.assign(context, { font, textAlign: "left", textBaseline: "alphabetic" });
    let x = left;
    for (const { fate, text } of legendTexts(stages)) {
      drawKey(context, fate, x, layout.height + 4);
      context.fillStyle = INK.text;
      context.fillText(text, x + KEY.width + 6, layout.height + 15);
      x += KEY.width + 24 + context.measureText(text).width;
    }
  };
  const told = lines.flatMap((line) => wrapped(line, layout.width - left, font));
  return printedPicture({ ...layout, height: layout.height + 24 }, paint, told);
}
