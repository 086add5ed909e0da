"""One training per ESC-50 fold, each tested on the fold it did not see, and their mean."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tpexplore.writing import write_json
from training.data.cache import cache_features
from training.data.datasets import load_dataset
from training.data.features import Features, read_features
from training.engine import parallel
from training.engine.finetuning import FinetuneStage
from training.engine.identity import git_commit, note_model, note_run
from training.engine.lock import lock_folder
from training.engine.loop import Run, train
from training.engine.origins import note_origins
from training.engine.teacher import TeacherStage
from training.measure.evaluation import evaluate_run
from training.recipes.settings import FinetuneRecipe, TeacherRecipe


def fold_features(root: Path, cache: Path, fold: int) -> Features:
    """Features with one fold as the test split, computed by one process."""
    dataset = load_dataset("esc50", root, fold=fold)
    if parallel.is_main():
        cache_features(dataset, cache)
    parallel.barrier()
    return read_features(cache_features(dataset, cache))


def train_fold(
    features: Features,
    folder: Path,
    recipe: FinetuneRecipe,
    teacher_recipe: TeacherRecipe | None,
    init: str | None,
) -> dict:
    """Teacher, model and results of one fold; returns the content of the run's results.json."""
    teacher = None
    if teacher_recipe:
        teacher = folder / "teacher"
        note_run(teacher, teacher_recipe, features)
        train(TeacherStage(features, teacher_recipe), Run(teacher))
    run = folder / "model"
    lock = lock_folder(run)
    note_run(run, recipe, features)
    note_origins(run, teacher, init)
    stage = FinetuneStage(features, recipe, init=init, teacher_folder=teacher)
    note_model(run, stage.model.config, features)
    train(stage, Run(run))
    results = evaluate_run(run, features)
    if parallel.is_main():
        write_json(run / "results.json", results)
    del lock
    return results


def summary(results: dict[int, dict]) -> dict:
    """Mean and standard deviation over folds of the metric, per score and keep-rate.

    Parameters
    ----------
    results : dict of fold -> content of a results file
    """
    first = next(iter(results.values()))
    table = {}
    for score, cells in first["keep_rate"].items():
        table[score] = {}
        for rate in cells:
            values = [r["keep_rate"][score][rate]["value"] for r in results.values()]
            table[score][rate] = {
                "mean": round(float(np.mean(values)), 5),
                "sd": round(float(np.std(values, ddof=1)), 5),
                "folds": values,
            }
    return {
        "task": first["task"],
        "metric": first["metric"],
        "folds": list(results),
        "n": sum(r["n"] for r in results.values()),
        "keep_rate": table,
        "commit": git_commit(),
    }
