"""Attention against random patches, by how much of the picture the sound fills."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tpexplore.checkpoints.load import load_model
from tpexplore.model.forward import Entered
from tpexplore.signal.spectrogram import patch_statistics
from training.data.features import Features
from training.engine.identity import check_bundled
from training.engine.loop import pick_device
from training.measure.batches import gather_clips, split_batches, split_rows
from training.measure.evaluation import heading
from training.measure.scores import Accuracy, mean_cell, scorer_for, tidy
from training.measure.ways import RANDOM_SEEDS, random_rankings, rate_key

SPLIT = "test"
RATES = (0.7, 0.5, 0.4, 0.3)
GROUPS = ("full", "between", "quiet")
"""Thirds of the split, by the share of quiet patches; "full" has the fewest."""
QUIET_DB = 30
"""Below the loudest patch of the picture."""

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
    mine = {}
    for batch in split_batches(features, SPLIT, model.config, model.device, name):
        entered = Entered(model, batch.spec)
        rankings: dict[str, str | Tensor] = {"attention": "attention"} | random_rankings(model, batch)
        mine[batch.index] = {
            ("quiet",): quiet_share(batch.spec, model.config.std).cpu().numpy(),
            **{
                (ranked, rate): scorer.keep(entered.output(rate, ranking).logits)
                for ranked, ranking in rankings.items()
                for rate in RATES
            },
        }
    answers = gather_clips(mine)
    quiet = answers.pop(("quiet",))
    return {
        **heading(name, model.config, features, SPLIT, model.config.sha256, f"random_study {name} FEATURES"),
        "groups": by_thirds(scorer, quiet, answers),
        "notes": NOTES,
    }


def by_thirds(scorer: Accuracy, quiet: np.ndarray, answers: dict[tuple[str, float], np.ndarray]) -> dict:
    """Accuracy by attention and by random patches, and their difference, in every third of the clips."""
    order = np.argsort(quiet, kind="stable")
    thirds = {}
    for group, rows in zip(GROUPS, np.array_split(order, len(GROUPS)), strict=True):
        cells = {}
        for rate in RATES:
            right = {
                way: kept[rows] == scorer.labels[rows] for way, kept in answers.items() if way[1] == rate
            }
            random = np.mean([right[f"random {seed}", rate] for seed in RANDOM_SEEDS], axis=0)
            attention = right["attention", rate].astype(float)
            cells[rate_key(rate)] = {
                "attention": mean_cell(attention),
                "random": mean_cell(random),
                "attention_minus_random": mean_cell(attention - random),
            }
        share = {"n": len(rows), "median_quiet_share": tidy(float(np.median(quiet[rows])))}
        thirds[group] = {**share, "keep_rate": cells}
    return thirds
