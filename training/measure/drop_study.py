"""Does dropping patches in training make random ones as good as attention's? Two trainings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tpexplore.model.forward import Entered
from tpexplore.model.vit import AudioViT
from training.data.answers import StoredAnswers
from training.data.features import Features
from training.engine.identity import last_log_line
from training.measure.batches import gather_clips, split_batches, split_rows
from training.measure.scores import Scorer, scorer_for, tidy
from training.measure.variants import describe_study, train_variant
from training.measure.ways import RANDOM_SEEDS, Way, random_rankings, rate_key
from training.recipes.settings import FinetuneRecipe

SPLIT = "test"
RATES = (0.7, 0.5, 0.4, 0.3)
RANKINGS = ("attention", "random")
TRAININGS = ("whole", "dropped")
"""Trainings on whole pictures, and with the recipe's share of patches dropped at random."""

Answers = dict[str, dict[Way, list[np.ndarray]]]
"""Answers to the test clips by training and way through its model; random patches have several passes."""


def recipe_of(recipe: FinetuneRecipe, training: str) -> FinetuneRecipe:
    """The recipe of one training; all but ``token_drop`` is the same."""
    return replace(recipe, token_drop=0.0) if training == "whole" else recipe


@torch.inference_mode()
def answers_of(
    model: AudioViT, features: Features, scorer: Scorer, title: str
) -> dict[Way, list[np.ndarray]]:
    """Answers without pruning, and by attention and random patches at each keep-rate: lists of passes."""
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


def summary(answers: Answers, scorer: Scorer) -> dict:
    """Accuracy of each training by each ranking, and the two differences on the same clips."""
    rates = [rate_key(rate) for rate in RATES]
    accuracy = {
        training: {"unpruned": scorer.cell(*passes["unpruned",])}
        | {ranking: {rate: scorer.cell(*passes[ranking, rate]) for rate in rates} for ranking in RANKINGS}
        for training, passes in answers.items()
    }
    lead = {
        training: {
            rate: scorer.difference(passes["attention", rate], passes["random", rate]) for rate in rates
        }
        for training, passes in answers.items()
    }
    whole, dropped = (answers[training] for training in TRAININGS)
    gain = {
        ranking: {rate: scorer.difference(whole[ranking, rate], dropped[ranking, rate]) for rate in rates}
        for ranking in RANKINGS
    }
    return {"accuracy": accuracy, "attention_minus_random": lead, "whole_minus_dropped": gain}


def drop_study(
    features: Features, stored: StoredAnswers, recipe: FinetuneRecipe, init: str, out: Path
) -> dict:
    """Train and test both; returns the content of the results file."""
    rows = split_rows(features, SPLIT)
    scorer = scorer_for(features, rows)
    answers: Answers = {}
    trained: dict[str, dict] = {}
    for training in TRAININGS:
        folder = out / training
        model = train_variant(folder, recipe_of(recipe, training), features, init=init, answers=stored)
        line = last_log_line(folder)
        trained[training] = {"minutes": tidy(line["minutes"]), "clips_seen": line["step"] * recipe.batch}
        answers[training] = answers_of(model, features, scorer, training)
    heading = describe_study(features, recipe, scorer, len(rows), [0], init)
    return {**heading, "trained": trained, **summary(answers, scorer)}
