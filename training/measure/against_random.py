"""A model's answers to its test clips by attention and by random patches, which attention must beat."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tpexplore.model.forward import Entered
from tpexplore.model.vit import AudioViT
from training.data.features import Features
from training.measure.batches import gather_clips, split_batches
from training.measure.ways import RANDOM_SEEDS, Way, random_rankings, rate_key
from training.scoring.scores import Scorer

SPLIT = "test"
RATES = (0.7, 0.5, 0.4, 0.3)
RANKINGS = ("attention", "random")

Passes = dict[Way, list[np.ndarray]]
"""Answers to the test clips by way through the model; random patches have several passes."""


@torch.inference_mode()
def passes_of(model: AudioViT, features: Features, scorer: Scorer, title: str) -> Passes:
    """Answers without pruning, ("unpruned",), and by each ranking at each keep-rate, ("random", "0.70")."""
    mine = {}
    for batch in split_batches(features, SPLIT, model.config, model.device, title):
        entered = Entered(model, batch.spec)
        rankings: dict[str, str | Tensor] = {"attention": "attention"} | random_rankings(model, batch)
        mine[batch.index] = {("unpruned",): scorer.keep(entered.output().logits)} | {
            (name, rate_key(rate)): scorer.keep(entered.output(rate, ranking).logits)
            for name, ranking in rankings.items()
            for rate in RATES
        }
    answers = gather_clips(mine)
    passes = {way: [answers[way]] for way in answers if way[0] in ("unpruned", "attention")}
    for rate in map(rate_key, RATES):
        passes["random", rate] = [answers[f"random {seed}", rate] for seed in RANDOM_SEEDS]
    return passes


def accuracy_by_ranking(scorer: Scorer, passes: Passes) -> dict:
    """Cells of the accuracy without pruning, and by each ranking at each keep-rate."""
    rates = [rate_key(rate) for rate in RATES]
    return {"unpruned": scorer.cell(*passes["unpruned",])} | {
        ranking: {rate: scorer.cell(*passes[ranking, rate]) for rate in rates} for ranking in RANKINGS
    }


def lead_over_random(scorer: Scorer, passes: Passes) -> dict:
    """What attention gains over random patches on the same clips, by keep-rate."""
    return {
        rate: scorer.difference(passes["attention", rate], passes["random", rate])
        for rate in map(rate_key, RATES)
    }
