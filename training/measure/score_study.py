"""The paper's comparison of scores: one short training for each score and keep-rate, from a common start."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tpexplore.model.plan import SCORES
from training.data.features import Features
from training.engine.loop import pick_device
from training.engine.student import build_model
from training.measure.batches import split_rows
from training.measure.variants import describe_study, train_variant
from training.measure.ways import one_way, rate_key
from training.recipes.settings import FinetuneRecipe, changed
from training.scoring.scores import Scorer, scorer_for, tidy

STUDIED = (*SCORES, "random")
RATES = (0.8, 0.6, 0.4)

Cell = tuple[str, float, int]
"""Score, keep-rate and seed of one training."""


def summary(answers: dict[Cell, np.ndarray], scorer: Scorer, seeds: Sequence[int]) -> dict:
    """Accuracy of every score and keep-rate over all seeds, and what attention gains over the others."""

    def passes(score: str, rate: float) -> list[np.ndarray]:
        return [answers[score, rate, seed] for seed in seeds]

    accuracy: dict[str, dict] = {score: {} for score in STUDIED}
    paired: dict[str, dict] = {f"attention_minus_{score}": {} for score in STUDIED[1:]}
    for rate in RATES:
        for score in STUDIED:
            each = passes(score, rate)
            values = [tidy(scorer.value(one)) for one in each]
            accuracy[score][rate_key(rate)] = {**scorer.cell(*each), "seeds": values}
            if score != "attention":
                difference = scorer.difference(passes("attention", rate), each)
                paired[f"attention_minus_{score}"][rate_key(rate)] = difference
    return {"accuracy": accuracy, "paired": paired}


def study(features: Features, recipe: FinetuneRecipe, init: str, out: Path, seeds: Sequence[int]) -> dict:
    """Train and test everything; returns the content of the results file.

    It also holds the accuracy of the start itself, unpruned; a start with other classes has a new classifier,
    and guesses.
    """
    rows = split_rows(features, "test")
    scorer = scorer_for(features, rows)
    answers: dict[Cell, np.ndarray] = {}
    for seed in seeds:
        for rate in RATES:
            for score in STUDIED:
                folder = out / f"{score}-{rate_key(rate)}-seed{seed}"
                varied = changed(recipe, rate, score, recipe.seed + seed)
                model = train_variant(folder, varied, features, init=init)
                answers[score, rate, seed] = one_way(model, features, "test", scorer, rate, score)
    heading = describe_study(features, recipe, scorer, len(rows), list(seeds), init)
    start = build_model(features, recipe, init).eval().to(pick_device())
    before = scorer.cell(one_way(start, features, "test", scorer, 1.0, "attention"))
    return {**heading, "start_accuracy": before, **summary(answers, scorer, seeds)}
