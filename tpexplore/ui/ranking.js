// How the patches stand in each stage: who was there, what they were ranked by, who had to go.

// Attention scores arrive in one row: block 4's, then for each keep-rate those of blocks 7 and 10.
function attentionOf(scores, drop) {
  const patches = drop[0].length;
  let from = patches;
  return drop.map((row) => {
    if (!row.some(Boolean)) return null; // nothing was pruned, hence nothing scored
    const found = { 4: scores.subarray(0, patches) };
    for (const stage of DROPPED_BY.slice(1)) {
      const present = presentBefore(row, stage).length;
      found[stage] = scores.subarray(from, from + present);
      from += present;
    }
    return found;
  });
}

function presentBefore(drop, stage) {
  const ids = [];
  drop.forEach((by, patch) => (by === 0 || by >= stage) && ids.push(patch));
  return ids;
}

// The patches a stage ranked, and by what. Attention in multiples of an equal share: of 40 patches, each has 1
// if all get a fortieth.
function ranked(data, score, index, stage) {
  const { attention, drop } = data.scores[score];
  const ids = presentBefore(drop[index], stage);
  if (score !== "attention") return { ids, values: ids.map((patch) => data.picture[score][patch]) };
  const shares = attention[index]?.[stage];
  return { ids, values: shares ? Array.from(shares, (share) => share * ids.length) : null };
}

// One patch in one stage, or null where it was gone before.
function standing(data, score, index, stage, patch) {
  const { ids, values } = ranked(data, score, index, stage);
  const place = ids.indexOf(patch);
  if (place < 0 || !values) return null;
  const drop = data.scores[score].drop[index];
  const value = values[place];
  const ahead = values.filter((other, i) => other > value || (other === value && i < place)).length;
  const cut = Math.min(...values.filter((_, i) => drop[ids[i]] !== stage));
  return { value, rank: ahead + 1, of: ids.length, cut, margin: value - cut, kept: drop[patch] !== stage };
}

// Share of the clip's patches with a lower value.
function percentile(values, patch) {
  return values.filter((value) => value < values[patch]).length / values.length;
}

function isPadding({ real_frames: real, bins }, patch) {
  return Math.floor((patch * PATCH) / bins) * PATCH >= real;
}

// Cluster 0 (lowest) to the last; a value on a boundary goes to the upper one.
function clusterOf(value, edges) {
  return edges.slice(1, -1).filter((edge) => value >= edge).length;
}
