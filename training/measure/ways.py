"""Every way through a model that is measured on a split, and its answers to each clip."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from tpexplore.model.forward import Entered
from tpexplore.model.plan import KEEP_RATES, METHODS, PRUNE_BLOCKS, SCORES
from tpexplore.model.pruning import random_ranks
from tpexplore.model.vit import AudioViT
from tpexplore.stats.patch_statistics import Clusters
from tpexplore.study.removal import group_mask, removal_curve
from training.data.features import Features
from training.measure.batches import Batch, gather_clips, split_batches
from training.measure.published_ranking import READABLE, published_counts, shifted_logits
from training.scoring.scores import Scorer

FURTHER_RATES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Keep-rates of random tokens, of the published ranking, and of the paired differences."""
RANDOM_SEEDS = (0, 1, 2)
REMOVAL_BLOCKS = (1, 3, 5, 7, 9, 11)
"""Blocks of the paper's Table IV."""

Way = tuple[str, ...]
"""A way through the model: ("unpruned",), ("attention", "0.70"), ("removal", "L", "3"), …"""


def rate_key(keep_rate: float) -> str:
    """A keep-rate as results files write it: "0.70"."""
    return f"{keep_rate:.2f}"


def random_rankings(model: AudioViT, batch: Batch) -> dict[str, Tensor]:
    """A random order of every clip's patches for each of `RANDOM_SEEDS`, by name: "random 0", ….

    A clip has the same order in every study.
    """
    clips = range(batch.first, batch.first + len(batch.spec))
    return {
        f"random {seed}": random_ranks(seed, clips, model.config.patches).to(batch.spec.device)
        for seed in RANDOM_SEEDS
    }


@torch.inference_mode()
def every_way(model: AudioViT, batch: Batch, clusters: Clusters) -> Iterator[tuple[Way, Tensor]]:
    """Logits (clips, classes) of a batch on every way that is measured; shared work runs once.

    ``clusters`` are those of intensity.
    """
    spec = batch.spec
    entered = Entered(model, spec)
    yield ("unpruned",), entered.output().logits

    at_random = random_rankings(model, batch)
    rankings: dict[str, str | Tensor] = {score: score for score in SCORES} | at_random
    rates = dict.fromkeys(SCORES, KEEP_RATES[:-1]) | dict.fromkeys(at_random, FURTHER_RATES)
    for name, ranking in rankings.items():
        for rate in rates[name]:
            yield (name, rate_key(rate)), entered.output(rate, ranking).logits

    plain, _ = model.attend(entered.tokens, PRUNE_BLOCKS[0], with_score=False)
    statistics = entered.statistics
    for name, ranking in statistics.items():
        for rate in published_rates(model):
            yield (f"{name}_shifted", rate_key(rate)), shifted_logits(model, plain, ranking, rate)

    assigned = clusters.assign(statistics["intensity"])
    masks = {group: group_mask(assigned, group) for group in ("L", "H")}
    blocks = removal_blocks(model)
    for group, curve in removal_curve(model, spec, masks, blocks).items():
        for block, logits in zip(blocks, curve, strict=True):
            yield ("removal", group, str(block)), logits


def published_rates(model: AudioViT) -> list[float]:
    """Keep-rates at which the published ranking leaves enough tokens to answer from."""
    return [rate for rate in FURTHER_RATES if published_counts(model.config, rate)[-1] >= READABLE]


def removal_blocks(model: AudioViT) -> list[int]:
    return [block for block in REMOVAL_BLOCKS if block < model.config.depth]


@torch.inference_mode()
def one_way(
    model: AudioViT,
    features: Features,
    split: str,
    scorer: Scorer,
    keep_rate: float,
    score: str,
    method: str = METHODS[0],
) -> np.ndarray:
    """Answers to every clip of a split at one keep-rate."""
    device, title = model.device, f"{model.config.name} at {keep_rate}"
    mine = {
        batch.index: {"answers": scorer.keep(model(batch.spec, keep_rate, score, method=method).logits)}
        for batch in split_batches(features, split, model.config, device, title)
    }
    return gather_clips(mine)["answers"]
