"""Masked auto-encoding of log-mel pictures, as in AudioMAE [Huang 2022].

python -m training.pretrain FEATURES [MORE_FEATURES …] --recipe pretrain-spc12 --out runs/pretrain-spc12

If the recipe gives a tagger's stored answers (`training.answers`) a weight, the encoder learns them too.

Every few epochs a picture is saved in the run folder: the originals on top, then what the encoder sees, then
the decoder's reconstruction.
"""

from __future__ import annotations

from training.data.training_data import pretraining_data
from training.engine.command import model_to_start_from, run_command, stage_arguments
from training.engine.identity import note_model
from training.engine.loop import TrainingRun, train
from training.engine.origins import note_origins
from training.engine.pretraining import PretrainStage
from training.recipes.settings import PretrainRecipe, load_recipe


def main() -> None:
    parser = stage_arguments(__doc__, "training.pretrain", several=True)
    parser.add_argument(
        "--init", type=model_to_start_from, help="start from this bundled model, checkpoint or run folder"
    )
    args = parser.parse_args()
    recipe = load_recipe(args.recipe, PretrainRecipe)
    features, answers = pretraining_data(args.features)
    folder = args.prepare(recipe, features)
    note_origins(folder, None, args.init, answers)
    stage = PretrainStage(features, recipe, folder, args.init, answers)
    note_model(folder, stage.config, features)
    train(stage, TrainingRun(folder, args.minutes, args.accumulate))


if __name__ == "__main__":
    run_command(main)
