// Groups of patches, and how many of each are left after each stage.

const FIFTHS = ["lowest fifth", "second fifth", "middle fifth", "fourth fifth", "highest fifth"];

// Every patch is in one group: padding, or one of the rest by a statistic or by frequency; highest first.
function groupsOf({ picture, clusters }, by) {
  const patches = [...Array(picture.patches).keys()];
  const padding = patches.filter((patch) => isPadding(picture, patch));
  const sound = patches.filter((patch) => !isPadding(picture, patch));
  let groups;
  if (by === "frequency") groups = frequencyGroups(picture, sound);
  else if (clusters) groups = clusterGroups(picture[by], clusters[by], sound);
  else groups = fifthGroups(picture[by], sound);
  groups.reverse();
  groups.push({ name: "padding", patches: padding });
  return groups.filter((group) => group.patches.length);
}

function fifthGroups(values, sound) {
  const ascending = sound.toSorted((a, b) => values[a] - values[b] || a - b);
  const at = (i) => Math.round((ascending.length * i) / FIFTHS.length);
  return FIFTHS.map((name, i) => ({ name, patches: ascending.slice(at(i), at(i + 1)) }));
}

function clusterGroups(values, edges, sound) {
  const last = edges.length - 2;
  return edges.slice(1).map((_, i) => ({
    name: `C${i + 1}${i === 0 ? " (lowest)" : i === last ? " (highest)" : ""}`,
    patches: sound.filter((patch) => clusterOf(values[patch], edges) === i),
  }));
}

function frequencyGroups({ bins, row_hertz: hertz }, sound) {
  const rows = bins / PATCH;
  return hertz.slice(1).map((high, row) => ({
    name: hertzRange(hertz[row], high),
    patches: sound.filter((patch) => patch % rows === row),
  }));
}

function leftAfter(patches, drop, stage) {
  return patches.filter((patch) => !(drop[patch] > 0 && drop[patch] <= stage)).length;
}

// The table's rows, to be filled by `fillSurvival`. A group's name is a button that keeps its patches lit.
function buildSurvival(body, groups) {
  const row = (heading, attributes) => {
    const cells = [0, ...DROPPED_BY].map(() => node("td", {}, meter(0), node("span")));
    return node("tr", attributes, node("th", { scope: "row" }, heading), ...cells);
  };
  body.replaceChildren(
    ...groups.map(({ name }, i) =>
      row(node("button", { type: "button", "aria-pressed": false, "data-group": i }, name), { "data-group": i }),
    ),
    row("all patches", { class: "tp-total" }),
  );
}

function fillSurvival(body, groups, drop) {
  const all = { patches: [...drop.keys()] };
  [...groups, all].forEach(({ patches }, i) => {
    [0, ...DROPPED_BY].forEach((stage, column) => {
      const left = leftAfter(patches, drop, stage);
      const cell = body.rows[i].cells[column + 1];
      cell.lastChild.textContent = left;
      cell.querySelector(".tp-fill").style.width = percent(left / patches.length, 1);
    });
  });
}

// ---- the table under the picture --------------------------------------------------------------------------

addOptions(find(".tp-grouping"), { intensity: "intensity", variation: "variation", frequency: "frequency" });

function regroup() {
  const { data, grouping } = state;
  Object.assign(state, { groups: groupsOf(data, grouping), pointedGroup: null, pressedGroup: null });
  buildSurvival(groupRows, state.groups);
  const clustered = data.clusters && grouping !== "frequency";
  const kinds = clustered ? `clusters of ${data.model.task || "the dataset"}` : "fifths of this clip's patches";
  out("grouping").textContent =
    `${grouping === "frequency" ? "Rows of the picture" : `By ${grouping}: ${kinds}`}, padding apart. ` +
    "Point at a row to light its patches up, press its name to keep them lit.";
}

function pressGroup(group) {
  state.pressedGroup = state.pressedGroup === group ? null : group;
  for (const button of groupRows.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", Number(button.dataset.group) === state.pressedGroup);
  }
  redrawCursor();
}

function pointAtGroup(target) {
  const row = target?.closest?.("tr[data-group]");
  state.pointedGroup = row ? Number(row.dataset.group) : null;
  redrawCursor();
}

find(".tp-grouping").addEventListener("change", (event) => {
  state.grouping = event.target.value;
  regroup();
  redrawAfter(event);
});
groupRows.addEventListener("pointerover", (event) => {
  if (event.pointerType === "mouse") pointAtGroup(event.target); // a finger's tap presses the name
});
groupRows.addEventListener("pointerleave", () => pointAtGroup(null));
groupRows.addEventListener("focusin", (event) => pointAtGroup(event.target));
groupRows.addEventListener("focusout", () => pointAtGroup(null));
groupRows.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) pressGroup(Number(button.dataset.group));
});
