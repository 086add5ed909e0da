"""The tab Why, Ranking: does attention rank patches as their intensity and variation do?"""

from __future__ import annotations

import math

import gradio as gr
import numpy as np
import torch

from tpexplore.figures.kendall import kendall_figure
from tpexplore.figures.series import Series
from tpexplore.model.plan import FAMILY_NAMES, STATISTICS
from tpexplore.results.comparison import COUNTERPARTS, load_published
from tpexplore.results.measures import join
from tpexplore.results.store import find
from tpexplore.stats.cluster_names import CLUSTER_COUNT
from tpexplore.stats.patch_statistics import cluster_counts, kendall_tau
from tpexplore.ui.choices import ModelChoice
from tpexplore.ui.plots import FigureBox
from tpexplore.ui.trace import ClipTrace, traced

from . import NOT_MEASURED, Setting, Tab, sample_of, sound_only_box

HELP = """
Does the model attend most to the loud patches (intensity), or to the varied ones (variation)? Kendall's τ
compares two rankings: 1 is the same order, 0 no relation, −1 the reverse.
"""

RULES = {
    "Clusters, τ-b": "clusters",
    "Exact values, τ-b": "raw",
    "Clusters, ties as agreement": "concordant",
}
RULE_NAMES = {"clusters": "τ-b", "raw": "τ-b of exact values", "concordant": "ties as agreement"}
MATCH = "match"


def build(choices: list[ModelChoice]) -> Tab:
    """Lay out the tab inside the current `gr.Tab`."""
    gr.Markdown(HELP, elem_classes="tab-help")
    with gr.Row(elem_classes="settings"):
        rule = gr.Radio(
            list(RULES.items()),
            value="clusters",
            label="How patches are ranked",
            info="By their cluster (C1 to C5) or by their exact values; the last counts ties like the paper.",
            scale=3,
            min_width=280,
        )
        paper = gr.Dropdown(
            [("most like this model's", MATCH), *((name, name) for name in COUNTERPARTS), ("none", "")],
            value=MATCH,
            label="Paper's dataset",
            info="Its published curve is drawn beside ours.",
            scale=1,
            min_width=200,
        )
        sound = sound_only_box()
    with gr.Row(equal_height=False):
        boxes = {name: FigureBox(f"kendall-{name}") for name in STATISTICS}
    note = gr.Markdown(elem_classes="tab-note", elem_id="kendall-note")

    def refresh(path, choice, start, rule, paper, sound) -> tuple:
        trace = traced(path, choice, start)
        values = []
        for name, box in boxes.items():
            values += box.show(figure_of(trace, name, rule, paper, sound), trace)
        return (*values, notes(trace, rule, paper, sound))

    outputs = [*(output for box in boxes.values() for output in box.outputs), note]
    link = {
        "rank": Setting.of(rule),
        "paper": Setting(paper, {value or "none": value for _, value in paper.choices}),
        "sound": Setting.of(sound),
    }
    return Tab(outputs, refresh, [rule, paper, sound], link=link)


def figure_of(trace: ClipTrace, statistic: str, rule: str, paper: str, sound: bool):
    """The three curves of one statistic."""
    taus, unrelated = clip_taus(trace, statistic, rule, sound)
    return kendall_figure(
        statistic,
        Series(f"this clip, {RULE_NAMES[rule]}", taus),
        dataset_taus(trace, statistic, rule, sound),
        paper_taus(trace, statistic, paper),
        "τ" if rule == "concordant" else "τ-b",
        unrelated,
    )


def clip_taus(trace: ClipTrace, statistic: str, rule: str, sound: bool) -> tuple[list[float], float | None]:
    """Tau of every block (nan: undefined), and what unrelated scores would give where that is not 0."""
    counted = ~trace.padding if sound else torch.ones_like(trace.padding)
    ranks = trace.statistic(statistic) if rule == "raw" else trace.clustered(statistic)[0]
    ties = "concordant" if rule == "concordant" else "tau-b"
    taus = kendall_tau(trace.scores[:, counted], ranks[None, counted], ties).tolist()
    if rule != "concordant":
        return taus, None
    sizes = cluster_counts(ranks[counted], CLUSTER_COUNT).double()
    n = sizes.sum()
    tied = float((sizes * (sizes - 1)).sum() / (n * (n - 1)))
    # Where all pairs are tied, they would all count as agreement, whatever the scores.
    return ([math.nan] * len(taus), None) if tied == 1 else (taus, tied)


def dataset_taus(trace: ClipTrace, statistic: str, rule: str, sound: bool) -> Series | None:
    """Average over the model's dataset with its 95 % interval, where it was measured."""
    if sound:  # measured with exact values only
        cells = find(trace.measured, "kendall_sound", statistic) if rule == "raw" else None
    else:
        cells = find(trace.measured, "kendall", statistic, rule)
    if not cells:
        return None
    values, low, high = np.array([[c["value"], *c["ci95"]] for c in cells], float).T  # null becomes nan
    return Series(f"{sample_of(trace.measured)}, {RULE_NAMES[rule]}", values, low, high)


def paper_taus(trace: ClipTrace, statistic: str, dataset: str) -> Series | None:
    """The paper's curve of this model's family."""
    family = FAMILY_NAMES[trace.model.config.family]
    dataset = nearest_dataset(trace) if dataset == MATCH else dataset
    values = find(load_published()["figure4"], "values", statistic, family, dataset)
    return Series(f"paper, {family} on {dataset}, ties as agreement", values) if values else None


def nearest_dataset(trace: ClipTrace) -> str:
    """The paper's dataset to compare with this model's; AS-20K, the broadest, if there is none."""
    task = trace.model.config.name.rpartition("-")[2]
    return next((name for name, ours in COUNTERPARTS.items() if ours == task), "AS-20K")


def notes(trace: ClipTrace, rule: str, paper: str, sound: bool) -> str:
    """Notes on the curves."""
    sentences = []
    undefined = [name for name in STATISTICS if not np.isfinite(clip_taus(trace, name, rule, sound)[0]).any()]
    if undefined:
        sentences.append(f"τ of {join(undefined)} is undefined in this clip, because all values are equal.")
    if rule != "concordant" and paper:
        sentences.append(
            "The paper counts a pair of patches in the same cluster as agreement, which lifts its curve;"
            " choose “ties as agreement” to count ours the same way."
        )
    if rule != "raw" and trace.dataset_clusters is None:
        sentences.append("This checkpoint has no dataset clusters, so those of this clip alone are used.")
    if paper and paper_taus(trace, "intensity", paper) is None:
        sentences.append(f"The paper has no {FAMILY_NAMES[trace.model.config.family]} on {paper}.")
    if dataset_taus(trace, "intensity", "raw", sound) is None:
        sentences.append(f"The average over a dataset is {NOT_MEASURED}.")
    elif dataset_taus(trace, "intensity", rule, sound) is None:
        sentences.append("Without padding the dataset was measured with exact values only.")
    if sound and not trace.padding.any():
        sentences.append("No patch of this clip is only padding.")
    return " ".join(sentences)
