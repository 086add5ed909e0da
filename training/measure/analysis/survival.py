"""What pruning by attention keeps: survival of clusters and padding, joint histograms (paper Fig. 5, 6)."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from tpexplore.model.plan import PRUNE_BLOCKS, STATISTICS
from tpexplore.stats.patch_statistics import ValueHistogram, cluster_counts, cluster_survival, joint_histogram
from training.measure.analysis.view import LOW_CLUSTERS, View, kept_mask
from training.scoring.scores import mean_cell, ratio_cell, tidy

RATES = ("0.30", "0.50", "0.70")
HISTOGRAM_RATE = "0.50"
HISTOGRAM_BINS = 20
VARIATION_SHARE = 0.999
"""Share of the patches that the histograms' variation axis covers; few lie far above the others."""

Key = tuple[str, ...]
Edges = dict[str, list[float]]


def histogram_edges(histograms: Mapping[str, ValueHistogram]) -> Edges:
    """Bin edges that all panels share: every intensity, and variation from 0 up to its 99.9 %.

    Ends are rounded outwards, so that rounding excludes no patch.
    """
    variation = histograms["variation"]
    counted = variation.counts.cumsum(0)
    last = int(torch.searchsorted(counted, math.ceil(VARIATION_SHARE * variation.count)))
    high = variation.low + (variation.high - variation.low) * (last + 1) / variation.bins
    ends = {"intensity": (histograms["intensity"].minimum, histograms["intensity"].maximum)}
    ends["variation"] = (0.0, min(high, variation.maximum))
    edges = {}
    for name, (low, high) in ends.items():
        low, high = math.floor(low * 1e5) / 1e5, math.ceil(high * 1e5) / 1e5
        edges[name] = [tidy(edge) for edge in np.linspace(low, high, HISTOGRAM_BINS + 1)]
    return edges


def measure(view: View, edges: Edges) -> tuple[dict[Key, np.ndarray], dict[Key, Tensor]]:
    """Per clip its low-intensity patches before and after pruning; counts of everything else."""
    low = view.ranks["intensity"] < LOW_CLUSTERS
    groups = {**view.ranks, "padding": view.padding.long()}
    clips = {("low",): low.sum(1)}
    counts: dict[Key, Tensor] = {("present", name): _counts(ranks, name) for name, ranks in groups.items()}
    for rate in RATES:
        kept = view.model(view.batch.spec, float(rate)).kept
        for name, ranks in groups.items():
            for block, survivors in cluster_survival(ranks, kept, _size(name)).items():
                counts["survivors", rate, name, str(block)] = survivors
        left = kept_mask(kept[PRUNE_BLOCKS[-1]], low.shape[1])
        clips["low kept", rate] = (low & left).sum(1)
        clips["kept", rate] = left.sum(1)
        if rate == HISTOGRAM_RATE:
            counts |= _histograms(view, left, edges)
    return (
        {key: values.cpu().numpy() for key, values in clips.items()},
        {key: values.cpu() for key, values in counts.items()},
    )


def _size(name: str) -> int:
    """Clusters of a statistic; sound or padding."""
    return 2 if name == "padding" else 5


def _counts(ranks: Tensor, name: str) -> Tensor:
    return cluster_counts(ranks, _size(name))


def _histograms(view: View, left: Tensor, edges: Edges) -> dict[Key, Tensor]:
    x, y = (torch.tensor(edges[name], dtype=torch.float64) for name in STATISTICS)
    everything = torch.ones_like(left)
    shown = {
        "input": everything,
        "input_sound": ~view.padding,
        "kept": left,
        "kept_sound": left & ~view.padding,
    }
    values = [view.statistics[name] for name in STATISTICS]
    return {("histogram", name): joint_histogram(*values, x, y, mask) for name, mask in shown.items()}


def report(clips: Mapping[Key, np.ndarray], counts: Mapping[Key, Tensor], edges: Edges) -> dict:
    """Shares of what survives, and histograms, as the analysis file holds them."""
    sound, padding = counts["present", "padding"].tolist()
    names = ("input", "input_sound", "kept", "kept_sound")
    return {
        "padding_share": tidy(padding / (sound + padding)),
        "survival": {rate: _survival(rate, clips, counts) for rate in RATES},
        "histograms": {
            "keep_rate": float(HISTOGRAM_RATE),
            "x_edges": edges["intensity"],
            "y_edges": edges["variation"],
            **{name: counts["histogram", name].tolist() for name in names},
        },
    }


def _survival(rate: str, clips: Mapping[Key, np.ndarray], counts: Mapping[Key, Tensor]) -> dict:
    def shares(name: str, block: int) -> list[float | None]:
        present, survivors = counts["present", name], counts["survivors", rate, name, str(block)]
        return [tidy(share) for share in (survivors.double() / present).tolist()]

    by_stage = {name: {str(b): shares(name, b) for b in PRUNE_BLOCKS} for name in (*STATISTICS, "padding")}
    return {
        **{f"{name}_clusters": by_stage[name] for name in STATISTICS},
        "padding": {block: fates[1] for block, fates in by_stage["padding"].items()},
        "sound": {block: fates[0] for block, fates in by_stage["padding"].items()},
        "low_intensity_share_of_kept": mean_cell(clips["low kept", rate] / clips["kept", rate]),
        "low_intensity_survival": ratio_cell(clips["low kept", rate], clips["low",]),
    }
