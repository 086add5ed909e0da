"""Does dropping patches in training make random ones as good as attention's? Two trainings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from training.data.answers import StoredAnswers
from training.data.features import Features
from training.engine.identity import last_log_line
from training.measure.against_random import (
    RANKINGS,
    RATES,
    SPLIT,
    Passes,
    accuracy_by_ranking,
    lead_over_random,
    passes_of,
)
from training.measure.batches import split_rows
from training.measure.variants import describe_study, train_variant
from training.measure.ways import rate_key
from training.recipes.settings import FinetuneRecipe
from training.scoring.scores import Scorer, scorer_for, tidy

TRAININGS = ("whole", "dropped")
"""Trainings on whole pictures, and with the recipe's share of patches dropped at random."""


def recipe_of(recipe: FinetuneRecipe, training: str) -> FinetuneRecipe:
    """The recipe of one training; all but ``token_drop`` is the same."""
    return replace(recipe, token_drop=0.0) if training == "whole" else recipe


def summary(answers: Mapping[str, Passes], scorer: Scorer) -> dict:
    """Accuracy of each training by each ranking, and the two differences on the same clips.

    Parameters
    ----------
    answers : dict of training -> its passes
    """
    whole, dropped = (answers[training] for training in TRAININGS)
    gain = {
        ranking: {
            rate: scorer.difference(whole[ranking, rate], dropped[ranking, rate])
            for rate in map(rate_key, RATES)
        }
        for ranking in RANKINGS
    }
    return {
        "accuracy": {training: accuracy_by_ranking(scorer, passes) for training, passes in answers.items()},
        "attention_minus_random": {
            training: lead_over_random(scorer, passes) for training, passes in answers.items()
        },
        "whole_minus_dropped": gain,
    }


def drop_study(
    features: Features, stored: StoredAnswers, recipe: FinetuneRecipe, init: str, out: Path
) -> dict:
    """Train and test both; returns the content of the results file."""
    rows = split_rows(features, SPLIT)
    scorer = scorer_for(features, rows)
    answers: dict[str, Passes] = {}
    trained: dict[str, dict] = {}
    for training in TRAININGS:
        folder = out / training
        model = train_variant(folder, recipe_of(recipe, training), features, init=init, answers=stored)
        line = last_log_line(folder)
        trained[training] = {"minutes": tidy(line["minutes"]), "clips_seen": line["step"] * recipe.batch}
        answers[training] = passes_of(model, features, scorer, training)
    heading = describe_study(features, recipe, scorer, len(rows), [0], init)
    return {**heading, "trained": trained, **summary(answers, scorer)}
