// What can be taken away: the picture for print, and the patches as a table.

const PRINT = { width: 840, scale: 3, margin: 16, line: 19 }; // 2520 pixels: a text column at 380 dpi
const PAPER = {
  font: '"IBM Plex Sans", system-ui, sans-serif',
  text: "#111827",
  subdued: "#475569",
  line: "#94a3b8",
};

// Picture, legend and caption, on anything that takes canvas calls.
function printedFigure(data, drop, caption) {
  const ruler = document.createElement("canvas").getContext("2d");
  ruler.font = `13px ${PAPER.font}`;
  const measure = (text) => ruler.measureText(text).width;
  const layout = layoutPanels(PRINT.width - 2 * PRINT.margin, data.picture);
  for (const panel of layout.panels) {
    panel.x += PRINT.margin;
    panel.y += PRINT.margin;
  }
  const keys = placedKeys(legendKeys(data, drop), PRINT.margin + layout.height + 14, measure);
  const lines = wrapped(caption, PRINT.width - 2 * PRINT.margin, measure);
  const top = keys[keys.length - 1].y + 10;
  const paint = (context, scale) => {
    context.fillStyle = "#fff";
    context.fillRect(0, 0, PRINT.width, top + (lines.length + 1) * PRINT.line);
    paintPicture(context, layout, data, drop, PAPER, scale);
    context.font = ruler.font;
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
    for (const key of keys) drawKey(context, key);
    lines.forEach((line, i) => context.fillText(line, PRINT.margin, top + PRINT.line * (i + 1)));
  };
  return { height: top + (lines.length + 1) * PRINT.line, paint };
}

function placedKeys(keys, y, measure) {
  const left = PRINT.margin + MARGIN.left;
  let x = left;
  return keys.map((key) => {
    const width = 36 + measure(key.text);
    if (x + width > PRINT.width - PRINT.margin) [x, y] = [left, y + PRINT.line];
    const placed = { ...key, x, y };
    x += width + 18;
    return placed;
  });
}

function drawKey(context, { stage, text, x, y }) {
  if (stage === null) {
    context.fillStyle = "#2a2438";
    context.fillRect(x, y - 11, 30, 12);
    context.strokeStyle = "#8d87a0";
    context.lineWidth = 1;
    context.beginPath();
    for (let at = x; at <= x + 18; at += 6) {
      context.moveTo(at, y + 1);
      context.lineTo(at + 12, y - 11);
    }
    context.stroke();
  } else {
    const gradient = context.createLinearGradient(x, 0, x + 30, 0);
    for (let i = 0; i <= 8; i++) gradient.addColorStop(i / 8, `rgb(${rampColour(RAMPS[stage], i / 8)})`);
    context.fillStyle = gradient;
    context.fillRect(x, y - 11, 30, 12);
  }
  context.fillStyle = PAPER.text;
  context.fillText(text, x + 36, y);
}

function wrapped(text, width, measure) {
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = `${lines[lines.length - 1]} ${word}`.trim();
    if (measure(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

function captionText(data, score, index) {
  const { clip, model, unpruned } = data;
  const { points, rates } = data.scores[score];
  const point = points[index];
  const answer = ({ answer, probability }) => `${answer} ${probabilityText(probability)}`;
  return (
    `${clip.name} in ${model.name}, patches ranked by ${score}, keep-rate ${percent(rates[index])} at ` +
    `blocks 4, 7 and 10. Answer: ${answer(point)}; with all patches: ${answer(unpruned)}. ` +
    `${macsText(point.macs, unpruned.macs)} MACs, ${percent(1 - point.macs / unpruned.macs)} saved.`
  );
}

function pngFigure(figure) {
  const canvas = document.createElement("canvas");
  canvas.width = PRINT.width * PRINT.scale;
  canvas.height = Math.round(figure.height * PRINT.scale);
  const context = canvas.getContext("2d");
  context.scale(PRINT.scale, PRINT.scale);
  figure.paint(context, PRINT.scale);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

function svgFigure(figure, caption) {
  const size = { width: PRINT.width, height: figure.height };
  const svg = shape("svg", { ...size, viewBox: `0 0 ${size.width} ${size.height}` }, shape("title", {}, caption));
  figure.paint(svgContext(svg), PRINT.scale);
  return new Blob([new XMLSerializer().serializeToString(svg)], { type: "image/svg+xml" });
}

const TABLE_COLUMNS = [
  ...["patch", "column", "row", "start_s", "end_s", "low_hz", "high_hz"],
  ...["intensity", "variation", "mean_db", "padding", "dropped_by_block"],
];

// One line a patch; dropped_by_block is 0 where it was kept to the end.
function patchTable(data, drop) {
  const { intensity, variation, patch_decibels: decibels } = data.picture;
  const lines = [TABLE_COLUMNS.join()];
  drop.forEach((by, patch) => {
    const { column, row, start, end, low, high } = patchPlace(data, patch);
    const padding = isPadding(data.picture, patch) ? 1 : 0;
    const values = [intensity[patch].toFixed(6), variation[patch].toFixed(6), decibels[patch]];
    lines.push([patch, column, row, start.toFixed(3), end.toFixed(3), low, high, ...values, padding, by].join());
  });
  return new Blob([`${lines.join("\n")}\n`], { type: "text/csv" });
}

function plainName(clip) {
  return clip.name.replace(/\.\w+$/, "").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-(?=.)|(?<=.)-$/g, "");
}

function fileName({ clip, model, scores }, score, index, ending) {
  return `${plainName(clip)}_${model.name}_${score}_${scores[score].rates[index].toFixed(2)}.${ending}`;
}

function saveFile(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = node("a", { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

// ---- the buttons ------------------------------------------------------------------------------------------

async function save(kind) {
  const { data, score } = state;
  const index = rateIndex();
  const drop = dropMap();
  const caption = captionText(data, score, index);
  const make = {
    png: () => pngFigure(printedFigure(data, drop, caption)),
    svg: () => svgFigure(printedFigure(data, drop, caption), caption),
    csv: () => patchTable(data, drop),
  };
  saveFile(await make[kind](), fileName(data, score, index, kind));
}

for (const button of element.querySelectorAll("[data-save]")) {
  button.addEventListener("click", () => save(button.dataset.save));
}
