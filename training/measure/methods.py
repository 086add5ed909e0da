"""Drop, fuse or merge: accuracy and faithfulness of a bundled model by method and ranking."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from tpexplore.checkpoints.load import load_model
from tpexplore.model.forward import Entered
from tpexplore.model.plan import BY_ATTENTION, METHODS, RANKINGS, SCORES
from tpexplore.model.pruning import random_ranks
from tpexplore.model.vit import AudioViT
from tpexplore.results.store import entries, measured_methods
from tpexplore.stats.intervals import wilson_interval
from tpexplore.study.faithfulness import Faithfulness, Part, faithfulness, kept_maps
from training.data.features import Features
from training.data.sound import Sounds
from training.engine.identity import check_bundled, git_commit
from training.engine.loop import pick_device
from training.measure.batches import Batch, gather_clips, split_batches, split_rows
from training.measure.evaluation import heading
from training.measure.ways import FURTHER_RATES, rate_key
from training.scoring.class_names import tags_of_classes
from training.scoring.scores import cell, mean_cell, scorer_for, tidy

SPLIT = "test"
RANKED: dict[str, tuple[str, ...]] = {"drop": RANKINGS, "fuse": RANKINGS, "merge": SCORES[:1]}
"""Rankings of each method. Merging ranks nothing: its entry is named after the score that is passed."""
RANDOM_SEED = 0
HEARD_RATES = (0.7, 0.5)
HEARD_CLIPS = 60
"""Clips of a split whose parts are heard: each is resynthesised and run again about thirty times."""

NOTES = {
    "merge": "Ranks nothing: patches whose keys are alike join. Its one entry stands under attention.",
    "random": "One seed, a fixed random order of each clip's patches; assets/results has the mean of three.",
    "paired": "Accuracy minus that of dropping by attention, at the same keep-rate on the same clips.",
    "training": "One checkpoint serves all methods; it was trained with dropped patches only.",
    "faithfulness": "The sound of the patches kept after the last pruning block, and that of the others, each"
    " alone through the whole model. By merging, kept patches are those that others joined, or none."
    " confidence_drop is the probability of the whole clip's answer minus that from the part. The random"
    " ranking, one seed, keeps as many patches and is what the others are compared with.",
}


class Pass(NamedTuple):
    """One way through the model."""

    method: str
    score: str
    rate: float


UNPRUNED = Pass("drop", "attention", 1.0)


def passes(rankings: Sequence[str] = RANKINGS) -> list[Pass]:
    """All passes below keep-rate 1 whose accuracy is measured, the highest keep-rate first."""
    return [
        Pass(method, score, rate)
        for rate in reversed(FURTHER_RATES)
        for method in METHODS
        for score in RANKED[method]
        if score in rankings
    ]


def every_pass(model: AudioViT, batch: Batch, ways: Sequence[Pass]) -> Iterator[tuple[Pass, Tensor]]:
    """Logits (clips, classes) of a batch unpruned and in all these ways; shared work runs once."""
    entered = Entered(model, batch.spec)
    yield UNPRUNED, entered.output().logits
    clips = range(batch.first, batch.first + len(batch.spec))
    order = random_ranks(RANDOM_SEED, clips, model.config.patches).to(batch.spec.device)
    for way in ways:
        ranking = order if way.score == "random" else way.score
        yield way, entered.output(way.rate, ranking, way.method).logits


# -- accuracy


@torch.inference_mode()
def measure_accuracy(model: AudioViT, features: Features, rankings: Sequence[str] = RANKINGS) -> dict:
    """Accuracy against MACs by method and ranking, and what each gains over dropping by attention."""
    ways = passes(rankings)
    scorer = scorer_for(features, split_rows(features, SPLIT), model.config)
    mine = {
        batch.index: {way: scorer.keep(logits) for way, logits in every_pass(model, batch, ways)}
        for batch in split_batches(features, SPLIT, model.config, model.device, model.config.name)
    }
    answers = gather_clips(mine)
    accuracy: dict[str, dict] = {}
    paired: dict[str, dict] = {}
    for way in ways:
        pruned, rate = answers[way], rate_key(way.rate)
        same = float((scorer.top(pruned) == scorer.top(answers[UNPRUNED])).mean())
        accuracy.setdefault(way.method, {}).setdefault(way.score, {})[rate] = {
            **scorer.cell(pruned),
            "same_answer_as_unpruned": tidy(same),
            "macs": model.config.macs(way.rate, method=way.method),
        }
        paper = Pass("drop", "attention", way.rate)
        if way != paper:
            difference = scorer.difference([pruned], [answers[paper]])
            paired.setdefault(way.method, {}).setdefault(way.score, {})[rate] = difference
    whole = {**scorer.cell(answers[UNPRUNED]), "macs": model.config.macs()}
    return {"unpruned": whole, "accuracy": accuracy, "paired": paired}


# -- faithfulness


def heard_ways() -> list[Pass]:
    """Ways whose kept and removed parts are heard.

    A ranking that does not depend on attention keeps the same patches when dropping and fusing, so it is
    heard once.
    """
    return [
        Pass(method, score, rate)
        for method in METHODS
        for score in RANKED[method]
        if method == "drop" or score in BY_ATTENTION
        for rate in HEARD_RATES
    ]


@torch.inference_mode()
def measure_faithfulness(model: AudioViT, features: Features, folder: Path) -> dict:
    """The model's answers to kept and removed parts alone, on a seeded draw of the split's clips.

    Parameters
    ----------
    folder : Path
        The dataset's sound files.
    """
    rows, sounds, ways = split_rows(features, SPLIT), Sounds(features, folder), heard_ways()
    count = min(HEARD_CLIPS, len(rows))
    drawn = np.sort(np.random.default_rng(0).choice(len(rows), count, replace=False))
    tags = tags_of_classes(features, model.config)
    clips = [
        _hear(model, sounds.read(int(rows[clip])), int(clip), ways, tags)
        for clip in tqdm(drawn, desc=f"{model.config.name}, heard in parts")
    ]
    table: dict[str, dict] = {}
    for index, way in enumerate(ways):
        parts = {part: _part_cells([getattr(one, part) for one in clips], index) for part in PARTS}
        if way.score != "random":
            control = ways.index(Pass("drop", "random", way.rate))
            for part in PARTS:
                each = [getattr(one, part) for one in clips]
                parts[part]["minus_random"] = _minus(each, index, control)
        by_score = table.setdefault(way.method, {}).setdefault(way.score, {})
        by_score[rate_key(way.rate)] = parts
    return {"n": count, "draw": "seed 0 among the split's clips", "commit": git_commit(), "ways": table}


PARTS = ("kept", "removed")


def _hear(
    model: AudioViT, wave: np.ndarray, clip: int, ways: Sequence[Pass], tags: Sequence[int] | None
) -> Faithfulness:
    """One clip's parts in every way; equal maps of kept patches are heard once."""
    entered = Entered(model, model.spectrogram(wave)[None])
    order = random_ranks(RANDOM_SEED, [clip], model.config.patches).to(model.device)
    maps = [
        kept_maps(entered.output(way.rate, order if way.score == "random" else way.score, way.method))[0]
        for way in ways
    ]
    different, place = np.unique(np.stack(maps), axis=0, return_inverse=True)
    heard = faithfulness(model, wave, different, tags)
    return Faithfulness(
        heard.answer,
        heard.probability,
        *(
            Part(*(values[place.ravel()] for values in vars(part).values()))
            for part in (heard.kept, heard.removed)
        ),
    )


def _part_cells(clips: Sequence[Part], way: int) -> dict:
    same = np.array([part.same_answer[way] for part in clips])
    drops = np.array([part.confidence_drop[way] for part in clips], np.float64)
    return {
        "same_answer": cell(same.mean(), wilson_interval(int(same.sum()), len(same))),
        "confidence_drop": mean_cell(drops),
    }


def _minus(clips: Sequence[Part], way: int, control: int) -> dict:
    """A way minus random patches of the same number, on the same clips."""
    return {
        name: mean_cell(np.array([_of(part, name, way) - _of(part, name, control) for part in clips]))
        for name in ("same_answer", "confidence_drop")
    }


def _of(part: Part, name: str, way: int) -> float:
    return float(getattr(part, name)[way])


# -- both


def measure_methods(
    name: str, features: Features, folder: Path | None = None, rankings: Sequence[str] = RANKINGS
) -> Iterator[dict]:
    """Measure a bundled model; yields the content of its file after each part that was still missing.

    Parameters
    ----------
    name : str
        Of a bundled model.
    features : Features
    folder : Path, optional
        The dataset's sound files; if passed, faithfulness is measured too.
    rankings : sequence of str
        Rankings that must be measured; must include attention, which all are compared with.
    """
    model = load_model(name).to(pick_device())
    check_bundled(features, model.config)
    results = measured_methods(name, model.config.sha256)
    if not results or not set(rankings) <= set(entries(results, "accuracy", "drop")):
        heard = {"faithfulness": results["faithfulness"]} if results and "faithfulness" in results else {}
        about = heading(name, model.config, features, SPLIT, model.config.sha256, f"methods {name} FEATURES")
        results = {**about, **measure_accuracy(model, features, rankings), "notes": NOTES, **heard}
        yield results
    if folder and "faithfulness" not in results:
        results = {**results, "faithfulness": measure_faithfulness(model, features, folder)}
        yield results
