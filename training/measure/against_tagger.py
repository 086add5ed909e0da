"""How well a tagging model agrees with the tagger that taught it, on clips that it never heard.

    python -m training.against_tagger ast-audioset FEATURES [MORE_FEATURES …]

Adds to assets/results/NAME.json, for the test split of every feature folder with stored answers: how often
the first tag is the same, and the mean average precision for the tagger's tags.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from tpexplore.checkpoints.labels import audioset_labels
from tpexplore.checkpoints.load import load_model
from tpexplore.errors import InputError
from tpexplore.model.vit import AudioViT
from tpexplore.results.store import entries, measured_results
from tpexplore.stats.intervals import wilson_interval
from training.data.answers import PRESENT, as_tags, read_answered
from training.data.features import read_features
from training.engine.identity import git_commit
from training.engine.loop import pick_device
from training.measure.batches import gather_clips, split_batches, split_rows
from training.scoring.scores import cell, scorer_for

RATES = (1.0, 0.7, 0.5, 0.3)


@torch.inference_mode()
def compare(model: AudioViT, folder: Path, split: str = "test") -> dict:
    """A model against the answers stored in one feature folder."""
    features, answers = read_answered(folder)
    if answers is None:
        raise InputError(f"{folder} holds no stored answers; run python -m training.answers first.")
    rows, mine = split_rows(features, split), {}
    for batch in split_batches(features, split, model.config, model.device, features.meta["dataset"]):
        logits = {rate: model(batch.spec, rate).logits.float().cpu().numpy() for rate in RATES}
        mine[batch.index] = logits
    by_rate = gather_clips(mine)
    scorer = scorer_for(as_tags(features, answers), rows)
    first = answers.logits[rows].argmax(1)
    table = {}
    for rate in RATES:
        same = int((by_rate[rate].argmax(1) == first).sum())
        table[f"{rate:.2f}"] = {
            "first_tag": cell(same / len(rows), wilson_interval(same, len(rows))),
            "mAP": scorer.cell(by_rate[rate]),
        }
    return {
        "split": features.meta["split"],
        "n": len(rows),
        "tagger_sha256": answers.sha256,
        "tag_counts_from": PRESENT,
        "features": features.keys,
        "commit": git_commit(),
        "attention": table,
    }


def against_tagger(name: str, folders: Sequence[Path]) -> dict:
    """The results of a bundled model plus the comparison, by dataset; earlier datasets stay."""
    model = load_model(name).to(pick_device())
    if model.config.labels != audioset_labels():
        raise InputError(f"{name} does not answer with AudioSet's 527 tags; expected a model that does.")
    results = measured_results(name, model.config.sha256)
    if not results:
        raise InputError(f"{name} has no results yet; run python -m training.evaluate {name} FEATURES first.")
    compared = {read_features(folder).meta["dataset"]: compare(model, folder) for folder in folders}
    return {**results, "against_tagger": entries(results, "against_tagger") | compared}
