"""One training per ESC-50 fold, each tested on the fold it did not see, and their mean.

    python -m training.kfold ESC50_PATH --recipe ast-esc50 --teacher-recipe teacher-esc50 \\
        --init ast-spc12 --out runs/ast-esc50-folds

Rerun after a stop, it goes on where it was.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from tpexplore.command_line import file_or_folder
from tpexplore.writing import write_json

from . import parallel
from .command import command_arguments, run_command
from .data.cache import cache_features
from .data.features import Features, read_features
from .datasets import load_dataset
from .datasets.esc50 import FOLDS
from .evaluate import evaluate_run
from .finetune import FinetuneStage, note_origins
from .identity import git_commit, note_model, note_run
from .lock import lock_folder
from .loop import Run, train
from .recipes import FinetuneRecipe, TeacherRecipe, load_recipe
from .teacher import TeacherStage


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


def main() -> None:
    parser = command_arguments(__doc__, "training.kfold")
    parser.add_argument("root", type=file_or_folder, help="ESC-50 in its official layout")
    parser.add_argument("--recipe", required=True)
    parser.add_argument("--teacher-recipe")
    parser.add_argument("--init", help="bundled model or file to start from; one that saw no fold")
    parser.add_argument("--out", type=file_or_folder, required=True)
    parser.add_argument(
        "--features", type=file_or_folder, default=Path("runs/features"), help="folder of caches"
    )
    args = parser.parse_args()
    recipe = load_recipe(args.recipe, FinetuneRecipe)
    teacher = load_recipe(args.teacher_recipe, TeacherRecipe) if args.teacher_recipe else None
    lock = lock_folder(args.out)
    results = {}
    for fold in FOLDS:
        features = fold_features(args.root, args.features, fold)
        # Another seed each, so that the spread holds that of the start as well.
        seeded = replace(recipe, seed=recipe.seed + fold)
        folder = args.out / f"fold{fold}"
        results[fold] = train_fold(features, folder, seeded, teacher, args.init)
        print(f"fold {fold}: {results[fold]['keep_rate']['attention']['1.00']['value']:.1%}")
    if parallel.is_main():
        write_json(args.out / "folds.json", summary(results))
    del lock


if __name__ == "__main__":
    run_command(main)
