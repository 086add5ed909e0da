"""The paper's comparison of scores: one short training for each score and keep-rate, from a common start.

    python -m training.score_study FEATURES --recipe ast-spc12-study --init runs/ast-spc12-start \\
        --out runs/score-study-ast

Every model is tested at the keep-rate and by the score that it was trained with (paper Table I); differences
are paired, on the same clips. After a stop, the same command continues. Writes
assets/results/studies/scores-RECIPE.json.
"""

from __future__ import annotations

from pathlib import Path

from tpexplore.writing import write_json
from training.data.features import read_features
from training.engine.command import results_file, run_command, study_arguments
from training.measure.score_study import study
from training.measure.variants import STUDIES_FOLDER, print_differences
from training.recipes.settings import FinetuneRecipe, load_recipe
from training.system import parallel


def main() -> None:
    args = study_arguments(__doc__, "training.score_study").parse_args()
    recipe = load_recipe(args.recipe, FinetuneRecipe)
    path = results_file(STUDIES_FOLDER, f"scores-{Path(args.recipe).stem}.json")
    results = study(read_features(args.features), recipe, args.init, args.out, args.seeds)
    if not parallel.is_main():
        return
    write_json(path, results)
    print_differences(results["paired"])


if __name__ == "__main__":
    run_command(main)
