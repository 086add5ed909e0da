"""Attention against random patches, by how much of the picture the sound fills."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tpexplore.checkpoints.load import load_model
from tpexplore.signal.spectrogram import patch_statistics
from training.data.features import Features
from training.engine.identity import check_bundled
from training.engine.loop import pick_device
from training.measure.against_random import RANKINGS, RATES, SPLIT, Passes, passes_of
from training.measure.batches import gather_clips, split_batches, split_rows
from training.measure.evaluation import heading
from training.measure.ways import RANDOM_SEEDS, rate_key
from training.scoring.scores import Accuracy, mean_cell, scorer_for, tidy

GROUPS = ("full", "between", "quiet")
"""Thirds of the split, by the share of quiet patches; "full" has the fewest."""
QUIET_DB = 30
"""A patch is quiet if it is more than this below the loudest patch of the picture."""

NOTES = {
    "groups": f"A third of the clips each, by the share of patches more than {QUIET_DB} dB below the loudest"
    " one, padding among them.",
    "attention_minus_random": f"Paired, on the same clips; random is the mean of {len(RANDOM_SEEDS)} seeds.",
}


def quiet_share(spec: Tensor, std: float) -> Tensor:
    """Share of every picture's patches that are quiet, (clips,).

    Parameters
    ----------
    spec : (clips, frames, 128)
        Natural logarithms of power, divided by twice ``std``.
    """
    decibels = patch_statistics(spec)[0] * 2 * std * 10 / np.log(10)
    loudest = decibels.max(1, keepdim=True).values
    return (decibels < loudest - QUIET_DB).float().mean(1)


@torch.inference_mode()
def random_study(name: str, features: Features) -> dict:
    """Measure a bundled model on its test split; returns the content of the results file."""
    model = load_model(name).to(pick_device())
    check_bundled(features, model.config)
    scorer = scorer_for(features, split_rows(features, SPLIT), model.config)
    quiet = gather_clips(
        {
            batch.index: {"quiet": quiet_share(batch.spec, model.config.std).cpu().numpy()}
            for batch in split_batches(features, SPLIT, model.config, model.device, "quiet patches")
        }
    )["quiet"]
    return {
        **heading(name, model.config, features, SPLIT, model.config.sha256, f"random_study {name} FEATURES"),
        "groups": by_thirds(scorer, quiet, passes_of(model, features, scorer, name)),
        "notes": NOTES,
    }


def by_thirds(scorer: Accuracy, quiet: np.ndarray, passes: Passes) -> dict:
    """Accuracy by attention and by random patches, and their difference, in every third of the clips."""
    right = {way: np.mean([one == scorer.labels for one in several], 0) for way, several in passes.items()}
    thirds = {}
    for group, rows in zip(
        GROUPS, np.array_split(np.argsort(quiet, kind="stable"), len(GROUPS)), strict=True
    ):
        cells = {}
        for rate in map(rate_key, RATES):
            attention, random = (right[ranking, rate][rows] for ranking in RANKINGS)
            cells[rate] = {
                "attention": mean_cell(attention),
                "random": mean_cell(random),
                "attention_minus_random": mean_cell(attention - random),
            }
        share = {"n": len(rows), "median_quiet_share": tidy(float(np.median(quiet[rows])))}
        thirds[group] = {**share, "keep_rate": cells}
    return thirds
