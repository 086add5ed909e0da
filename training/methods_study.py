"""Whether training closes the gap: one short training for each method, from a common start, at keep-rate 0.5.

    python -m training.methods_study FEATURES --recipe ast-spc12-study --init runs/ast-spc12-start \\
        --out runs/methods-study-ast

Each model is tested with the method that it was trained with; differences are paired, on the same clips.
After a stop, the same command continues. Writes assets/results/studies/methods-RECIPE.json.
"""

from __future__ import annotations

from pathlib import Path

from tpexplore.writing import write_json
from training.data.features import read_features
from training.engine.command import results_file, run_command, study_arguments
from training.measure.methods_study import study
from training.measure.variants import STUDIES_FOLDER
from training.recipes.settings import FinetuneRecipe, load_recipe
from training.system import parallel


def main() -> None:
    args = study_arguments(__doc__, "training.methods_study").parse_args()
    recipe = load_recipe(args.recipe, FinetuneRecipe)
    path = results_file(STUDIES_FOLDER, f"methods-{Path(args.recipe).stem}.json")
    results = study(read_features(args.features), recipe, args.init, args.out, args.seeds)
    if not parallel.is_main():
        return
    write_json(path, results)
    for method, cell in results["paired"].items():
        low, high = cell["ci95"]
        print(f"{method} minus drop: {cell['value']:+.1%} ({low:+.1%} to {high:+.1%})")


if __name__ == "__main__":
    run_command(main)
