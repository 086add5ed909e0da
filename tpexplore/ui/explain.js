// What happened to this clip, in its own numbers.

function explanation(data, score, index) {
  const entry = data.scores[score];
  const sentences = [
    leftText(data, entry.drop[index], entry.rates[index]),
    paddingText(data.picture, entry.drop[index]),
    entry.complete ? answerText(data.unpruned, entry, index) : "",
    loudnessOfKept(data.picture, entry.drop[index]),
  ];
  return sentences.filter(Boolean).join(" ");
}

function leftText({ picture }, drop, rate) {
  if (!drop.some(Boolean)) return `At keep-rate ${percent(rate)} all ${picture.patches} patches reach the end.`;
  const [first, second, third] = DROPPED_BY.map((stage) => keptAfter(drop, stage));
  return (
    `${first} of ${picture.patches} patches are left after block 4, ${second} after block 7 and ` +
    `${third} after block 10.`
  );
}

function paddingText(picture, drop) {
  const padding = [...drop.keys()].filter((patch) => isPadding(picture, patch));
  if (!padding.length) return "";
  if (!drop.some(Boolean)) return `${padding.length} of them are padding.`;
  const dropped = drop.filter((by) => by === 4).length;
  const first = padding.filter((patch) => drop[patch] === 4).length;
  const left = padding.filter((patch) => drop[patch] === 0).length;
  return (
    `${first || "None"} of the ${dropped} that block 4 drops are padding; ` +
    `of all ${padding.length} padding patches ${left || "none"} ${left === 1 ? "stays" : "stay"} to the end.`
  );
}

// The lowest keep-rate down to which nothing changes the answer: index into the keep-rates.
function steadyFrom(points, answer) {
  return points.findLastIndex((point) => point.answer !== answer) + 1;
}

function answerText({ answer }, { rates, points }, index) {
  const from = steadyFrom(points, answer);
  if (from === 0) return `The answer is “${answer}” at every keep-rate.`;
  const stays =
    from === rates.length - 1
      ? `Even the lightest pruning changes the answer “${answer}”`
      : `The answer stays “${answer}” down to keep-rate ${percent(rates[from])}`;
  const here = points[index].answer;
  if (here !== answer) return `${stays}; here it is “${here}”.`;
  return index < from ? `${stays}, but it is “${answer}” again here.` : `${stays}.`;
}

function loudnessOfKept({ patch_decibels: decibels }, drop) {
  const mean = (wanted) => {
    const found = decibels.filter((_, patch) => wanted(drop[patch]));
    return found.reduce((sum, value) => sum + value, 0) / found.length;
  };
  if (!drop.some(Boolean)) return "";
  const louder = mean((by) => by === 0) - mean((by) => by > 0);
  const by = Math.round(Math.abs(louder));
  if (by === 0) return "Patches kept to the end are on average as loud as the dropped ones.";
  const than = `${by} dB ${louder > 0 ? "louder" : "quieter"} than the dropped ones`;
  return `Patches kept to the end are on average ${than}.`;
}
