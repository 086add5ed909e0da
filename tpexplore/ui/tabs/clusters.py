"""The tab Why, Clusters: which of five clusters a patch belongs to, and which clusters survive pruning."""

from __future__ import annotations

import math

import gradio as gr
import plotly.graph_objects as go
import torch

from tpexplore.figures.clusters import cluster_map, edge_bars, share_bars
from tpexplore.figures.style import CLUSTER_COLOURS, PADDING, SOUND
from tpexplore.figures.survival import Survival, survival_figure
from tpexplore.figures.titles import survival_title
from tpexplore.model.plan import PRUNE_BLOCKS, STATISTICS
from tpexplore.results.comparison import load_published
from tpexplore.results.store import find
from tpexplore.stats.cluster_names import CLUSTER_COUNT, CLUSTER_NAMES
from tpexplore.stats.patch_statistics import cluster_counts, cluster_survival
from tpexplore.ui.choices import ModelChoice
from tpexplore.ui.payload import hertz_ticks
from tpexplore.ui.plots import FigureBox
from tpexplore.ui.trace import ClipTrace, traced

from . import NOT_MEASURED, Setting, Tab, keep_rate_slider, sample_of

HELP = """
Which kinds of patches does pruning keep: quiet or loud, even or varied? All patches fall into five groups
(K-means clusters), C1 the lowest to C5 the highest.
"""


def build(choices: list[ModelChoice]) -> Tab:
    """Lay out the tab inside the current `gr.Tab`."""
    gr.Markdown(HELP, elem_classes="tab-help")
    statistic = gr.Radio(
        [(name.capitalize(), name) for name in STATISTICS],
        value="intensity",
        label="Clusters of",
        info="What patches are sorted by: the mean of their values, or the spread.",
    )
    picture = FigureBox("clusters-map")
    with gr.Row(equal_height=False):
        shares, edges = FigureBox("clusters-shares"), FigureBox("clusters-edges")
    keep_rate = keep_rate_slider("Keep-rate, ranked by attention")
    with gr.Row(equal_height=False):
        survival, padding = FigureBox("clusters-survival"), FigureBox("clusters-padding")
    note = gr.Markdown(elem_classes="tab-note", elem_id="clusters-note")

    def refresh(path, choice, start, statistic, keep_rate) -> tuple:
        trace = traced(path, choice, start)
        return (
            *picture.show(map_figure(trace, statistic), trace),
            *shares.show(share_bars(statistic, share_sources(trace, statistic)), trace),
            *edges.show(edge_bars(statistic, edge_sources(trace, statistic)), trace),
            *survival.show(cluster_survival_figure(trace, statistic, keep_rate), trace),
            *padding_values(padding, trace, keep_rate),
            notes(trace, keep_rate),
        )

    boxes = (picture, shares, edges, survival, padding)
    outputs = [*(output for box in boxes for output in box.outputs), note]
    link = {"of": Setting.of(statistic), "keep-rate": Setting.of(keep_rate)}
    return Tab(outputs, refresh, [statistic, keep_rate], link=link, page={keep_rate: "rate"})


def map_figure(trace: ClipTrace, statistic: str) -> go.Figure:
    """The patch grid in the colours of its clusters."""
    ids, clusters, own = trace.clustered(statistic)
    return cluster_map(
        ids.tolist(),
        statistic,
        trace.statistic(statistic).tolist(),
        clusters.edges,
        trace.real_frames,
        [(tick["label"], tick["at"]) for tick in hertz_ticks()],
        None if own else clusters.shares,
        trace.model.config.grid,
        trace.start,
    )


def share_sources(trace: ClipTrace, statistic: str) -> dict[str, list[float]]:
    """Share of each cluster in this clip, in its dataset, and in the paper."""
    sources = {"this clip": trace.shares(statistic)}
    if trace.dataset_clusters is not None:
        sources["its dataset"] = list(trace.dataset_clusters[statistic].shares)
    for dataset, shares in published_shares(statistic).items():
        sources[f"paper, {dataset}"] = shares
    return sources


def published_shares(statistic: str) -> dict[str, list[float]]:
    """Published shares: variation in Table III, some for intensity in Fig. 5."""
    published = load_published()
    if statistic == "variation":
        table = find(published["tables"], "table3_cluster_shares", "percent") or {}
        return {dataset: [part / 100 for part in percent] for dataset, percent in table.items()}
    entries = find(published["figure5"], statistic) or {}
    return {dataset: entry["shares"] for dataset, entry in entries.items() if "shares" in entry}


def edge_sources(trace: ClipTrace, statistic: str) -> dict[str, tuple[float, ...]]:
    """Edges of the clusters that are shown, and the paper's."""
    _, clusters, own = trace.clustered(statistic)
    entries = find(load_published()["figure5"], statistic) or {}
    published = {f"paper, {dataset}": tuple(entry["edges"]) for dataset, entry in entries.items()}
    return {"this clip" if own else "its dataset": clusters.edges, **published}


def cluster_survival_figure(trace: ClipTrace, statistic: str, keep_rate: float) -> go.Figure:
    """How much of each cluster is left after every stage."""
    ids = trace.clustered(statistic)[0]
    clip = survival_shares(trace, ids, keep_rate, CLUSTER_COUNT)
    dataset = measured_survival(trace, f"{statistic}_clusters", keep_rate)
    counts = cluster_counts(ids, CLUSTER_COUNT).tolist()
    groups = [
        Survival(name, CLUSTER_COLOURS[i], clip[i] if counts[i] else None, dataset and dataset[i])
        for i, name in enumerate(CLUSTER_NAMES)
    ]
    finding = survival_title(CLUSTER_NAMES, [part[-1] for part in clip])
    return survival_figure(groups, keep_rate, finding)


def padding_values(box: FigureBox, trace: ClipTrace, keep_rate: float) -> tuple:
    """Padding against sound; a sentence where neither the clip nor its dataset has any."""
    clip = survival_shares(trace, trace.padding.long(), keep_rate, 2)
    dataset = [measured_survival(trace, name, keep_rate) for name in ("sound", "padding")]
    padded = bool(trace.padding.any())
    if dataset[1] and math.isnan(dataset[1][-1]):  # a dataset of clips that fill the window
        dataset[1] = None
    if not padded and dataset[1] is None:
        return box.miss(
            "No patch is only padding",
            "The clip is as long as what the model reads, so no padding is compared.",
        )
    groups = [
        Survival("sound", SOUND, clip[0], dataset[0]),
        Survival("padding", PADDING, clip[1] if padded else None, dataset[1]),
    ]
    last = [part[-1] for part in clip]
    if padded:
        return box.show(survival_figure(groups, keep_rate, survival_title(("sound", "padding"), last)), trace)
    finding = survival_title(("sound", "padding"), [part[-1] for part in dataset])
    title = f"In the dataset {finding[0].lower()}{finding[1:]}"
    return box.show(survival_figure(groups, keep_rate, title), trace)


def survival_shares(
    trace: ClipTrace, groups: torch.Tensor, keep_rate: float, count: int
) -> list[list[float]]:
    """Share of each group left at the input and after each stage; nan for a group without patches."""
    present = cluster_counts(groups, count)
    kept = {block: ids[None] for block, ids in trace.kept_at(keep_rate).items()}
    survivors = cluster_survival(groups[None], kept, count)
    stages = [present, *(survivors[block] for block in PRUNE_BLOCKS)]
    return (torch.stack(stages, 1).double() / present[:, None]).tolist()


def measured_survival(trace: ClipTrace, group: str, keep_rate: float) -> list | None:
    """The same of the dataset, where it was measured at this keep-rate: a list a cluster, or one list."""
    measured = find(trace.measured, "survival", f"{keep_rate:.2f}", group)
    if not measured:
        return None
    stages = [measured[str(block)] for block in PRUNE_BLOCKS]
    if not isinstance(stages[0], list):
        return [1.0, *(math.nan if part is None else part for part in stages)]
    return [
        [1.0, *(math.nan if part is None else part for part in parts)] for parts in zip(*stages, strict=True)
    ]


def notes(trace: ClipTrace, keep_rate: float) -> str:
    """Notes on the figures."""
    sentences = []
    if trace.clusters is None:
        sentences.append(
            "This checkpoint has no dataset clusters, so this clip's patches are clustered by themselves:"
            " C1 to C5 mean something else for every clip."
        )
    if trace.measured is None:
        sentences.append(f"Survival over a dataset is {NOT_MEASURED}.")
    elif f"{keep_rate:.2f}" not in trace.measured["survival"]:
        rates = ", ".join(trace.measured["survival"])
        sentences.append(f"Survival over the {sample_of(trace.measured)} was measured at keep-rates {rates}.")
    return " ".join(sentences)
