"""One training per ESC-50 fold, each tested on the fold it did not see, and all folds together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from training.data.answers import StoredAnswers, store_answers
from training.data.cache import cache_features
from training.data.datasets import load_dataset
from training.data.datasets.esc50 import FOLDS
from training.data.features import Features
from training.data.tagger import Tagger
from training.data.training_data import training_data
from training.engine.identity import last_log_line, note_run
from training.engine.loop import TrainingRun, train
from training.engine.teacher import TeacherStage
from training.measure.against_random import (
    RANKINGS,
    RATES,
    SPLIT,
    Passes,
    accuracy_by_ranking,
    lead_over_random,
    passes_of,
)
from training.measure.variants import describe_study, train_variant
from training.measure.ways import rate_key
from training.recipes.settings import FinetuneRecipe, TeacherRecipe
from training.scoring.scores import Accuracy, tidy
from training.system import parallel


@dataclass(frozen=True)
class Fold:
    """Answers of one fold's model to that fold's clips.

    Attributes
    ----------
    targets : (clips, classes) bool
    minutes : float
        Training time.
    """

    targets: np.ndarray
    passes: Passes
    minutes: float


def fold_data(
    root: Path, cache: Path, fold: int, tagger: Tagger | None = None, others: Sequence[Path] = ()
) -> tuple[Features, StoredAnswers | None]:
    """ESC-50 with one fold as the test split, and a tagger's answers to it.

    Parameters
    ----------
    root : Path
        ESC-50 in its official layout.
    cache : Path
        Folder of caches; features and answers are stored there unless they are there already.
    others : sequence of Path
        Further feature folders, whose training clips are added without labels.
    """
    dataset = load_dataset("esc50", root, fold=fold)
    if parallel.is_main():
        cache_features(dataset, cache)
    parallel.barrier()
    folder = cache_features(dataset, cache)
    if tagger:
        store_answers(folder, root, tagger)
    return training_data([folder, *others])


def run_fold(
    fold: int,
    features: Features,
    answers: StoredAnswers | None,
    folder: Path,
    recipe: FinetuneRecipe,
    teacher_recipe: TeacherRecipe | None,
    init: str | None,
) -> Fold:
    """Train the teacher and the model of one fold, unless they are finished, and test the model."""
    teacher = None
    if teacher_recipe:
        teacher = folder / "teacher"
        note_run(teacher, teacher_recipe, features)
        train(TeacherStage(features, teacher_recipe), TrainingRun(teacher))
    # A different seed for each fold, so that the spread includes that of training.
    seeded = replace(recipe, seed=recipe.seed + fold)
    run = folder / "model"
    model = train_variant(run, seeded, features, init=init, answers=answers, teacher=teacher)
    targets = features.targets[features.indices(SPLIT)]
    passes = passes_of(model, features, Accuracy(targets), f"fold {fold}")
    return Fold(targets, passes, tidy(last_log_line(run)["minutes"]))


def pooled(folds: Sequence[Fold]) -> Passes:
    """Answers to the clips of all folds, one fold after the other."""
    return {
        way: [np.concatenate(one) for one in zip(*(fold.passes[way] for fold in folds), strict=True)]
        for way in folds[0].passes
    }


def summary(folds: dict[int, Fold], scorer: Accuracy) -> dict:
    """Accuracy over the clips of all folds and in each, what pruning loses, and attention against random.

    Parameters
    ----------
    scorer
        Judges `pooled` answers.
    """
    several = list(folds.values())
    passes = pooled(several)
    alone = [accuracy_by_ranking(Accuracy(fold.targets), fold.passes) for fold in several]
    accuracy = accuracy_by_ranking(scorer, passes)
    accuracy["unpruned"] |= _spread([one["unpruned"] for one in alone])
    for ranking in RANKINGS:
        for rate, cell in accuracy[ranking].items():
            cell |= _spread([one[ranking][rate] for one in alone])
    return {
        "folds": list(folds),
        "minutes": [fold.minutes for fold in several],
        "accuracy": accuracy,
        "pruned_minus_unpruned": {
            ranking: {
                rate: scorer.difference(passes[ranking, rate], passes["unpruned",])
                for rate in map(rate_key, RATES)
            }
            for ranking in RANKINGS
        },
        "attention_minus_random": lead_over_random(scorer, passes),
    }


def five_folds(
    data_of: Callable[[int], tuple[Features, StoredAnswers | None]],
    recipe: FinetuneRecipe,
    teacher_recipe: TeacherRecipe | None,
    init: str | None,
    out: Path,
) -> dict:
    """Train and test all folds; returns the content of the results file.

    Parameters
    ----------
    data_of : callable
        Takes a fold; returns its features and a tagger's answers, like `fold_data`.
    out : Path
        Folder for the run folders, which a rerun continues.
    """
    folds, keys = {}, {}
    for fold in FOLDS:
        features, answers = data_of(fold)
        folds[fold] = run_fold(fold, features, answers, out / f"fold{fold}", recipe, teacher_recipe, init)
        keys |= features.keys
    tested = np.concatenate([fold.targets for fold in folds.values()])
    scorer = Accuracy(tested)
    together = replace(features, meta=features.meta | {"split": "each fold once", "keys": keys})
    seeds = [recipe.seed + fold for fold in FOLDS]
    heading = describe_study(together, recipe, scorer, len(tested), seeds, init)
    return {**heading, **summary(folds, scorer)}


def _spread(cells: Sequence[dict]) -> dict:
    """The value of every fold and their standard deviation."""
    values = [cell["value"] for cell in cells]
    return {"folds": values, "sd": tidy(np.std(values, ddof=1))}
