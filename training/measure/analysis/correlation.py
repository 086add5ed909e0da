"""Kendall's tau between attention and patch statistics in every block (paper Fig. 4)."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from tpexplore.model.plan import STATISTICS
from tpexplore.stats.patch_statistics import kendall_tau
from training.measure.analysis.view import View
from training.scoring.scores import mean_cell

KINDS = ("raw", "clusters", "concordant")
"""tau-b with the statistic itself, tau-b with its cluster ranks, and the published variant of the latter."""

Key = tuple[str, ...]


def measure(view: View) -> dict[Key, np.ndarray]:
    """tau of every clip and block, (clips, depth), nan where it is not defined."""
    taus = {}
    for name in STATISTICS:
        values, ranks = view.statistics[name][:, None], view.ranks[name][:, None]
        taus["tau", name, "raw"] = kendall_tau(view.scores, values)
        taus["tau", name, "clusters"] = kendall_tau(view.scores, ranks)
        taus["tau", name, "concordant"] = kendall_tau(view.scores, ranks, ties="concordant")
        taus["tau", name, "sound"] = _without_padding(view.scores, values, view.padding)
    return {key: tau.numpy() for key, tau in taus.items()}


def _without_padding(scores: Tensor, values: Tensor, padding: Tensor) -> Tensor:
    """tau-b over the patches that are not padding; those are a clip's first ones."""
    counts = (~padding).sum(1)
    taus = torch.full(scores.shape[:2], math.nan, dtype=torch.float64)
    for count in counts.unique():
        rows = counts == count
        taus[rows.cpu()] = kendall_tau(scores[rows, :, :count], values[rows, :, :count])
    return taus


def report(clips: Mapping[Key, np.ndarray]) -> dict:
    """Means over clips by block, as the analysis file holds them."""

    def blocks(name: str, kind: str) -> list[dict]:
        return [mean_cell(values) for values in clips["tau", name, kind].T]

    return {
        "kendall": {name: {kind: blocks(name, kind) for kind in KINDS} for name in STATISTICS},
        "kendall_sound": {name: blocks(name, "sound") for name in STATISTICS},
    }
