"""Cluster edges of patch statistics over a split, as a model's card holds them."""

from __future__ import annotations

import torch

from tpexplore.checkpoints.bundled import bundled_card
from tpexplore.errors import InputError
from tpexplore.model.config import ModelConfig
from tpexplore.model.plan import STATISTICS
from tpexplore.signal.spectrogram import patch_statistics
from tpexplore.stats.patch_statistics import Clusters, ValueHistogram, cluster_values
from training.data.features import Features
from training.measure.batches import split_batches
from training.scoring.scores import tidy
from training.system import parallel


def patch_histograms(
    features: Features, config: ModelConfig, split: str, device: torch.device
) -> dict[str, ValueHistogram]:
    """Histograms of every patch of a split, normalised as the model reads it, padding included."""
    mine = {statistic: ValueHistogram() for statistic in STATISTICS}
    for batch in split_batches(features, split, config, device, f"{config.name} patches"):
        values_of = patch_statistics(batch.spec, config.grid)
        for histogram, values in zip(mine.values(), values_of, strict=True):
            histogram.add(values)
    shards = list(parallel.gather({parallel.rank(): mine}).values())
    for shard in shards[1:]:
        for statistic in STATISTICS:
            shards[0][statistic].merge(shard[statistic])
    return shards[0]


def describe_clusters(histograms: dict[str, ValueHistogram]) -> dict[str, dict]:
    """Five clusters of each statistic: "edges" (6) and "shares" (5)."""
    return {
        statistic: {
            "edges": [tidy(edge) for edge in clusters.edges],
            "shares": [tidy(share) for share in clusters.shares],
        }
        for statistic, clusters in ((s, cluster_values(h)) for s, h in histograms.items())
    }


def read_clusters(described: dict[str, dict]) -> dict[str, Clusters]:
    """Clusters that assign patches, from what `describe_clusters` made."""
    return {s: Clusters(tuple(part["edges"]), tuple(part["shares"])) for s, part in described.items()}


def card_clusters(name: str) -> dict[str, dict]:
    """The clusters in a bundled model's card."""
    described = bundled_card(name).get("clusters")
    if not described:
        raise InputError(
            f"The card of {name} holds no cluster edges; run"
            f" python -m training.export --clusters {name} FEATURES first."
        )
    return described
