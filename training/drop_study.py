"""Does dropping patches in training make random patches as good as attention's? Two trainings.

    python -m training.drop_study FEATURES MORE_FEATURES … --recipe ast-esc50-drop-study \\
        --init runs/ast-audioset-further --out runs/drop-study-ast

One training sees whole pictures, the other drops the recipe's share of patches at random; all else is the
same, and neither prunes. Both are tested on the first folder's test split by attention and by random patches.
After a stop, the same command continues. Writes assets/results/studies/drop-FAMILY.json.
"""

from __future__ import annotations

from tpexplore.writing import write_json
from training.data.training_data import answered_data
from training.engine.command import (
    add_feature_folders,
    add_recipe,
    add_run_folders,
    add_start,
    command_arguments,
    results_file,
    run_command,
)
from training.measure.drop_study import drop_study
from training.measure.variants import STUDIES_FOLDER, print_differences
from training.recipes.settings import FinetuneRecipe, load_recipe
from training.system import parallel


def main() -> None:
    parser = command_arguments(__doc__, "training.drop_study")
    add_feature_folders(parser, "folders made by training.features, with answers")
    add_recipe(parser)
    add_start(parser)
    add_run_folders(parser)
    args = parser.parse_args()
    recipe = load_recipe(args.recipe, FinetuneRecipe)
    path = results_file(STUDIES_FOLDER, f"drop-{recipe.family}.json")
    features, answers = answered_data(args.features)
    results = drop_study(features, answers, recipe, args.init, args.out)
    if not parallel.is_main():
        return
    write_json(path, results)
    print_differences(results["attention_minus_random"])


if __name__ == "__main__":
    run_command(main)
