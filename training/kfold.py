"""One training per ESC-50 fold, each tested on the fold it did not see, and all folds together.

    python -m training.kfold ESC50_PATH US8K SOUNDS_CC --recipe ast-esc50-folds \\
        --init runs/ast-audioset-without-esc50 --tagger mn04_as_mAP_432.pt --out runs/ast-esc50-folds

The starting model must never have heard ESC-50, not even without labels, or only some folds are new to it.

From further feature folders it uses the training clips and a tagger's answers to them, not the labels. After
a stop, the same command continues. Writes assets/results/studies/folds-FAMILY.json.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from tpexplore.command_line import file_or_folder
from tpexplore.errors import InputError
from tpexplore.writing import write_json
from training.data.datasets.esc50 import ESC50
from training.data.tagger import load_tagger
from training.engine.command import (
    Different,
    add_recipe,
    add_run_folders,
    command_arguments,
    model_to_start_from,
    results_file,
    run_command,
)
from training.engine.identity import datasets_heard
from training.engine.initialise import describe_start
from training.measure.folds import five_folds, fold_data
from training.measure.variants import STUDIES_FOLDER
from training.recipes.settings import FinetuneRecipe, TeacherRecipe, load_recipe
from training.system import parallel
from training.system.lock import lock_folder


def main() -> None:
    parser = command_arguments(__doc__, "training.kfold")
    parser.add_argument("root", type=file_or_folder, help="ESC-50 in its official layout")
    parser.add_argument(
        "others",
        type=file_or_folder,
        action=Different,
        nargs="*",
        help="further feature folders, with answers",
    )
    add_recipe(parser)
    parser.add_argument("--teacher-recipe", help="recipe of a CNN that each model learns from")
    parser.add_argument(
        "--init",
        type=model_to_start_from,
        help="bundled model, run folder or file to start from; one that heard no clip of ESC-50",
    )
    parser.add_argument("--tagger", type=file_or_folder, help="a checkpoint of EfficientAT to learn from")
    add_run_folders(parser)
    parser.add_argument(
        "--features", type=file_or_folder, default=Path("runs/features"), help="folder of caches"
    )
    args = parser.parse_args()
    recipe = load_recipe(args.recipe, FinetuneRecipe)
    teacher = load_recipe(args.teacher_recipe, TeacherRecipe) if args.teacher_recipe is not None else None
    tagger = load_tagger(args.tagger) if args.tagger else None
    if ESC50 in datasets_heard(describe_start(args.init)):
        raise InputError(
            f"{args.init} has heard clips of ESC-50, so not every fold is new to it. Start from a model that"
            " has heard none, or leave --init out."
        )
    path = results_file(STUDIES_FOLDER, f"folds-{recipe.family}.json")
    lock = lock_folder(args.out)
    data_of = partial(fold_data, args.root, args.features, tagger=tagger, others=args.others)
    results = five_folds(data_of, recipe, teacher, args.init, args.out)
    if parallel.is_main():
        write_json(path, results)
        for fold, value in zip(results["folds"], results["accuracy"]["unpruned"]["folds"], strict=True):
            print(f"fold {fold}: {value:.1%} without pruning")
    del lock


if __name__ == "__main__":
    run_command(main)
