"""Accuracy after removing low or high patches, or as many random ones, after each block (paper Table IV)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from tpexplore.model.plan import STATISTICS
from tpexplore.study.removal import group_mask, random_mask, removal_curve
from training.measure.analysis.view import View
from training.scoring.scores import Accuracy, MeanAveragePrecision, tidy

GROUPS = ("L", "H")

Key = tuple[str, ...]


def measure(
    view: View, keep: Callable[[Tensor], np.ndarray]
) -> tuple[dict[Key, np.ndarray], dict[Key, Tensor]]:
    """Answers without any removal, and after each group's removal after each block, (clips, blocks, …).

    Counts are the patches removed and the clips that are left without any.
    """
    generator = torch.Generator().manual_seed(view.batch.first)
    masks: dict[Key, Tensor] = {}
    counts: dict[Key, Tensor] = {("patches",): torch.tensor(view.padding.numel())}
    for statistic in STATISTICS:
        for group in GROUPS:
            leaves = group_mask(view.ranks[statistic], group)
            masks[statistic, group, "values"] = leaves
            masks[statistic, group, "random"] = random_mask(leaves, generator)
            counts["removed", statistic, group] = leaves.sum().cpu()
            counts["emptied", statistic, group] = leaves.all(1).sum().cpu()
    curves = removal_curve(view.model, view.batch.spec, {" ".join(key): mask for key, mask in masks.items()})
    clips = {("unpruned",): keep(view.logits)}
    for key in masks:
        clips[("removal", *key)] = np.stack([keep(logits) for logits in curves[" ".join(key)]], axis=1)
    return clips, counts


def report(
    clips: Mapping[Key, np.ndarray],
    counts: Mapping[Key, Tensor],
    scorer: Accuracy | MeanAveragePrecision,
) -> dict:
    """Curves over the blocks, as the analysis file holds them."""
    blocks = clips["removal", STATISTICS[0], GROUPS[0], "values"].shape[1]
    return {
        "removal": {
            "blocks": list(range(1, blocks + 1)),
            "unpruned": scorer.cell(clips["unpruned",]),
            **{
                statistic: {group: _curves(clips, counts, scorer, statistic, group) for group in GROUPS}
                for statistic in STATISTICS
            },
        }
    }


def _curves(
    clips: Mapping[Key, np.ndarray],
    counts: Mapping[Key, Tensor],
    scorer: Accuracy | MeanAveragePrecision,
    statistic: str,
    group: str,
) -> dict:
    values, random = (np.moveaxis(clips["removal", statistic, group, k], 1, 0) for k in ("values", "random"))
    return {
        "removed_share": tidy(float(counts["removed", statistic, group] / counts["patches",])),
        "emptied_clips": int(counts["emptied", statistic, group]),
        "values": [scorer.cell(answers) for answers in values],
        "random": [scorer.cell(answers) for answers in random],
        "difference": [scorer.difference([a], [b]) for a, b in zip(values, random, strict=True)],
    }
