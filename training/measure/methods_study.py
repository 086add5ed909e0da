"""Whether training closes the gap: one short training per method, from a common start, at one keep-rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tpexplore.model.plan import METHODS, SCORES
from training.data.features import Features
from training.measure.batches import split_rows
from training.measure.variants import describe_study, train_variant
from training.measure.ways import one_way, rate_key
from training.recipes.settings import FinetuneRecipe, changed
from training.scoring.scores import Scorer, scorer_for, tidy

RATE = 0.5

Cell = tuple[str, int]
"""Method and seed of one training."""


def summary(answers: dict[Cell, np.ndarray], scorer: Scorer, seeds: Sequence[int]) -> dict:
    """Accuracy of every method over all seeds, and what each gains over dropping on the same clips."""
    passes = {method: [answers[method, seed] for seed in seeds] for method in METHODS}
    accuracy = {
        method: {**scorer.cell(*each), "seeds": [tidy(scorer.value(one)) for one in each]}
        for method, each in passes.items()
    }
    paired = {method: scorer.difference(passes[method], passes["drop"]) for method in METHODS[1:]}
    return {"keep_rate": rate_key(RATE), "accuracy": accuracy, "paired": paired}


def study(features: Features, recipe: FinetuneRecipe, init: str, out: Path, seeds: Sequence[int]) -> dict:
    """Train and test every method, each as it was trained; returns the content of the results file."""
    rows = split_rows(features, "test")
    scorer = scorer_for(features, rows)
    answers: dict[Cell, np.ndarray] = {}
    for seed in seeds:
        for method in METHODS:
            varied = changed(recipe, RATE, SCORES[0], recipe.seed + seed)
            varied = replace(varied, pruning=replace(varied.pruning, method=method))
            model = train_variant(out / f"{method}-{rate_key(RATE)}-seed{seed}", varied, features, init=init)
            answers[method, seed] = one_way(model, features, "test", scorer, RATE, SCORES[0], method)
    heading = describe_study(features, recipe, scorer, len(rows), list(seeds), init)
    return {**heading, **summary(answers, scorer, seeds)}
