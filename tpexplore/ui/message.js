// The server's messages: JSON lines. The first holds the picture and the passes done by then, each later one the
// passes done since. They arrive as one text that grows.

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

function linesOf(text) {
  return text.split("\n").filter(Boolean).map(JSON.parse);
}

function decode(text) {
  const [data, ...later] = linesOf(text);
  const first = data.scores;
  data.scores = {};
  data.grey = bytesOf(data.picture.grey);
  for (const name of ["intensity", "variation"]) data.picture[name] = Float32Array.from(data.picture[name]);
  data.binRows = new Uint16Array(bytesOf(data.bin_rows).buffer);
  for (const scores of [first, ...later.map((message) => message.scores)]) addPasses(data, scores);
  return data;
}

// Of each score: keep-rates, ascending, and beside each what came of it.
function addPasses(data, scores) {
  for (const [score, part] of Object.entries(scores)) {
    const entry = (data.scores[score] ??= { rates: [], points: [], drop: [], attention: [] });
    const { patches } = data.picture;
    const maps = bytesOf(part.drop);
    const drop = part.rates.map((_, i) => maps.subarray(i * patches, (i + 1) * patches));
    const attention = part.attention
      ? attentionOf(new Float32Array(bytesOf(part.attention).buffer), drop)
      : drop.map(() => null);
    part.rates.forEach((rate, i) => {
      const higher = entry.rates.findIndex((known) => known > rate);
      const at = higher < 0 ? entry.rates.length : higher;
      entry.rates.splice(at, 0, rate);
      entry.points.splice(at, 0, part.points[i]);
      entry.drop.splice(at, 0, drop[i]);
      entry.attention.splice(at, 0, attention[i]);
    });
    entry.complete = entry.rates.length === data.rates.length;
    entry.flips = flipsOf(entry);
  }
}

// Keep-rates whose answer differs from the next higher one's.
function flipsOf({ rates, points }) {
  return rates.slice(0, -1).flatMap((rate, i) => {
    const [to, from] = [points[i].answer, points[i + 1].answer];
    return from === to ? [] : [{ rate, from, to }];
  });
}

function isComplete({ scores }) {
  return Object.keys(SCORE_NAMES).every((score) => scores[score]?.complete);
}
