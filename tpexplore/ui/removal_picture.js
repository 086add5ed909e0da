// The one panel of the board: marked patches are cool and crossed, the others warm, as in the viewer.

const STAYS = 0;
const LEAVES = DROPPED_BY[0]; // which of the viewer's cool ramps marked patches take
const ALL_STAGES = DROPPED_BY[DROPPED_BY.length - 1];
const CROSS = 2.5; // px from the middle of a cross to its end

function layoutBoard(width, picture) {
  const w = Math.floor(width - MARGIN.left - MARGIN.right);
  const h = Math.round(clamp((w * picture.bins) / picture.frames, 176, 264));
  const panel = { stage: ALL_STAGES, x: MARGIN.left, y: MARGIN.top, w, h, axis: true, hertz: true };
  return { abreast: false, panels: [panel], width, height: MARGIN.top + h + MARGIN.bottom };
}

function drawBoard(canvas, layout, data, view, style) {
  paintBoard(fitCanvas(canvas, layout), layout, data, view, style, devicePixelRatio);
}

// On a canvas of `scale` pixels a px.
function paintBoard(context, layout, data, { mask, title, left }, style, scale) {
  const [panel] = layout.panels;
  const drop = mask.map((marked) => (marked ? LEAVES : STAYS));
  const scratch = document.createElement("canvas");
  scratch.width = data.picture.frames;
  scratch.height = data.picture.bins;
  scratch.getContext("2d").putImageData(composePanel(data, drop, panel.stage), 0, 0);
  context.imageSmoothingEnabled = panel.w * scale < scratch.width;
  context.drawImage(scratch, panel.x, panel.y, panel.w, panel.h);
  drawPadding(context, panel, data.picture);
  drawCrosses(context, panel, gridOf(data.picture), mask);
  drawKeptEdges(context, panel, data.picture, drop);
  drawHeading(context, panel, title, left, style);
  drawAxes(context, panel, data, style);
  drawColourBar(context, layout, data.picture, style);
}

// Crosses say "leaves" where colours cannot be told apart.
function drawCrosses(context, panel, grid, mask) {
  context.beginPath();
  mask.forEach((marked, patch) => {
    if (!marked) return;
    const { x, y, w, h } = patchBox(panel, grid, patch);
    const [cx, cy, r] = [x + w / 2, y + h / 2, Math.min(CROSS, w / 3)];
    context.moveTo(cx - r, cy - r);
    context.lineTo(cx + r, cy + r);
    context.moveTo(cx - r, cy + r);
    context.lineTo(cx + r, cy - r);
  });
  context.lineCap = "round";
  context.lineWidth = 1;
  context.strokeStyle = "rgba(255, 255, 255, 0.8)";
  context.stroke();
}

// The layer above: the outline of the brush.
function drawBrush(canvas, layout, data, patch, brush) {
  const context = fitCanvas(canvas, layout);
  if (patch === null) return;
  const grid = gridOf(data.picture);
  const [panel] = layout.panels;
  const boxes = brushed(patch, brush, grid).map((touched) => patchBox(panel, grid, touched));
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  const right = Math.max(...boxes.map((box) => box.x + box.w));
  const bottom = Math.max(...boxes.map((box) => box.y + box.h));
  strokeTwice(context, () => context.rect(x, y, right - x, bottom - y));
}

// The picture for print, with what it shows written under it.
function printedBoard(data, view, lines) {
  const layout = layoutBoard(PRINTED.width - 2 * PRINTED.margin, data.picture);
  const paint = (context) => paintBoard(context, layout, data, view, INK, PRINTED.scale);
  return printedPicture(layout, paint, lines);
}
