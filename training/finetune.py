"""Supervised training of an AudioMAE or AST, first unpruned, then pruning.

    python -m training.finetune FEATURES --recipe audiomae-spc12 --init runs/pretrain-spc12 \\
        --teacher runs/teacher-spc12 --out runs/audiomae-spc12
    python -m training.finetune FEATURES MORE_FEATURES … --recipe ast-audioset --out runs/ast-audioset

From further feature folders it uses the training clips and a tagger's stored answers to them
(`training.answers`), not the labels.
"""

from __future__ import annotations

from tpexplore.command_line import file_or_folder, share, whole
from tpexplore.model.plan import RANKINGS
from training.data.training_data import training_data
from training.engine.command import model_to_start_from, run_command, stage_arguments
from training.engine.finetuning import FinetuneStage
from training.engine.identity import note_model
from training.engine.loop import TrainingRun, train
from training.engine.origins import note_origins
from training.recipes.settings import FinetuneRecipe, changed, load_recipe
from training.recipes.values import LARGEST_SEED
from training.scoring.progress import say_if_unmeasured


def main() -> None:
    parser = stage_arguments(__doc__, "training.finetune", several=True)
    parser.add_argument(
        "--init", type=model_to_start_from, help="run folder of training.pretrain, bundled model or file"
    )
    parser.add_argument("--teacher", type=file_or_folder, help="run folder of training.teacher")
    parser.add_argument("--keep-rate", type=share, help="replaces the recipe's keep-rate")
    parser.add_argument("--score", choices=RANKINGS, help="replaces the recipe's scores")
    parser.add_argument("--seed", type=whole(0, LARGEST_SEED), help="replaces the recipe's seed")
    args = parser.parse_args()
    recipe = changed(load_recipe(args.recipe, FinetuneRecipe), args.keep_rate, args.score, args.seed)
    features, answers = training_data(args.features, recipe.classes)
    folder = args.prepare(recipe, features)
    note_origins(folder, args.teacher, args.init, answers)
    stage = FinetuneStage(features, recipe, init=args.init, teacher_folder=args.teacher, answers=answers)
    note_model(folder, stage.model.config, features)
    say_if_unmeasured(features)
    train(stage, TrainingRun(folder, args.minutes, args.accumulate))


if __name__ == "__main__":
    run_command(main)
