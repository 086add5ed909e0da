"""One clip through one unpruned model: what Remove, Robustness and the parts of Why start from."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tpexplore.checkpoints.bundled import bundled_card, is_bundled
from tpexplore.model.plan import PRUNE_BLOCKS, STATISTICS
from tpexplore.model.vit import AudioViT
from tpexplore.results.store import measured_analysis, of_weights
from tpexplore.signal.spectrogram import patch_statistics
from tpexplore.stats.cluster_names import CLUSTER_COUNT
from tpexplore.stats.patch_statistics import (
    Clusters,
    ValueHistogram,
    cluster_counts,
    cluster_values,
    padding_patches,
)
from tpexplore.study.sweep import real_frames

from .choices import ModelChoice, cached_model, check_request
from .clips import clip_name, excerpt_of, written_at


@dataclass(frozen=True, eq=False)
class ClipStage:
    """What one pruning block did to one clip.

    Attributes
    ----------
    ids : Tensor of shape (n,)
        Patches present, ascending.
    attention : Tensor of shape (n,)
        Their attention score in multiples of an equal share.
    kept : Tensor of shape (n,), bool
    """

    ids: Tensor
    attention: Tensor
    kept: Tensor


@dataclass(frozen=True, eq=False)
class ClipTrace:
    """One clip through one unpruned model; what every tab but Explore starts from.

    Attributes
    ----------
    name : str
        What to call the clip.
    model : AudioViT
    samples : (n,) float32
        The excerpt that the model reads.
    start : float
        Where in its file the excerpt begins, in seconds.
    real_frames : int
        Frames that the clip fills; the rest is padding.
    spec : Tensor of shape (frames, 128), normalised
    intensity, variation : Tensor of shape (patches,)
    scores : Tensor of shape (blocks, patches)
        Attention score in every block.
    padding : Tensor of shape (patches,), bool
        True where a patch holds nothing but padding.
    dataset_clusters : dict of statistic -> Clusters, or None
        Those of the model's dataset; None where its card has none, like that of an official checkpoint.
    clusters : dict of statistic -> (patches,) int64 tensor, 0 (lowest) to 4, or None
        Cluster of every patch by these.
    measured : dict or None
        `measured_analysis` of exactly these weights.
    """

    name: str
    model: AudioViT
    samples: np.ndarray
    start: float
    real_frames: int
    spec: Tensor
    intensity: Tensor
    variation: Tensor
    scores: Tensor
    padding: Tensor
    dataset_clusters: dict[str, Clusters] | None
    clusters: dict[str, Tensor] | None
    measured: dict[str, Any] | None
    _kept: dict[tuple[float, str], dict[int, Tensor]] = field(default_factory=dict, repr=False)
    _stages: dict[float, dict[int, ClipStage]] = field(default_factory=dict, repr=False)

    def statistic(self, name: str) -> Tensor:
        """Intensity or variation of every patch."""
        return {"intensity": self.intensity, "variation": self.variation}[name]

    def kept_at(self, keep_rate: float, score: str = "attention") -> dict[int, Tensor]:
        """Ids of the patches left after blocks 4, 7 and 10, ascending; at keep-rate 1.0 all of them."""
        key = round(float(keep_rate), 4), score
        if key not in self._kept:
            with torch.inference_mode():
                kept = self.model(self.spec[None], keep_rate=keep_rate, score=score).kept
            everything = torch.arange(len(self.intensity))
            self._kept[key] = {b: kept[b][0].cpu() if kept else everything for b in PRUNE_BLOCKS}
        return self._kept[key]

    def stages_at(self, keep_rate: float) -> dict[int, ClipStage]:
        """What each pruning block does, with the attention that it ranks by."""
        key = round(float(keep_rate), 4)
        if key not in self._stages:
            self._stages[key] = self._run_stages(keep_rate)
        return self._stages[key]

    def _run_stages(self, keep_rate: float) -> dict[int, ClipStage]:
        with torch.inference_mode():
            stages = self.model(self.spec[None], keep_rate=keep_rate).stages
        everything = torch.arange(len(self.intensity))
        if not stages:  # at keep-rate 1.0 nothing decides, and every block attends as in the unpruned model
            attention = {block: self.scores[block - 1] * len(everything) for block in PRUNE_BLOCKS}
            return {b: ClipStage(everything, a, torch.ones_like(a, dtype=bool)) for b, a in attention.items()}
        by_block = {}
        for stage in stages:
            ids, scores, kept = (values[0].cpu() for values in (stage.ids, stage.scores, stage.kept))
            by_block[stage.block] = ClipStage(ids, scores * len(ids), torch.isin(ids, kept))
        return by_block

    def clustered(self, statistic: str) -> tuple[Tensor, Clusters, bool]:
        """Cluster of every patch, the clusters, and whether they were made of this clip alone.

        Raises
        ------
        InputError
            If the model has no clusters and the clip has fewer than five different values.
        """
        if self.clusters is not None:
            return self.clusters[statistic], self.dataset_clusters[statistic], False
        values = self.statistic(statistic)
        own = cluster_values(ValueHistogram().add(values), CLUSTER_COUNT)
        return own.assign(values), own, True

    def shares(self, statistic: str) -> list[float]:
        """Share of the clip's patches in each cluster, lowest first."""
        ids = self.clustered(statistic)[0]
        return (cluster_counts(ids, CLUSTER_COUNT) / len(ids)).tolist()


def traced(
    path: str | os.PathLike[str] | None, choice: ModelChoice | None, start: float | None = None
) -> ClipTrace:
    """Run a clip through the unpruned model and keep every block's attention; the last few are kept.

    Raises
    ------
    InputError
        If there is no clip or no model, or one of them cannot be used.
    """
    check_request(path, choice)
    return _traced(str(path), written_at(path), choice, start)


@lru_cache(maxsize=6)
def _traced(path: str, written: int, choice: ModelChoice, start: float | None) -> ClipTrace:
    model = cached_model(choice)
    config = model.config
    excerpt = excerpt_of(path, choice, start)
    frames = real_frames(model, excerpt.samples)
    with torch.inference_mode():
        spec = model.spectrogram(excerpt.samples)
        scores = model(spec[None], trace=True).scores[0].float().cpu()
        statistics = patch_statistics(spec[None], config.grid)
        intensity, variation = (values[0].float().cpu() for values in statistics)
    dataset = dataset_clusters(config.name, config.sha256)
    values = {"intensity": intensity, "variation": variation}
    return ClipTrace(
        name=clip_name(path),
        model=model,
        samples=excerpt.samples,
        start=excerpt.start,
        real_frames=frames,
        spec=spec.float().cpu(),
        intensity=intensity,
        variation=variation,
        scores=scores,
        padding=padding_patches(torch.tensor([frames]), config.frames, config.grid)[0],
        dataset_clusters=dataset,
        clusters=dataset and {name: dataset[name].assign(values[name]) for name in STATISTICS},
        measured=measured_analysis(config.name, config.sha256),
    )


def dataset_clusters(name: str, sha256: str) -> dict[str, Clusters] | None:
    """Clusters of a bundled model's dataset, from its card."""
    card = of_weights(bundled_card(name), sha256) if is_bundled(name) else None
    if not card or "clusters" not in card:
        return None
    entries = card["clusters"]
    equal = [1 / CLUSTER_COUNT] * CLUSTER_COUNT
    return {
        name: Clusters(tuple(entries[name]["edges"]), tuple(entries[name].get("shares", equal)))
        for name in STATISTICS
    }
