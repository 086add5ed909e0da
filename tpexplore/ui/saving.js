// What can be taken away of a picture or a table: the print, the CSV, and the download itself.

const PRINTED = { width: 760, scale: 3, margin: 16, line: 20 };
const INK = {
  font: '"IBM Plex Sans", system-ui, sans-serif',
  text: "#111827",
  subdued: "#475569",
  line: "#94a3b8",
};

// What `paint` draws in `layout`, with `lines` under it: on white paper, whatever the page's theme.
function printedPicture(layout, paint, lines) {
  const { width, scale, margin, line } = PRINTED;
  const height = layout.height + lines.length * line + 2 * margin;
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: width * scale, height: height * scale });
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.translate(margin, margin);
  paint(context);
  context.font = `13px ${INK.font}`;
  context.fillStyle = INK.text;
  context.textAlign = "left";
  context.textBaseline = "alphabetic";
  lines.forEach((text, i) => {
    const left = layout.panels[0].x;
    context.fillText(text, left, layout.height + (i + 1) * line, layout.width - left);
  });
  return canvas;
}

function wrapped(text, width, font) {
  const ruler = document.createElement("canvas").getContext("2d");
  ruler.font = font;
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = `${lines[lines.length - 1]} ${word}`.trim();
    if (ruler.measureText(longer).width <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

function canvasBlob(canvas) {
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

function csvBlob(rows) {
  const cell = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    // A text that begins like a formula would be run by a spreadsheet.
    const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return new Blob([rows.map((row) => `${row.map(cell).join(",")}\n`).join("")], { type: "text/csv" });
}

function saveAs(blob, name) {
  const link = node("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
