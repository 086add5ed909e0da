"""A small CNN that later teaches the transformers (knowledge distillation).

python -m training.teacher FEATURES --recipe teacher-spc12 --out runs/teacher-spc12
"""

from __future__ import annotations

from training.data.features import read_features
from training.engine.command import run_command, stage_arguments
from training.engine.loop import TrainingRun, train
from training.engine.teacher import TeacherStage
from training.recipes.settings import TeacherRecipe, load_recipe
from training.scoring.progress import say_if_unmeasured


def main() -> None:
    args = stage_arguments(__doc__, "training.teacher").parse_args()
    recipe = load_recipe(args.recipe, TeacherRecipe)
    features = read_features(args.features)
    folder = args.prepare(recipe, features)
    stage = TeacherStage(features, recipe)
    say_if_unmeasured(features)
    train(stage, TrainingRun(folder, args.minutes, args.accumulate))


if __name__ == "__main__":
    run_command(main)
