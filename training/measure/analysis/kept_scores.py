"""Attention scores of the patches that each pruning stage keeps and drops.

arXiv v2 of the paper claims that retained tokens receive distinctly different attention.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tpexplore.model.forward import Entered
from tpexplore.model.plan import PRUNE_BLOCKS
from tpexplore.model.vit import AudioViT
from tpexplore.stats.cluster_names import CLUSTER_COUNT
from tpexplore.stats.patch_statistics import cliffs_delta_per_clip
from training.measure.analysis.view import View, kept_mask
from training.scoring.scores import mean_cell, tidy

RATE = "0.50"
FATES = ("dropped", "kept")
QUANTILES = (5, 25, 50, 75, 95)

LOWEST, HIGHEST, PER_OCTAVE = -40, 16, 64
"""Scores are counted in bins of 1/64 octave from 2^-40 to 2^16; what lies beyond goes to the end bins."""
BINS = (HIGHEST - LOWEST) * PER_OCTAVE

NOTE = (
    "Scores are multiplied by the number of patches present: 1 is uniform attention. delta is Cliff's delta"
    " of kept over dropped patches, pooled over clips; within one clip it is 1 by construction, since these"
    " scores decide who is kept. later_delta is not circular: it compares, clip by clip, the scores that the"
    " same patches get in the last block of the unpruned model."
)
RESOLUTION = "Quantiles and pooled deltas come from counts in bins of 1/64 octave (1.1 %)."

Key = tuple[str, ...]


@dataclass(frozen=True)
class ScoredStage:
    """One pruning block at work.

    Attributes
    ----------
    block : int
    ids : (clips, n)
        Patches present, ascending.
    score : (clips, n)
        Their attention times n.
    kept : (clips, n) bool
    """

    block: int
    ids: Tensor
    score: Tensor
    kept: Tensor


def stages(model: AudioViT, spec: Tensor, keep_rate: float) -> Iterator[ScoredStage]:
    """The pruning stages of ``model(spec, keep_rate)``, with the scores that decided."""
    for stage in Entered(model, spec).run(keep_rate).stages:
        kept = kept_mask(stage.kept, model.config.patches).gather(1, stage.ids)
        yield ScoredStage(stage.block, stage.ids, stage.scores * stage.ids.shape[1], kept)


def measure(view: View) -> tuple[dict[Key, np.ndarray], dict[Key, Tensor]]:
    """Per clip the mean score of kept and dropped and the later delta; counts of scores in bins."""
    last = view.scores[:, -1]
    clips: dict[Key, np.ndarray] = {}
    counts: dict[Key, Tensor] = {}
    for stage in stages(view.model, view.batch.spec, float(RATE)):
        block, kept = str(stage.block), stage.kept
        for fate, chosen in (("kept", kept), ("dropped", ~kept)):
            clips["mean", block, fate] = (
                (stage.score.double() * chosen).sum(1).div(chosen.sum(1)).cpu().numpy()
            )
        clips["later", block] = cliffs_delta_per_clip(last.gather(1, stage.ids), kept).numpy()
        counts["scores", block] = _count(stage.score, kept, view.ranks["intensity"].gather(1, stage.ids))
    return clips, counts


def _count(score: Tensor, kept: Tensor, cluster: Tensor) -> Tensor:
    """Patches by fate, cluster and bin of score, (2, 5, bins)."""
    octave = score.double().log2().clamp(LOWEST, HIGHEST)  # a score of 0 goes to the lowest bin
    bins = ((octave - LOWEST) * PER_OCTAVE).long().clamp(max=BINS - 1)
    cells = (kept.long() * CLUSTER_COUNT + cluster) * BINS + bins
    return (
        torch.bincount(cells.flatten(), minlength=2 * CLUSTER_COUNT * BINS)
        .reshape(2, CLUSTER_COUNT, BINS)
        .cpu()
    )


def report(clips: Mapping[Key, np.ndarray], counts: Mapping[Key, Tensor]) -> dict:
    """Distributions and effect sizes by stage, as the analysis file holds them."""
    by_stage = {str(block): _stage(str(block), clips, counts) for block in PRUNE_BLOCKS}
    return {"attention_of_kept": {"note": NOTE, "resolution": RESOLUTION, RATE: by_stage}}


def _stage(block: str, clips: Mapping[Key, np.ndarray], counts: Mapping[Key, Tensor]) -> dict:
    histograms = counts["scores", block]
    fates = {
        # Every clip keeps equally many, so the mean over clips is the mean over patches.
        fate: {
            "mean": tidy(clips["mean", block, fate].mean()),
            "quantiles": [tidy(_quantile(histograms[index].sum(0), q)) for q in QUANTILES],
        }
        for index, fate in enumerate(FATES)
    }
    return {
        **fates,
        "delta": tidy(_delta(histograms.sum(1))),
        "by_cluster": [tidy(_delta(histograms[:, cluster])) for cluster in range(CLUSTER_COUNT)],
        "later_delta": mean_cell(clips["later", block]),
    }


def _quantile(counts: Tensor, percent: float) -> float:
    """Middle of the bin that holds a quantile."""
    place = max(1, math.ceil(percent / 100 * int(counts.sum())))
    index = int(torch.searchsorted(counts.cumsum(0), place))
    return 2 ** (LOWEST + (index + 0.5) / PER_OCTAVE)


def _delta(counts: Tensor) -> float:
    """Cliff's delta of kept over dropped from their counts (2, bins); scores of one bin count as equal."""
    dropped, kept = counts.double()
    below = dropped.cumsum(0)
    pairs = dropped.sum() * kept.sum()
    return float((kept * (below - dropped - (below[-1] - below))).sum() / pairs) if pairs else math.nan
