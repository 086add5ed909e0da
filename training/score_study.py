"""The paper's comparison of scores: one short training for each score and keep-rate, from a common start.

    python -m training.score_study FEATURES --recipe ast-spc12-study --init runs/ast-spc12-start \\
        --out runs/score-study-ast

Every model is tested at the keep-rate and by the score that it was trained with (paper Table I); differences
are paired, on the same clips. Rerun after a stop, it goes on where it was. Writes
assets/results/studies/scores-RECIPE.json.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from tpexplore.checkpoints.bundled import RESULTS_FOLDER
from tpexplore.command_line import file_or_folder, whole
from tpexplore.model.plan import SCORES
from tpexplore.writing import write_json

from . import parallel
from .batches import split_rows
from .command import command_arguments, run_command
from .data.features import Features, read_features
from .evaluate import Scorer, one_way, rate_key
from .export import trained_model
from .finetune import FinetuneStage, changed, note_origins
from .identity import git_commit, note_model, note_run
from .initialise import describe_start
from .lock import lock_folder
from .loop import Run, pick_device, train
from .measure import scorer_for, tidy
from .recipe_values import LARGEST_SEED
from .recipes import FinetuneRecipe, load_recipe

STUDIED = (*SCORES, "random")
RATES = (0.8, 0.6, 0.4)
STUDIES_FOLDER = RESULTS_FOLDER / "studies"

Cell = tuple[str, float, int]
"""Score, keep-rate and seed of one training."""


def train_cell(cell: Cell, features: Features, recipe: FinetuneRecipe, init: str, out: Path) -> Path:
    """Train one model of the study, or go on with it; returns its run folder."""
    score, rate, seed = cell
    folder = out / f"{score}-{rate_key(rate)}-seed{seed}"
    varied = changed(recipe, rate, score, recipe.seed + seed)
    lock = lock_folder(folder)
    note_run(folder, varied, features)
    note_origins(folder, None, init)
    stage = FinetuneStage(features, varied, init=init)
    note_model(folder, stage.model.config, features)
    train(stage, Run(folder))
    del lock
    return folder


def summary(answers: dict[Cell, np.ndarray], scorer: Scorer, seeds: Sequence[int]) -> dict:
    """Accuracy of every score and keep-rate over all seeds, and what attention gains over the others."""

    def passes(score: str, rate: float) -> list[np.ndarray]:
        return [answers[score, rate, seed] for seed in seeds]

    accuracy: dict[str, dict] = {score: {} for score in STUDIED}
    paired: dict[str, dict] = {f"attention_minus_{score}": {} for score in STUDIED[1:]}
    for rate in RATES:
        for score in STUDIED:
            each = passes(score, rate)
            values = [tidy(scorer.value(one)) for one in each]
            accuracy[score][rate_key(rate)] = {**scorer.cell(*each), "seeds": values}
            if score != "attention":
                difference = scorer.difference(passes("attention", rate), each)
                paired[f"attention_minus_{score}"][rate_key(rate)] = difference
    return {"accuracy": accuracy, "paired": paired}


def study(features: Features, recipe: FinetuneRecipe, init: str, out: Path, seeds: Sequence[int]) -> dict:
    """Train and test everything; returns the content of the results file."""
    rows = split_rows(features, "test")
    scorer = scorer_for(features, rows)
    answers: dict[Cell, np.ndarray] = {}
    for seed in seeds:
        for rate in RATES:
            for score in STUDIED:
                folder = train_cell((score, rate, seed), features, recipe, init, out)
                model = trained_model(folder, features).to(pick_device())
                answers[score, rate, seed] = one_way(model, features, "test", scorer, rate, score)
    return {
        "family": recipe.family,
        "task": features.meta["task"],
        "split": features.meta["split"],
        "features": features.keys,
        "metric": scorer.metric,
        "n": len(rows),
        "seeds": list(seeds),
        "start": describe_start(init),
        "recipe": asdict(recipe),
        **summary(answers, scorer, seeds),
        "commit": git_commit(),
    }


def main() -> None:
    parser = command_arguments(__doc__, "training.score_study")
    parser.add_argument("features", type=file_or_folder, help="folder made by training.features")
    parser.add_argument("--recipe", required=True, help="name of a recipe, or a .json file")
    parser.add_argument(
        "--init",
        required=True,
        help="common start, never pruned: run folder, bundled model or file",
    )
    parser.add_argument("--out", type=file_or_folder, required=True, help="folder for the run folders")
    parser.add_argument(
        "--seeds", type=whole(0, LARGEST_SEED), nargs="+", default=[0], help="one training each; 0 by default"
    )
    args = parser.parse_args()
    recipe = load_recipe(args.recipe, FinetuneRecipe)
    results = study(read_features(args.features), recipe, args.init, args.out, args.seeds)
    if not parallel.is_main():
        return
    path = STUDIES_FOLDER / f"scores-{Path(args.recipe).stem}.json"
    write_json(path, results)
    for comparison, rates in results["paired"].items():
        for rate, cell in rates.items():
            low, high = cell["ci95"]
            print(f"{comparison} at {rate}: {cell['value']:+.1%} ({low:+.1%} to {high:+.1%})")


if __name__ == "__main__":
    run_command(main)
