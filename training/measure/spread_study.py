"""Is attention weak because it keeps patches that lie together? Compare it with the best of every place."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from tpexplore.checkpoints.load import load_model
from tpexplore.model.forward import Entered, Output
from training.data.features import Features
from training.engine.identity import check_bundled
from training.engine.loop import pick_device
from training.measure.against_random import SPLIT
from training.measure.batches import gather_clips, split_batches, split_rows
from training.measure.evaluation import heading
from training.measure.ways import RANDOM_SEEDS, random_rankings, rate_key
from training.scoring.scores import Scorer, mean_cell, scorer_for

RATES = (0.7, 0.5, 0.3)
WAYS = ("attention", "attention in every place", "lowest attention", "random")
PLACE = 2
"""A place is this many patches long and high."""

NOTES = {
    "ways": f"A place is {PLACE} by {PLACE} patches. Attention in every place keeps the best of each first,"
    " by the attention of the first pruning block; lowest attention keeps the last by the same.",
    "random": f"Mean of {len(RANDOM_SEEDS)} seeds.",
    "columns": "Columns of the picture, 160 ms each, in which some patch is kept to the end.",
}


def in_every_place(attention: Tensor, rows: int) -> Tensor:
    """Values whose ranking keeps equally many patches per place, give or take one: its best by attention.

    Parameters
    ----------
    attention : (clips, patches)
        Above 0; patches lie column by column, ``rows`` in each.
    rows : int
        In a picture that a whole number of places fills.

    Returns
    -------
    (clips, patches)
        Minus the number of patches in its place with more attention; attention breaks ties.
    """
    clips, patches = attention.shape
    shape = (clips, patches // rows // PLACE, PLACE, rows // PLACE, PLACE)
    places = attention.reshape(shape).transpose(2, 3).reshape(*shape[:2], shape[3], PLACE**2)
    above = places.argsort(-1, descending=True).argsort(-1)
    standing = above.reshape(*shape[:2], shape[3], PLACE, PLACE).transpose(2, 3).reshape(clips, patches)
    return attention / (2 * attention.amax(1, keepdim=True)) - standing


def columns_left(out: Output, rows: int) -> np.ndarray:
    """Columns in which patches are kept to the end, (clips,)."""
    return np.array([len(set(ids)) for ids in (out.stages[-1].kept // rows).tolist()])


@torch.inference_mode()
def spread_study(name: str, features: Features) -> dict:
    """Measure a bundled model on its test split; returns the content of the results file."""
    model = load_model(name).to(pick_device())
    check_bundled(features, model.config)
    scorer = scorer_for(features, split_rows(features, SPLIT), model.config)
    rows = model.config.grid.rows
    mine = {}
    for batch in split_batches(features, SPLIT, model.config, model.device, name):
        entered = Entered(model, batch.spec)
        attention = entered.ranking("attention")
        rankings: dict[str, str | Tensor] = {
            "attention": "attention",
            "attention in every place": in_every_place(attention, rows),
            "lowest attention": -attention,
            **random_rankings(model, batch),
        }
        kept: dict[tuple[str, ...], np.ndarray] = {("unpruned",): scorer.keep(entered.output().logits)}
        for way, ranking in rankings.items():
            for rate in RATES:
                out = entered.output(rate, ranking)
                kept[way, rate_key(rate)] = scorer.keep(out.logits)
                kept["columns", way, rate_key(rate)] = columns_left(out, rows)
        mine[batch.index] = kept
    return {
        **heading(name, model.config, features, SPLIT, model.config.sha256, f"spread_study {name} FEATURES"),
        **tables(scorer, gather_clips(mine)),
        "notes": NOTES,
    }


def tables(scorer: Scorer, answers: dict[tuple[str, ...], np.ndarray]) -> dict:
    """Accuracy of every way, what it gains over attention on the same clips, and the columns it keeps."""

    def passes(rate: str, way: str, *kind: str) -> list[np.ndarray]:
        names = [f"random {seed}" for seed in RANDOM_SEEDS] if way == "random" else [way]
        return [answers[(*kind, name, rate)] for name in names]

    rates = [rate_key(rate) for rate in RATES]
    return {
        "unpruned": scorer.cell(answers["unpruned",]),
        "accuracy": {way: {rate: scorer.cell(*passes(rate, way)) for rate in rates} for way in WAYS},
        "gain_over_attention": {
            way: {rate: scorer.difference(passes(rate, way), passes(rate, "attention")) for rate in rates}
            for way in WAYS[1:]
        },
        "columns": {
            way: {rate: mean_cell(np.mean(passes(rate, way, "columns"), axis=0)) for rate in rates}
            for way in WAYS
        },
    }
