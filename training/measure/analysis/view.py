"""The data of one batch of clips that all parts of the analysis share."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from tpexplore.model.plan import STATISTICS
from tpexplore.model.vit import AudioViT
from tpexplore.signal.spectrogram import patch_statistics
from tpexplore.stats.patch_statistics import Clusters, padding_patches
from training.measure.batches import Batch

LOW_CLUSTERS = 2
"""C1 and C2 are the paper's low-intensity group L."""


@dataclass(frozen=True)
class View:
    """Data of a batch before any pruning.

    Attributes
    ----------
    model : AudioViT
    batch : Batch
    padding : (clips, patches) bool
        Patches that hold nothing but padding, by the clips' real lengths.
    statistics : {"intensity", "variation"} -> (clips, patches)
    ranks : the same -> (clips, patches) int64
        Cluster of every patch, each statistic's own, from 0.
    logits : (clips, classes)
        The unpruned model's.
    scores : (clips, depth, patches)
        The unpruned model's attention score in every block.
    """

    model: AudioViT
    batch: Batch
    padding: Tensor
    statistics: dict[str, Tensor]
    ranks: dict[str, Tensor]
    logits: Tensor
    scores: Tensor


def view_of(model: AudioViT, batch: Batch, clusters: dict[str, Clusters]) -> View:
    statistics = dict(zip(STATISTICS, patch_statistics(batch.spec, model.config.grid), strict=True))
    traced = model(batch.spec, trace=True)
    return View(
        model,
        batch,
        padding_patches(batch.lengths, model.config.frames, model.config.grid),
        statistics,
        {name: clusters[name].assign(values) for name, values in statistics.items()},
        traced.logits,
        traced.scores,
    )


def kept_mask(ids: Tensor, patches: int) -> Tensor:
    """True at the patches in ``ids`` (clips, k): (clips, patches) bool."""
    mask = torch.zeros(len(ids), patches, dtype=torch.bool, device=ids.device)
    return mask.scatter(1, ids, True)
