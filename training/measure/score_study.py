"""The paper's comparison of scores: one short training for each score and keep-rate, from a common start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from tpexplore.checkpoints.bundled import RESULTS_FOLDER
from tpexplore.model.plan import SCORES
from training.data.features import Features
from training.engine.export import trained_model
from training.engine.finetuning import FinetuneStage, changed, note_origins
from training.engine.identity import git_commit, note_model, note_run
from training.engine.initialise import describe_start
from training.engine.lock import lock_folder
from training.engine.loop import Run, pick_device, train
from training.measure.batches import split_rows
from training.measure.evaluation import Scorer, one_way, rate_key
from training.measure.scores import scorer_for, tidy
from training.recipes.settings import FinetuneRecipe

STUDIED = (*SCORES, "random")
RATES = (0.8, 0.6, 0.4)
STUDIES_FOLDER = RESULTS_FOLDER / "studies"

Cell = tuple[str, float, int]
"""Score, keep-rate and seed of one training."""


def train_cell(cell: Cell, features: Features, recipe: FinetuneRecipe, init: str, out: Path) -> Path:
    """Train one model of the study, or go on with it; returns its run folder."""
    score, rate, seed = cell
    folder = out / f"{score}-{rate_key(rate)}-seed{seed}"
    varied = changed(recipe, rate, score, recipe.seed + seed)
    lock = lock_folder(folder)
    note_run(folder, varied, features)
    note_origins(folder, None, init)
    stage = FinetuneStage(features, varied, init=init)
    note_model(folder, stage.model.config, features)
    train(stage, Run(folder))
    del lock
    return folder


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
    """Train and test everything; returns the content of the results file."""
    rows = split_rows(features, "test")
    scorer = scorer_for(features, rows)
    answers: dict[Cell, np.ndarray] = {}
    for seed in seeds:
        for rate in RATES:
            for score in STUDIED:
                folder = train_cell((score, rate, seed), features, recipe, init, out)
                model = trained_model(folder, features).to(pick_device())
                answers[score, rate, seed] = one_way(model, features, "test", scorer, rate, score)
    return {
        "family": recipe.family,
        "task": features.meta["task"],
        "split": features.meta["split"],
        "features": features.keys,
        "metric": scorer.metric,
        "n": len(rows),
        "seeds": list(seeds),
        "start": describe_start(init),
        "recipe": asdict(recipe),
        **summary(answers, scorer, seeds),
        "commit": git_commit(),
    }
