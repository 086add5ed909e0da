"""From a finished fine-tuning run to a bundled model: weights and card.

python -m training.export runs/ast-spc12 FEATURES --name ast-spc12
python -m training.export runs/ast-audioset FEATURES MORE_FEATURES … --name ast-audioset
python -m training.export --clusters ast-spc12 FEATURES
"""

from __future__ import annotations

from tpexplore.checkpoints.bundled import MODELS_FOLDER
from tpexplore.command_line import file_or_folder, plain_name
from training.data.features import read_features
from training.data.training_data import training_data
from training.engine.command import add_feature_folders, command_arguments, run_command
from training.measure.export import export, refresh_clusters
from training.recipes.settings import FinetuneRecipe, load_recipe


def main() -> None:
    parser = command_arguments(
        __doc__,
        "training.export",
        usage="%(prog)s RUN FEATURES [MORE_FEATURES …] --name NAME | --clusters NAME FEATURES",
    )
    parser.add_argument("run", type=file_or_folder, nargs="?", help="run folder of training.finetune")
    add_feature_folders(
        parser, "folders that the run was trained on; the card gets the clusters of the first one"
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--name", type=plain_name, help="name of the model to bundle")
    what.add_argument("--clusters", metavar="NAME", help="bundled model whose card to write clusters into")
    args = parser.parse_args()
    if (args.run is None) == (args.clusters is None):
        parser.error("expected a run folder with --name, and none with --clusters")
    if args.clusters is not None:
        print(refresh_clusters(args.clusters, read_features(args.features[0]), MODELS_FOLDER))
    else:
        recipe = load_recipe(str(args.run / "recipe.json"), FinetuneRecipe)
        features, _ = training_data(args.features, recipe.classes)
        print(export(args.run, features, args.name, MODELS_FOLDER))


if __name__ == "__main__":
    run_command(main)
