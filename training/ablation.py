"""What each part of a recipe is worth: short trainings, each without one part.

    python -m training.ablation FEATURES MORE_FEATURES … --recipe ast-spc12-parts --out runs/recipe-parts

The parts are the tagger's answers (all, the tags alone, the embedding alone), the further folders' unlabelled
audio, whitened patches, Muon (AdamW instead), dropping patches at random, and elastic keep-rates (0.5
instead). Steps and clips per step stay the same. Every model is tested on the first folder's test split at
four keep-rates; differences are paired, on the same clips. After a stop, the same command continues. Writes
assets/results/studies/recipe-parts.json.
"""

from __future__ import annotations

from tpexplore.writing import write_json
from training.data.training_data import answered_data
from training.engine.command import (
    add_feature_folders,
    add_recipe,
    add_run_folders,
    add_seeds,
    command_arguments,
    results_file,
    run_command,
)
from training.measure.ablation import ablation
from training.measure.variants import STUDIES_FOLDER, print_differences
from training.recipes.settings import FinetuneRecipe, load_recipe
from training.system import parallel

FILE = "recipe-parts.json"


def main() -> None:
    parser = command_arguments(__doc__, "training.ablation")
    add_feature_folders(parser, "folders made by training.features, with answers")
    add_recipe(parser)
    add_run_folders(parser)
    add_seeds(parser)
    args = parser.parse_args()
    recipe = load_recipe(args.recipe, FinetuneRecipe)
    path = results_file(STUDIES_FOLDER, FILE)
    features, answers = answered_data(args.features)
    results = ablation(features, answers, recipe, args.out, args.seeds)
    if not parallel.is_main():
        return
    write_json(path, results)
    print_differences(results["worth"])


if __name__ == "__main__":
    run_command(main)
