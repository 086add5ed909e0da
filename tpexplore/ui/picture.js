// The three panels: where they lie, what they show, and which patch lies under a point.

const PATCH = 16;
const MARGIN = { left: 42, right: 54, top: 28, bottom: 26, gap: 14 };
const SIDE_BY_SIDE_FROM = 620; // px of width; below it three panels would be too small to touch
const LONGEST_SIDE_BY_SIDE = 256; // frames; longer pictures want the whole width

function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

function layoutPanels(width, picture) {
  const abreast = width >= SIDE_BY_SIDE_FROM && picture.frames <= LONGEST_SIDE_BY_SIDE;
  const columns = abreast ? DROPPED_BY.length : 1;
  const inner = width - MARGIN.left - MARGIN.right - MARGIN.gap * (columns - 1);
  const w = Math.floor(inner / columns);
  const h = Math.round(clamp((w * picture.bins) / picture.frames, abreast ? 150 : 104, abreast ? 260 : 150));
  const panels = DROPPED_BY.map((stage, i) => ({
    stage,
    x: MARGIN.left + (abreast ? i * (w + MARGIN.gap) : 0),
    y: MARGIN.top + (abreast ? 0 : i * (h + MARGIN.top + 4)),
    w,
    h,
    axis: abreast || i === DROPPED_BY.length - 1,
    hertz: !abreast || i === 0,
  }));
  const last = panels[panels.length - 1];
  return { abreast, panels, width, height: last.y + h + MARGIN.bottom };
}

function gridOf(picture) {
  return { columns: picture.frames / PATCH, rows: picture.bins / PATCH };
}

function patchBox(panel, { columns, rows }, patch) {
  const [w, h] = [panel.w / columns, panel.h / rows];
  return { x: panel.x + Math.floor(patch / rows) * w, y: panel.y + panel.h - ((patch % rows) + 1) * h, w, h };
}

// What the canvas, which no style reaches, takes from the page around it.
function coloursOf(root) {
  const css = getComputedStyle(root);
  return {
    font: css.fontFamily,
    text: css.color,
    subdued: css.getPropertyValue("--tp-subdued"),
    line: css.getPropertyValue("--tp-line"),
  };
}

// The whole picture at one pixel per frame and mel bin, every patch in the colours of its fate by `stage`.
function composePanel(data, drop, stage) {
  const { frames, bins } = data.picture;
  const rows = bins / PATCH;
  const image = new ImageData(frames, bins);
  const pixels = new Uint32Array(image.data.buffer);
  for (let patch = 0; patch < drop.length; patch++) {
    const table = TABLES[drop[patch] <= stage ? drop[patch] : 0];
    const left = Math.floor(patch / rows) * PATCH;
    const low = (patch % rows) * PATCH;
    for (let frame = left; frame < left + PATCH; frame++) {
      for (let bin = low; bin < low + PATCH; bin++) {
        pixels[(bins - 1 - bin) * frames + frame] = table[data.grey[frame * bins + bin]];
      }
    }
  }
  return image;
}

function drawPicture(canvas, layout, data, drop, style) {
  paintPicture(fitCanvas(canvas, layout), layout, data, drop, style, devicePixelRatio);
}

// On a canvas of `scale` pixels a px, or on anything that takes the same calls.
function paintPicture(context, layout, data, drop, style, scale) {
  const scratch = document.createElement("canvas");
  scratch.width = data.picture.frames;
  scratch.height = data.picture.bins;
  for (const panel of layout.panels) {
    scratch.getContext("2d").putImageData(composePanel(data, drop, panel.stage), 0, 0);
    // Pixels stay square-edged when enlarged: they are what the model sees. Shrunk ones must be averaged.
    context.imageSmoothingEnabled = panel.w * scale < scratch.width;
    context.drawImage(scratch, panel.x, panel.y, panel.w, panel.h);
    drawPadding(context, panel, data.picture);
    drawKeptEdges(context, panel, data.picture, drop);
    drawTitle(context, panel, data, drop, style);
    drawAxes(context, panel, data, style);
  }
  drawColourBar(context, layout, data.picture, style);
}

function fitCanvas(canvas, { width, height }) {
  const scale = devicePixelRatio;
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== w || canvas.height !== h) {
    Object.assign(canvas, { width: w, height: h });
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

function drawPadding(context, panel, picture) {
  const start = panel.x + (panel.w * picture.real_frames) / picture.frames;
  const end = panel.x + panel.w;
  if (end - start < 1) return;
  context.save();
  context.beginPath();
  context.rect(start, panel.y, end - start, panel.h);
  context.clip();
  context.strokeStyle = "rgba(255, 255, 255, 0.3)";
  context.lineWidth = 1;
  context.beginPath();
  for (let x = start - panel.h; x < end; x += 8) {
    context.moveTo(x, panel.y + panel.h);
    context.lineTo(x + panel.h, panel.y);
  }
  context.stroke();
  context.restore();
}

// A line wherever a kept patch meets a dropped one.
function drawKeptEdges(context, panel, picture, drop) {
  const rows = picture.bins / PATCH;
  const columns = picture.frames / PATCH;
  const kept = (t, f) => !(drop[t * rows + f] > 0 && drop[t * rows + f] <= panel.stage);
  const x = (t) => panel.x + (panel.w * t) / columns;
  const y = (f) => panel.y + panel.h - (panel.h * f) / rows;
  context.beginPath();
  for (let t = 0; t < columns; t++) {
    for (let f = 0; f < rows; f++) {
      if (t + 1 < columns && kept(t, f) !== kept(t + 1, f)) {
        context.moveTo(x(t + 1), y(f));
        context.lineTo(x(t + 1), y(f + 1));
      }
      if (f + 1 < rows && kept(t, f) !== kept(t, f + 1)) {
        context.moveTo(x(t), y(f + 1));
        context.lineTo(x(t + 1), y(f + 1));
      }
    }
  }
  context.lineCap = "square";
  context.strokeStyle = "rgba(255, 255, 255, 0.85)";
  context.lineWidth = picture.frames > LONGEST_SIDE_BY_SIDE ? 1 : 1.5;
  context.stroke();
}

function keptAfter(drop, stage) {
  return drop.reduce((count, by) => count + !(by > 0 && by <= stage), 0);
}

// What the colours mean, with the number of patches; the stage is null for the hatching.
function legendKeys({ picture }, drop) {
  const dropped = (stage) => drop.reduce((count, by) => count + (by === stage), 0);
  const keys = [{ stage: 0, text: `kept (${keptAfter(drop, DROPPED_BY[2])})` }];
  for (const stage of DROPPED_BY) keys.push({ stage, text: `dropped by block ${stage} (${dropped(stage)})` });
  if (picture.real_frames < picture.frames) keys.push({ stage: null, text: "padding, not sound" });
  return keys;
}

function drawTitle(context, panel, data, drop, style) {
  const kept = `${keptAfter(drop, panel.stage)} of ${drop.length} kept`;
  drawHeading(context, panel, `After block ${panel.stage}`, kept, style);
}

// Above a panel: what it shows, and in figures what comes of it.
function drawHeading(context, panel, title, figures, style) {
  context.textBaseline = "alphabetic";
  context.textAlign = "left";
  context.fillStyle = style.text;
  context.font = `600 13px ${style.font}`;
  context.fillText(title, panel.x, panel.y - 9);
  context.textAlign = "right";
  context.fillStyle = style.subdued;
  context.font = `13px ${style.font}`;
  context.fillText(figures, panel.x + panel.w, panel.y - 9);
}

function niceStep(span, most) {
  const steps = [0.1, 0.2, 0.25, 0.5, 1, 2, 5];
  return steps.find((step) => span / step <= most) ?? 10;
}

function drawAxes(context, panel, data, style) {
  const { picture, clip } = data;
  context.fillStyle = style.subdued;
  context.strokeStyle = style.line;
  context.lineWidth = 1;
  context.font = `11px ${style.font}`;
  context.beginPath();
  if (panel.hertz) {
    context.textAlign = "right";
    context.textBaseline = "middle";
    let free = Infinity; // labels go up from the lowest; one that would touch the last is left out
    for (const tick of picture.hertz_ticks) {
      const y = panel.y + panel.h * (1 - tick.at);
      context.moveTo(panel.x - 4, y);
      context.lineTo(panel.x, y);
      if (y > free) continue;
      context.fillText(tick.label, panel.x - 7, y);
      free = y - 13;
    }
    context.fillText("Hz", panel.x - 7, panel.y - 16);
  }
  const span = picture.seconds;
  const step = niceStep(span, panel.w / 52);
  context.textAlign = "center";
  context.textBaseline = "top";
  for (let at = Math.ceil(clip.start / step - 1e-6) * step; at <= clip.start + span + 1e-6; at += step) {
    const x = panel.x + (panel.w * (at - clip.start)) / span;
    context.moveTo(x, panel.y + panel.h);
    context.lineTo(x, panel.y + panel.h + 4);
    if (panel.axis) context.fillText(`${+at.toFixed(2)} s`, x, panel.y + panel.h + 7);
  }
  context.stroke();
}

function drawColourBar(context, layout, picture, style) {
  const { x, y, w, h } = layout.panels[layout.abreast ? layout.panels.length - 1 : 0];
  const left = x + w + 12;
  const gradient = context.createLinearGradient(0, y + h, 0, y);
  for (let i = 0; i <= 16; i++) gradient.addColorStop(i / 16, `rgb(${rampColour(RAMPS[0], i / 16)})`);
  context.fillStyle = gradient;
  context.fillRect(left, y, 9, h);
  context.fillStyle = style.subdued;
  context.font = `11px ${style.font}`;
  context.textAlign = "left";
  context.textBaseline = "middle";
  const [low, high] = picture.decibels;
  for (const share of h >= 130 ? [0, 0.25, 0.5, 0.75, 1] : [0, 0.5, 1]) {
    context.fillText(minus(Math.round(low + (high - low) * share)), left + 14, y + h * (1 - share));
  }
  context.fillText("dB", left, y - 16);
}

// The layer above, in all three panels at once: play-head, the patch being read, the patch whose passport is
// open, and a veil over all but the patches of a lit group.
function drawCursor(canvas, layout, data, { patch, opened, lit, seconds }) {
  const context = fitCanvas(canvas, layout);
  const rows = data.picture.bins / PATCH;
  const columns = data.picture.frames / PATCH;
  for (const panel of layout.panels) {
    const [w, h] = [panel.w / columns, panel.h / rows];
    const box = (at) => [panel.x + Math.floor(at / rows) * w, panel.y + panel.h - ((at % rows) + 1) * h, w, h];
    if (lit) {
      context.fillStyle = "rgba(12, 8, 24, 0.78)";
      for (let at = 0; at < data.picture.patches; at++) if (!lit.has(at)) context.fillRect(...box(at));
    }
    for (const at of new Set([opened, patch])) {
      if (at !== null) strokeTwice(context, () => context.rect(...box(at)), at === patch ? 2 : 1.25);
    }
    if (seconds !== null) {
      const x = panel.x + (panel.w * clamp(seconds, 0, data.picture.seconds)) / data.picture.seconds;
      strokeTwice(context, () => {
        context.moveTo(x, panel.y);
        context.lineTo(x, panel.y + panel.h);
      });
    }
  }
}

// Light on dark, so that a line shows on any colour.
function strokeTwice(context, trace, thick = 2) {
  for (const [colour, width] of [["rgba(0, 0, 0, 0.75)", thick + 2], ["#fff", thick]]) {
    context.beginPath();
    trace();
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke();
  }
}

function pointAt(layout, picture, x, y) {
  for (const panel of layout.panels) {
    const across = (x - panel.x) / panel.w;
    const up = (panel.y + panel.h - y) / panel.h;
    if (across < 0 || across >= 1 || up < 0 || up >= 1) continue;
    const frame = Math.floor(across * picture.frames);
    const bin = Math.floor(up * picture.bins);
    const patch = Math.floor(frame / PATCH) * (picture.bins / PATCH) + Math.floor(bin / PATCH);
    return { frame, bin, patch, seconds: across * picture.seconds };
  }
  return null;
}
