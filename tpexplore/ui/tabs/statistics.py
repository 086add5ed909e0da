"""The tab Why, Kept and dropped: the intensity, variation and attention of the patches on both sides."""

from __future__ import annotations

import math
from typing import Any

import gradio as gr
import numpy as np
import torch

from tpexplore.figures.series import Series
from tpexplore.figures.statistics import attention_figure, delta_figure, joint_figure
from tpexplore.model.plan import PRUNE_BLOCKS, STATISTICS
from tpexplore.numbers import number, percent
from tpexplore.results.store import find
from tpexplore.stats.cluster_names import CLUSTER_NAMES
from tpexplore.stats.patch_statistics import cliffs_delta, joint_histogram, log_density
from tpexplore.ui.choices import ModelChoice
from tpexplore.ui.plots import FigureBox
from tpexplore.ui.trace import ClipTrace, traced

from . import NOT_MEASURED, Setting, Tab, keep_rate_slider, sample_of, sound_only_box

HELP = """
How do the kept patches differ from the dropped ones: are they louder or more varied, and does the model
attend to them more?
"""

BINS = 20
MEASURED_RATE = 0.5
LATER, DECIDING = "later", "deciding"
BLOCKS = {
    "In the unpruned model's last block": LATER,
    "In the block that decides": DECIDING,
}


def build(choices: list[ModelChoice]) -> Tab:
    """Lay out the tab inside the current `gr.Tab`."""
    gr.Markdown(HELP, elem_classes="tab-help")
    with gr.Row(elem_classes="settings"):
        keep_rate = keep_rate_slider("Keep-rate, ranked by attention", scale=2, min_width=280)
        sound = sound_only_box()
    joint, joint_dataset = FigureBox("statistics-clip"), FigureBox("statistics-dataset")
    where = gr.Radio(
        list(BLOCKS.items()),
        value=LATER,
        label="Attention of kept and dropped patches",
        info="Read at the end of a pass without pruning, or in the block that drops them.",
    )
    with gr.Row(equal_height=False):
        attention, beside = FigureBox("attention-clip"), FigureBox("attention-beside")
    deltas = gr.Markdown(elem_id="attention-deltas", elem_classes="tab-table")
    note = gr.Markdown(elem_classes="tab-note", elem_id="statistics-note")

    def refresh(path, choice, start, keep_rate, sound, where) -> tuple:
        trace = traced(path, choice, start)
        return (
            *joint.show(clip_histograms(trace, keep_rate, sound), trace),
            *dataset_histograms(joint_dataset, trace, sound),
            *attention.show(clip_attention(trace, keep_rate, where), trace),
            *beside_attention(beside, trace, keep_rate, where),
            delta_table(trace),
            notes(trace, keep_rate, sound),
        )

    boxes = (joint, joint_dataset, attention, beside)
    outputs = [*(output for box in boxes for output in box.outputs), deltas, note]
    link = {
        "keep-rate": Setting.of(keep_rate),
        "sound": Setting.of(sound),
        "block": Setting.of(where),
    }
    return Tab(outputs, refresh, [keep_rate, sound, where], link=link, page={keep_rate: "rate"})


# -- intensity and variation (paper Fig. 6)


def clip_histograms(trace: ClipTrace, keep_rate: float, sound: bool):
    """This clip's patches before and after pruning, binned as its dataset's are."""
    x_edges, y_edges = histogram_edges(trace)
    counted = ~trace.padding if sound else torch.ones_like(trace.padding)
    left = torch.zeros_like(counted)
    left[trace.kept_at(keep_rate)[PRUNE_BLOCKS[-1]]] = True
    masks = counted, counted & left
    before, after = (
        log_density(
            joint_histogram(trace.intensity, trace.variation, x_edges, y_edges, mask), x_edges, y_edges
        )
        for mask in masks
    )
    means = {name: tuple(float(trace.statistic(name)[mask].mean()) for mask in masks) for name in STATISTICS}
    return joint_figure("This clip", before, after, x_edges, y_edges, means, keep_rate)


def histogram_edges(trace: ClipTrace) -> tuple[torch.Tensor, torch.Tensor]:
    """Bin edges of the dataset, so that clips can be compared; if there are none, those of the clip."""
    histograms = find(trace.measured, "histograms")
    if histograms:
        return torch.tensor(histograms["x_edges"]).double(), torch.tensor(histograms["y_edges"]).double()
    low, high = (float(end) for end in trace.intensity.aminmax())
    return (
        torch.linspace(low, max(high, low + 1e-3), BINS + 1).double(),
        torch.linspace(0, max(float(trace.variation.max()), 1e-3), BINS + 1).double(),
    )


def dataset_histograms(box: FigureBox, trace: ClipTrace, sound: bool) -> tuple:
    """The same of the dataset, where it was measured."""
    histograms = find(trace.measured, "histograms")
    if not histograms:
        return box.miss("The dataset's patches", f"Histograms over a dataset are {NOT_MEASURED}.")
    edges = histogram_edges(trace)
    suffix = "_sound" if sound else ""
    counts = [torch.tensor(histograms[name + suffix]) for name in ("input", "kept")]
    before, after = (log_density(part, *edges) for part in counts)
    means = {
        name: tuple(binned_mean(part.sum(1 - axis), edges[axis]) for part in counts)
        for axis, name in enumerate(STATISTICS)
    }
    who = sample_of(trace.measured).capitalize()
    return box.show(joint_figure(who, before, after, *edges, means, histograms["keep_rate"]), trace)


def binned_mean(counts: torch.Tensor, edges: torch.Tensor) -> float:
    """Mean of binned values."""
    centres = (edges[1:] + edges[:-1]) / 2
    return float((counts * centres).sum() / counts.sum())


# -- attention of kept and dropped patches


def clip_attention(trace: ClipTrace, keep_rate: float, where: str):
    """Boxes of the attention that kept and dropped patches of this clip get."""
    kept, dropped, deltas = {}, {}, {}
    for block, (values, fate) in stage_values(trace, keep_rate, where).items():
        kept[block], dropped[block] = values[fate].tolist(), values[~fate].tolist()
        deltas[block] = cliffs_delta(values[fate], values[~fate])
    return attention_figure("This clip", kept, dropped, deltas)


def stage_values(
    trace: ClipTrace, keep_rate: float, where: str
) -> dict[int, tuple[torch.Tensor, torch.Tensor]]:
    """At each stage the attention of the patches present, and which of them are kept."""
    last = trace.scores[-1] * len(trace.intensity)
    return {
        block: (last[stage.ids] if where == LATER else stage.attention, stage.kept)
        for block, stage in trace.stages_at(keep_rate).items()
    }


def beside_attention(box: FigureBox, trace: ClipTrace, keep_rate: float, where: str) -> tuple:
    """Beside the clip's boxes: effect sizes in the last block, or the dataset's boxes in the deciding one."""
    measured = measured_attention(trace)
    if where == LATER:
        return box.show(
            delta_figure(Series("this clip", list(clip_deltas(trace, keep_rate).values())), later(trace)),
            trace,
        )
    if not measured:
        return box.miss("The dataset's attention", f"Attention over a dataset is {NOT_MEASURED}.")
    kept, dropped = (
        {block: measured[str(block)][fate]["quantiles"] for block in PRUNE_BLOCKS}
        for fate in ("kept", "dropped")
    )
    deltas = {block: _value(measured[str(block)]["delta"]) for block in PRUNE_BLOCKS}
    figure = attention_figure(sample_of(trace.measured).capitalize(), kept, dropped, deltas, quantiles=True)
    return box.show(figure, trace)


def clip_deltas(trace: ClipTrace, keep_rate: float) -> dict[int, float]:
    """Cliff's delta of kept over dropped patches in the unpruned model's last block."""
    return {
        block: cliffs_delta(values[fate], values[~fate])
        for block, (values, fate) in stage_values(trace, keep_rate, LATER).items()
    }


def later(trace: ClipTrace) -> Series | None:
    """The same over the dataset, with its 95 % interval."""
    measured = measured_attention(trace)
    if not measured:
        return None
    cells = [measured[str(block)]["later_delta"] for block in PRUNE_BLOCKS]
    values, low, high = np.array([[c["value"], *c["ci95"]] for c in cells], float).T
    return Series(f"{sample_of(trace.measured)}, keep-rate {percent(MEASURED_RATE)}", values, low, high)


def measured_attention(trace: ClipTrace) -> dict[str, Any] | None:
    """What was measured of kept and dropped patches, by stage."""
    return find(trace.measured, "attention_of_kept", f"{MEASURED_RATE:.2f}")


def delta_table(trace: ClipTrace) -> str:
    """The dataset's effect sizes as a Markdown table; empty where nothing was measured."""
    measured = measured_attention(trace)
    if not measured:
        return ""
    stages = [measured[str(block)] for block in PRUNE_BLOCKS]
    rows = [("last block (95 % interval)", [_cell(stage["later_delta"]) for stage in stages])]
    rows.append(("deciding block", [_number(stage["delta"]) for stage in stages]))
    for i, name in enumerate(CLUSTER_NAMES):
        rows.append((f"… among {name} of intensity", [_number(stage["by_cluster"][i]) for stage in stages]))
    head = "| Cliff's δ over the dataset | " + " | ".join(f"block {block}" for block in PRUNE_BLOCKS) + " |"
    lines = [head, "| :-- " + "| --: " * len(PRUNE_BLOCKS) + "|"]
    return "\n".join([*lines, *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows)])


def notes(trace: ClipTrace, keep_rate: float, sound: bool) -> str:
    """Notes on the figures."""
    sentences = [
        "1 is an equal share of attention. Cliff's δ runs from −1 to 1; 0 means that kept and dropped patches"
        " get the same. In the block that decides, it is 1 within a clip by construction; the last block of"
        " the unpruned model is the fairer test."
    ]
    if trace.measured is not None and not math.isclose(keep_rate, MEASURED_RATE):
        sentences.append(f"The dataset was measured at keep-rate {percent(MEASURED_RATE)} only.")
    if sound and not trace.padding.any():
        sentences.append("No patch of this clip is only padding.")
    return " ".join(sentences)


def _value(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _number(value: float | None) -> str:
    return "–" if value is None else number(value)


def _cell(cell: dict[str, Any]) -> str:
    low, high = (_number(end) for end in cell["ci95"])
    return f"{_number(cell['value'])} ({low} to {high})"
