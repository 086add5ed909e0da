"""What each part of a recipe is worth: the same short training and test without one part at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from training.data.answers import StoredAnswers
from training.data.features import Features
from training.engine.identity import last_log_line
from training.measure.batches import split_rows
from training.measure.variants import describe_study, train_variant
from training.measure.ways import one_way, rate_key
from training.recipes.settings import FinetuneRecipe, StoredLessons
from training.scoring.scores import Scorer, scorer_for, tidy

RATES = (1.0, 0.7, 0.5, 0.3)
"""Keep-rates, by attention, at which every model is tested."""
FULL = "nothing"
"""The whole recipe, from which nothing is left out."""
ONE_RATE = 0.5
"""The keep-rate of the training without elastic keep-rates."""


def _without_teacher(recipe: FinetuneRecipe) -> FinetuneRecipe:
    # Without a teacher, clips without labels teach nothing, so none are drawn.
    return replace(recipe, answers=StoredLessons(labelled_share=1.0))


PARTS: dict[str, Callable[[FinetuneRecipe], FinetuneRecipe]] = {
    "teacher": _without_teacher,
    "tags": lambda r: replace(r, answers=replace(r.answers, tags=0.0, tag_logits=0.0, tag_softmax=0.0)),
    "embedding": lambda r: replace(r, answers=replace(r.answers, embedding=0.0)),
    "unlabelled": lambda r: replace(r, answers=replace(r.answers, labelled_share=1.0)),
    "whitening": lambda r: replace(r, whiten=False),
    "muon": lambda r: replace(r, optimiser=replace(r.optimiser, kind="adamw")),
    "dropping": lambda r: replace(r, token_drop=0.0),
    "elastic": lambda r: replace(r, pruning=replace(r.pruning, keep_rate=ONE_RATE)),
}
"""The recipe without each part. Steps, clips per step and their order stay the same."""

Answers = dict[tuple[str, str, int], np.ndarray]
"""Answers to the test clips by the part left out, the keep-rate and the seed."""


def summary(answers: Answers, scorer: Scorer, seeds: Sequence[int], parts: Sequence[str]) -> dict:
    """Accuracy without each part at every keep-rate, and the whole recipe's lead on the same clips."""

    def passes(part: str, rate: str) -> list[np.ndarray]:
        return [answers[part, rate, seed] for seed in seeds]

    accuracy: dict[str, dict] = {part: {} for part in (FULL, *parts)}
    worth: dict[str, dict] = {part: {} for part in parts}
    for rate in map(rate_key, RATES):
        for part in (FULL, *parts):
            each = passes(part, rate)
            seed_values = [tidy(scorer.value(one)) for one in each]
            accuracy[part][rate] = {**scorer.cell(*each), "seeds": seed_values}
            if part != FULL:
                worth[part][rate] = scorer.difference(passes(FULL, rate), each)
    return {"accuracy_without": accuracy, "worth": worth}


def ablation(
    features: Features, stored: StoredAnswers, recipe: FinetuneRecipe, out: Path, seeds: Sequence[int]
) -> dict:
    """Train and test the whole recipe, and the recipe without each part; returns the results."""
    rows = split_rows(features, "test")
    scorer = scorer_for(features, rows)
    answers: Answers = {}
    minutes: dict[str, list[float]] = {part: [] for part in (FULL, *PARTS)}
    for seed in seeds:
        for part, without in {FULL: lambda r: r, **PARTS}.items():
            folder = out / f"without-{part}-seed{seed}"
            varied = replace(without(recipe), seed=recipe.seed + seed)
            model = train_variant(folder, varied, features, answers=stored)
            minutes[part].append(last_log_line(folder)["minutes"])
            for rate in RATES:
                answers[part, rate_key(rate), seed] = one_way(
                    model, features, "test", scorer, rate, "attention"
                )
    return {
        **describe_study(features, recipe, scorer, len(rows), list(seeds), None),
        "clips_seen": last_log_line(out / f"without-{FULL}-seed{seeds[0]}")["step"] * recipe.batch,
        "minutes": minutes,
        **summary(answers, scorer, seeds, tuple(PARTS)),
    }
