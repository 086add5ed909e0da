// What the numbers say: the prediction with and without the marked patches, and the two curves.

const CHOSEN = { kind: "chosen", name: "", line: true, mark: "circle", legend: "your marks" };
const RANDOM = { kind: "random", name: "", line: true, mark: null };
const LOW = { kind: "low", name: "L", line: true, mark: null };
const HIGH = { kind: "high", name: "H", line: true, mark: null };

// A difference of two probabilities, in percentage points.
function pointsText(difference) {
  const points = 100 * difference;
  if (Math.abs(points) < 0.05) return "0";
  const digits = Math.abs(points) < 9.95 ? 1 : 0;
  return `${points > 0 ? "+" : "−"}${Math.abs(points).toFixed(digits)}`;
}

function sentenceCase(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function patchCount(count) {
  return `${count} ${count === 1 ? "patch" : "patches"}`;
}

// ---- prediction -------------------------------------------------------------------------------------------

function leavingText(what, count, patches, block) {
  if (!count) return "No patch is marked.";
  return `${what}${count} of ${patches} patches ${count === 1 ? "leaves" : "leave"} after block ${block}.`;
}

function nothingLeft(family) {
  const rest = "All patches removed: the answer rests on ";
  if (family === "ast") return `${rest}the prefix tokens alone.`;
  return `${rest}the classifier's bias alone, for there is no patch left to average.`;
}

function renderSummary(line, { leaving, answer, before, pending }) {
  line.dataset.changed = Boolean(answer && !answer.stays);
  line.dataset.pending = pending;
  line.replaceChildren(leaving);
  if (!answer) return;
  const badge = answer.stays ? "= as with all patches" : `≠ ${before.answer} with all patches`;
  line.append(
    node("br"),
    node("b", {}, answer.answer),
    ` ${probabilityText(answer.probability)} `,
    node("span", { class: "tr-badge" }, badge),
  );
}

function renderPrediction(card, { answer, before, pending, family }) {
  card.dataset.pending = pending;
  card.setAttribute("aria-busy", pending);
  const heading = node("h3", {}, "Prediction: five best before and after");
  if (!answer) {
    card.replaceChildren(heading, node("p", { class: "tp-help" }, "Asking the model …"));
    return;
  }
  const scale = deltaScale(answer.rows);
  const titles = ["Class", "all", "now", `change, ±${100 * scale} points`];
  const rows = answer.rows.map((row) => predictionRow(row, answer.answer, before.answer, scale));
  const table = node(
    "table",
    { class: "tr-table tr-top" },
    node("thead", {}, node("tr", {}, ...titles.map((text) => node("th", { scope: "col" }, text)))),
    node("tbody", {}, ...rows),
  );
  const notes = [];
  if (!answer.left) notes.push(node("p", { class: "tr-note", "data-tr": "nothing" }, nothingLeft(family)));
  card.replaceChildren(heading, ...notes, table);
}

// How much half a bar stands for: one of three steps, so that it does not jump at every change.
function deltaScale(rows) {
  const most = Math.max(...rows.map(([, before, after]) => Math.abs(after - before)));
  return [0.1, 0.3].find((scale) => most <= scale) ?? 1;
}

function predictionRow([label, before, after], answer, answerBefore, scale) {
  const change = after - before;
  const bar = node("i", {
    class: `tr-delta-bar ${change < 0 ? "tr-loss" : "tr-gain"}`,
    style: `--tr-share: ${(Math.abs(change) / scale).toFixed(4)}`,
  });
  const number = (value, best) =>
    node("td", { class: "tp-number", "data-best": best }, probabilityText(value));
  const track = node("span", { class: "tr-delta-track" }, bar);
  return node(
    "tr",
    { "data-label": label, "data-after": after },
    node("th", { scope: "row", title: label }, label),
    number(before, label === answerBefore),
    number(after, label === answer),
    node("td", { class: "tr-delta" }, node("div", {}, track, pointsText(change))),
  );
}

// ---- this clip, block by block ----------------------------------------------------------------------------

// Series of the clip's chart: what the model gives the answer it had, after every block that is known yet.
function clipSeries({ chosen, low, high, draws, by }) {
  const line = (found) => {
    const inOrder = [...found].sort((a, b) => a[0] - b[0]);
    return inOrder.map(([block, answer]) => ({ block, value: answer.kept, hollow: !answer.stays, answer }));
  };
  const series = [];
  const random = randomPoints(draws);
  if (random.length) {
    const done = Math.max(...random.map((point) => point.draws));
    const legend = `as many random patches: mean and range of ${done} draws`;
    series.push({ ...RANDOM, points: random, legend });
  }
  if (low) series.push({ ...LOW, points: line(low), legend: `L, low ${by}` });
  if (high) series.push({ ...HIGH, points: line(high), legend: `H, high ${by}` });
  if (chosen) series.push({ ...CHOSEN, points: line(chosen) });
  return series;
}

function randomPoints(draws) {
  const blocks = [...new Set(draws.flatMap((found) => [...found.keys()]))].sort((a, b) => a - b);
  return blocks.map((block) => {
    const found = draws.filter((draw) => draw.has(block)).map((draw) => draw.get(block));
    const values = found.map((one) => one.value);
    return {
      block,
      value: values.reduce((sum, value) => sum + value, 0) / values.length,
      low: Math.min(...values),
      high: Math.max(...values),
      draws: found.length,
      stays: found.filter((one) => one.stays).length,
    };
  });
}

function clipFinding(series, before, block, what) {
  const at = (kind) => series.find((one) => one.kind === kind)?.points.find((p) => p.block === block);
  const [chosen, random] = [at("chosen"), at("random")];
  const gives = (share) => `the model gives ${before.answer} ${probabilityText(share)}`;
  if (!chosen) return `With all patches ${gives(before.probability)}.`;
  const kept = `Without ${what} after block ${block} ${gives(chosen.value)}`;
  if (!random) return `${kept}.`;
  return `${kept}; without as many random patches ${probabilityText(random.value)}.`;
}

function clipTable(series, blocks) {
  const cell = (one, block) => {
    const point = one.points.find((p) => p.block === block);
    if (!point) return "…";
    if (one.kind !== "random") {
      return point.hollow ? `${percent(point.value, 1)} (${point.answer.answer})` : percent(point.value, 1);
    }
    const range = `${percent(point.low, 1)} to ${percent(point.high, 1)}`;
    return `${percent(point.value, 1)}, ${range}; answer stays in ${point.stays} of ${point.draws}`;
  };
  const names = { chosen: "your marks", random: "as many random", low: "L", high: "H" };
  return numbersTable(["Block", ...series.map((one) => names[one.kind])], blocks, (block) =>
    series.map((one) => cell(one, block)),
  );
}

function numbersTable(titles, blocks, cells) {
  const head = node("tr", {}, ...titles.map((text) => node("th", { scope: "col" }, text)));
  const rows = blocks.map((block) => {
    const values = cells(block).map((text) => node("td", {}, text));
    return node("tr", {}, node("th", { scope: "row" }, String(block)), ...values);
  });
  const body = node("tbody", {}, ...rows);
  const table = node("table", { class: "tr-table tr-numbers" }, node("thead", {}, head), body);
  return node("details", { class: "tr-details" }, node("summary", {}, "Numbers as a table"), table);
}

// Long form, one line a block and series: the easiest to read into anything.
function clipRows(series, { before, patches, counts }) {
  const head = ["series", "removed_after_block", "removed_patches", "patches", "unpruned_answer"];
  const rows = [[...head, "probability_of_it", "lowest", "highest", "answer", "answer_stays", "draws"]];
  for (const { kind, points } of series) {
    for (const p of points) {
      const stays = kind === "random" ? p.stays : Number(!p.hollow);
      const draws = kind === "random" ? p.draws : 1;
      const value = Number(p.value.toFixed(6));
      const fixed = [kind, p.block, counts[kind], patches, before.answer, value];
      rows.push([...fixed, p.low, p.high, p.answer?.answer, stays, draws]);
    }
  }
  return rows;
}

// ---- the test split, block by block -----------------------------------------------------------------------

function measuredSeries(measured, published, by) {
  const line = (cells) =>
    measured.blocks.map((block, i) => {
      const { value, ci95 } = cells[i] ?? {};
      return { block, value, low: ci95?.[0], high: ci95?.[1] };
    });
  const group = (name) => measured[by][name];
  const share = (name) => `${percent(group(name).removed_share)} of the patches`;
  const series = [
    { kind: "random-low", line: true, points: line(group("L").random), legend: "random, as many as L" },
    { kind: "random-high", line: true, points: line(group("H").random), legend: "random, as many as H" },
    { ...LOW, mark: "circle", points: line(group("L").values), legend: `L, low ${by}: ${share("L")}` },
    { ...HIGH, mark: "square", points: line(group("H").values), legend: `H, high ${by}: ${share("H")}` },
  ];
  if (published && by === "intensity") {
    const dots = (name) => published[name].map(([block, value]) => ({ block, value, hollow: true }));
    const legend = (name) => `${name} in the paper, ${published.dataset}`;
    series.push({ kind: "low", line: false, mark: "diamond", points: dots("L"), legend: legend("L") });
    series.push({ kind: "high", line: false, mark: "square", points: dots("H"), legend: legend("H") });
  }
  return series
    .map((one) => ({ ...one, points: one.points.filter((p) => Number.isFinite(p.value)) }))
    .filter((one) => one.points.length);
}

// From a full tenth to a full tenth around everything shown.
function measuredRange(series, level) {
  const points = series.flatMap((one) => one.points);
  const values = points.flatMap((p) => [p.value, p.low ?? p.value, p.high ?? p.value]);
  const low = Math.floor(10 * Math.min(level, ...values)) / 10;
  return { low, high: Math.max(low + 0.1, Math.ceil(10 * Math.max(level, ...values)) / 10) };
}

function measuredFinding(measured, by, block) {
  const i = measured.blocks.indexOf(block);
  const change = (name, kind) => {
    const cell = measured[by][name][kind][i];
    return cell ? pointsText(cell.value - measured.unpruned.value) : "?";
  };
  return (
    `After block ${block}: ${change("H", "values")} points without H (as many random patches: ` +
    `${change("H", "random")}), ${change("L", "values")} without L (${change("L", "random")}).`
  );
}

function measuredNotes(measured, published, by) {
  const clips = `${measured.n.toLocaleString("en")} clips of ${measured.task}, ${measured.split}`;
  const notes = [`${sentenceCase(measured.metric)} of this checkpoint on ${clips}; bands are 95% intervals.`];
  for (const name of ["L", "H"]) {
    const emptied = measured[by][name].emptied_clips;
    if (emptied) notes.push(`${emptied} of the clips consist of ${name} alone: without it no patch is left.`);
  }
  if (!published) notes.push("The paper has no table of removals for such a model.");
  else if (by !== "intensity") notes.push("The paper's Table IV groups by intensity only.");
  else {
    const other = "another task than this model's: compare the course of the lines, not their height";
    const what = published.same_task ? "a ViT-B" : other;
    notes.push(`Hollow marks: the paper's Table IV on ${published.dataset}, ${what}.`);
  }
  return notes.join(" ");
}

function measuredTable(series, measured) {
  const cell = (one, block) => {
    const point = one.points.find((p) => p.block === block);
    if (!point) return "";
    if (point.low === undefined) return percent(point.value, 1);
    return `${percent(point.value, 1)} (${percent(point.low, 1)} to ${percent(point.high, 1)})`;
  };
  return numbersTable(["Block", ...series.map((one) => one.legend)], measured.blocks, (block) =>
    series.map((one) => cell(one, block)),
  );
}

function measuredRows(series) {
  const rows = [["series", "removed_after_block", "value", "ci95_low", "ci95_high"]];
  for (const { legend, points } of series) {
    for (const p of points) rows.push([legend, p.block, p.value, p.low, p.high]);
  }
  return rows;
}
