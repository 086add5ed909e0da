"""Shared by studies of trainings: start or continue the training of a changed recipe, and load its model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tpexplore.checkpoints.bundled import RESULTS_FOLDER
from tpexplore.model.vit import AudioViT
from training.data.answers import StoredAnswers
from training.data.features import Features
from training.engine.finetuning import FinetuneStage
from training.engine.identity import git_commit, note_model, note_run
from training.engine.initialise import describe_start
from training.engine.loop import TrainingRun, pick_device, train
from training.engine.origins import note_origins
from training.measure.export import trained_model
from training.recipes.settings import FinetuneRecipe
from training.scoring.scores import Scorer
from training.system.lock import lock_folder

STUDIES_FOLDER = RESULTS_FOLDER / "studies"


def train_variant(
    folder: Path,
    recipe: FinetuneRecipe,
    features: Features,
    *,
    init: str | None = None,
    answers: StoredAnswers | None = None,
    teacher: Path | None = None,
) -> AudioViT:
    """The model of a run folder, after training the remaining steps; on the device that trainings use.

    ``teacher`` is the run folder of a CNN that it learns from.
    """
    lock = lock_folder(folder)
    note_run(folder, recipe, features)
    note_origins(folder, teacher, init, answers)
    stage = FinetuneStage(features, recipe, init=init, teacher_folder=teacher, answers=answers)
    note_model(folder, stage.model.config, features)
    train(stage, TrainingRun(folder))
    del lock
    return trained_model(folder, features).to(pick_device())


def describe_study(
    features: Features, recipe: FinetuneRecipe, scorer: Scorer, clips: int, seeds: list[int], init: str | None
) -> dict:
    """The first entries of a study's results file.

    Parameters
    ----------
    clips : int
        How many clips the models were tested on.
    """
    return {
        "family": recipe.family,
        "task": features.meta["task"],
        "split": features.meta["split"],
        "features": features.keys,
        "metric": scorer.metric,
        "n": clips,
        "seeds": seeds,
        "start": describe_start(init),
        "recipe": asdict(recipe),
        "commit": git_commit(),
    }


def print_differences(compared: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> None:
    """One line for each comparison and keep-rate: the difference with its 95 % interval."""
    for name, rates in compared.items():
        for rate, cell in rates.items():
            low, high = cell["ci95"]
            print(f"{name} at {rate}: {cell['value']:+.1%} ({low:+.1%} to {high:+.1%})")
