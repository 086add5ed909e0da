// What the numbers say: the finding in plain words, the table, both answers and their costs.

function countText(count) {
  return count < 10 ? String(+count.toFixed(1)) : String(Math.round(count));
}

function findingText(data, stages) {
  const [first, , last] = stages;
  const everything = first.both + first.only_a + first.only_b + first.neither;
  if (data.same) return "A and B are the same: one model with one score keeps the same patches.";
  if (last.both === everything) return `Nothing is dropped: both keep all ${everything} patches.`;
  const chance = (stage) => countText(stage.chance_both);
  return (
    `Both keep ${first.both} of the same patches after block 4; chance would give ${chance(first)}. ` +
    `After block 10 it is ${last.both}; chance would give ${chance(last)}.`
  );
}

function costText(data, match, index, partner) {
  const { a, b } = data.sides;
  const [macsA, macsB] = [a.points[index].macs, b.points[partner].macs];
  const scale = Math.max(a.unpruned.macs, b.unpruned.macs);
  const [costA, costB] = [macsText(macsA, scale), macsText(macsB, scale)];
  const rateB = percent(data.rates[partner]);
  if (match === "keep_rate") return `The share kept at each of blocks 4, 7 and 10. A costs ${costA} MACs, B ${costB}.`;
  if (Math.abs(macsB / macsA - 1) < 0.1) return `A costs ${costA} MACs; B comes nearest at ${rateB}: ${costB}.`;
  const end = macsB > macsA ? "least" : "most";
  return `A costs ${costA} MACs; B costs at ${end} ${costB}, at its keep-rate ${rateB}.`;
}

function tauText({ tau, same, picture }) {
  if (tau === null) return "τ cannot be told: one side gives every patch the same score.";
  const what = `τ\u00a0=\u00a0${minus(tau.toFixed(2))} between the two scores over the ${picture.patches} patches both rank`;
  return same ? `${what}: the same order.` : `${what}.`;
}

// Where a window reaches further: what is kept in the part that is not compared.
function beyondText(stages) {
  return ["a", "b"]
    .filter((side) => stages.some((stage) => stage[`beyond_${side}`]))
    .map((side) => {
      const counts = stages.map((stage) => stage[`beyond_${side}`]).join(", ");
      return `Outside that time ${side.toUpperCase()} keeps ${counts} more after blocks 4, 7, 10.`;
    })
    .join(" ");
}

const answerOf = (point) => point.top[0][0];

// Whether A and B agree, and whether each still answers as with all patches.
function agreementText({ sides, same_classes: sameClasses }, index, partner) {
  const { a, b } = sides;
  const told = (one, other) => {
    if (!sameClasses) return `A answers ${one} and B ${other}`;
    return one === other ? `both answer ${one}` : `A answers ${one}, but B ${other}`;
  };
  const [nowA, nowB] = [answerOf(a.points[index]), answerOf(b.points[partner])];
  const [wasA, wasB] = [answerOf(a.unpruned), answerOf(b.unpruned)];
  const now = told(nowA, nowB);
  const stays = nowA === wasA && nowB === wasB;
  const before = stays ? ", as with all patches." : `. With all patches ${told(wasA, wasB)}.`;
  const classes = sameClasses ? "" : " They know different classes.";
  return `${now.charAt(0).toUpperCase()}${now.slice(1)}${before}${classes}`;
}

function renderOverlaps(body, stages) {
  const rows = stages.map((stage) => {
    const counts = [stage.both, stage.only_a, stage.only_b, stage.neither];
    const cells = [...counts, stage.iou.toFixed(2), stage.chance_iou.toFixed(2)];
    const block = node("th", { scope: "row" }, String(stage.block));
    return node("tr", {}, block, ...cells.map((cell) => node("td", {}, String(cell))));
  });
  body.replaceChildren(...rows);
}

function renderSide(card, letter, side, rate, point) {
  const cell = (top, i) => (top[i] ? `${top[i][0]} ${probabilityText(top[i][1])}` : "");
  const head = ["all patches", `keep ${percent(rate)}`].map((text) => node("th", { scope: "col" }, text));
  const rows = [0, 1, 2].map((i) => {
    const cells = [side.unpruned.top, point.top].map((top) => node("td", {}, cell(top, i)));
    return node("tr", {}, node("th", { scope: "row" }, String(i + 1)), ...cells);
  });
  const saved = percent(1 - point.macs / side.unpruned.macs);
  card.replaceChildren(
    node("h3", {}, `${letter}: ${side.name}`),
    node(
      "table",
      { class: "tp-table tc-top" },
      node("thead", {}, node("tr", {}, node("td"), ...head)),
      node("tbody", {}, ...rows),
    ),
    node("p", { class: "tc-figures" }, `${macsText(point.macs, side.unpruned.macs)} MACs, ${saved} saved`),
    node("p", {}, ...accuracyNodes(side, point)),
  );
}

function accuracyNodes({ measured }, { accuracy }) {
  if (!accuracy) return ["Accuracy not measured for this checkpoint."];
  const { value, ci95 } = accuracy;
  const [low, high] = ci95.map((share) => percent(share, 1));
  const clips = `${measured.n.toLocaleString("en")} clips of ${measured.task}, ${measured.split}`;
  const about = `, 95% interval ${low} to ${high}, ${clips}`;
  return [`${percent(value, 1)} ${measured.metric}`, node("span", { class: "tp-help" }, about)];
}

// One line a keep-rate of A and block.
function comparisonRows(data, match) {
  const { a, b } = data.sides;
  const head = ["a", "b", "keep_rate_a", "keep_rate_b", "after_block", "shared_patches"];
  const counts = ["both", "only_a", "only_b", "neither", "beyond_a", "beyond_b"];
  const measures = ["iou", "chance_iou", "chance_both"];
  const answers = ["macs_a", "macs_b", "answer_a", "probability_a", "answer_b", "probability_b"];
  const rows = [[...head, ...counts, ...measures, "tau", ...answers]];
  data.matches[match].forEach(({ b: partner, stages }, index) => {
    const points = [a.points[index], b.points[partner]];
    for (const stage of stages) {
      const rates = [data.rates[index], data.rates[partner]];
      const fixed = [a.name, b.name, ...rates, stage.block, data.picture.patches];
      const numbers = [...counts, ...measures].map((name) => stage[name]);
      const macs = points.map((point) => point.macs);
      rows.push([...fixed, ...numbers, data.tau, ...macs, ...points.flatMap((point) => point.top[0])]);
    }
  });
  return rows;
}
