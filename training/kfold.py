"""One training per ESC-50 fold, each tested on the fold it did not see, and their mean.

    python -m training.kfold ESC50_PATH --recipe ast-esc50 --teacher-recipe teacher-esc50 \\
        --init ast-spc12 --out runs/ast-esc50-folds

Rerun after a stop, it goes on where it was.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tpexplore.command_line import file_or_folder
from tpexplore.writing import write_json
from training.data.datasets.esc50 import FOLDS
from training.engine import parallel
from training.engine.command import command_arguments, model_to_start_from, run_command
from training.engine.folds import fold_features, summary, train_fold
from training.engine.lock import lock_folder
from training.recipes.settings import FinetuneRecipe, TeacherRecipe, load_recipe


def main() -> None:
    parser = command_arguments(__doc__, "training.kfold")
    parser.add_argument("root", type=file_or_folder, help="ESC-50 in its official layout")
    parser.add_argument("--recipe", required=True)
    parser.add_argument("--teacher-recipe")
    parser.add_argument(
        "--init", type=model_to_start_from, help="bundled model or file to start from; one that saw no fold"
    )
    parser.add_argument("--out", type=file_or_folder, required=True)
    parser.add_argument(
        "--features", type=file_or_folder, default=Path("runs/features"), help="folder of caches"
    )
    args = parser.parse_args()
    recipe = load_recipe(args.recipe, FinetuneRecipe)
    teacher = None
    if args.teacher_recipe is not None:
        teacher = load_recipe(args.teacher_recipe, TeacherRecipe)
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
