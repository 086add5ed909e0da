"""Two prunings of one clip side by side: which patches both keep, and whether both rank them alike.

Patch ids run column by column through time, so two models whose windows begin together share their first
ids: those of the shorter window. Only they are compared.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral

import numpy as np
import torch

from tpexplore.errors import InputError, shown
from tpexplore.model.plan import PRUNE_BLOCKS
from tpexplore.signal.checks import plain_array
from tpexplore.stats.patch_statistics import kendall_tau
from tpexplore.study.exploration import Exploration, Point

MATCHES = ("keep_rate", "macs")
"""What two prunings can have in common: the keep-rate, or the cost."""


@dataclass(frozen=True)
class Overlap:
    """What A and B do with the patches that both have, up to one pruning block.

    Attributes
    ----------
    block : int
    both, only_a, only_b, neither : int
        Shared patches kept by both, by one, by none.
    beyond_a, beyond_b : int
        Patches that a side keeps outside the shared ones.
    """

    block: int
    both: int
    only_a: int
    only_b: int
    neither: int
    beyond_a: int
    beyond_b: int

    @property
    def shared(self) -> int:
        """Patches that both sides have."""
        return self.both + self.only_a + self.only_b + self.neither

    @property
    def iou(self) -> float:
        """Intersection over union of the two kept sets; nan where both are empty."""
        union = self.both + self.only_a + self.only_b
        return self.both / union if union else math.nan

    @property
    def chance_both(self) -> float:
        """Patches that two random sets of these sizes have in common, on average."""
        return (self.both + self.only_a) * (self.both + self.only_b) / self.shared

    @property
    def chance_iou(self) -> float:
        """`expected_iou` of sets of these sizes."""
        return expected_iou(self.both + self.only_a, self.both + self.only_b, self.shared)


def stage_overlaps(
    drop_a: np.ndarray, drop_b: np.ndarray, blocks: Sequence[int] = PRUNE_BLOCKS
) -> tuple[Overlap, ...]:
    """Compare what is left after each pruning block.

    Parameters
    ----------
    drop_a, drop_b : (patches,) integer
        Which block dropped each patch, 0 where it was kept: a row of `Exploration.drop_stages`. The two
        may differ in length if their windows begin together.
    blocks : sequence of int
        Blocks that prune on both sides.

    Returns
    -------
    tuple of Overlap
        After each of ``blocks``.
    """
    drop_a, drop_b = _checked_drops(drop_a), _checked_drops(drop_b)
    shared = min(len(drop_a), len(drop_b))
    overlaps = []
    for block in blocks:
        kept_a, kept_b = ((drop == 0) | (drop > block) for drop in (drop_a, drop_b))
        a, b = kept_a[:shared], kept_b[:shared]
        overlaps.append(
            Overlap(
                block,
                both=int((a & b).sum()),
                only_a=int((a & ~b).sum()),
                only_b=int((~a & b).sum()),
                neither=int((~a & ~b).sum()),
                beyond_a=int(kept_a[shared:].sum()),
                beyond_b=int(kept_b[shared:].sum()),
            )
        )
    return tuple(overlaps)


def _checked_drops(drop: object) -> np.ndarray:
    array = plain_array(drop)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise InputError(f"Dropping blocks are {shown(drop)}; expected one whole number for each patch.")
    return array


def expected_iou(a: int, b: int, n: int) -> float:
    """Mean intersection over union of two random sets of ``a`` and ``b`` out of ``n`` patches.

    The size x of the intersection is hypergeometric, with probability ``C(a, x) C(n - a, b - x) / C(n,
    b)``, and the intersection over union is then ``x / (a + b - x)``. The sum over x is exact; the ratio of
    mean intersection and mean union would be slightly off.

    Parameters
    ----------
    a, b : int
        From 0 to ``n``.
    n : int

    Returns
    -------
    float
        nan where both sets are empty.

    Raises
    ------
    InputError
        If a set is larger than ``n`` or smaller than empty.

    Examples
    --------
    >>> round(expected_iou(1, 1, 4), 3)
    0.25
    """
    are_whole = all(isinstance(size, Integral) for size in (a, b, n))
    if not are_whole or not (0 <= a <= n and 0 <= b <= n):
        a, b, n = shown(a), shown(b), shown(n)
        raise InputError(f"Sets of {a} and {b} patches out of {n}; expected whole numbers from 0 to {n}.")
    if not a + b:
        return math.nan
    cases = math.comb(n, b)
    return math.fsum(
        math.comb(a, x) * math.comb(n - a, b - x) / cases * (x / (a + b - x))
        for x in range(max(0, a + b - n), min(a, b) + 1)
    )


def check_same_cut(a: Exploration, b: Exploration) -> None:
    """Raise InputError unless both cut the picture into the same patches, so that ids can be compared."""
    cuts = [(grid.rows, grid.mel_stride, grid.time_stride) for grid in (a.config.grid, b.config.grid)]
    if cuts[0] != cuts[1]:
        sides = [
            f"{side.config.name} has {rows} rows of patches, {mel} mel bins and {time} frames apart"
            for side, (rows, mel, time) in zip((a, b), cuts, strict=True)
        ]
        raise InputError(f"{sides[0]}, but {sides[1]}; compare two models with the same patches.")


def score_tau(a: Exploration, score_a: str, b: Exploration, score_b: str) -> float:
    """Kendall's tau-b between what A and B rank the shared patches by at the first block that prunes.

    It is the same at every keep-rate: before that block nothing is dropped. nan where a side gives all
    patches the same score, or ranks none, as merging does.

    Parameters
    ----------
    a, b : Exploration
        Each with at least one keep-rate below 1.
    score_a, score_b : str
    """
    shared = min(a.config.patches, b.config.patches)
    first, second = _first_scores(a.points[score_a]), _first_scores(b.points[score_b])
    if first is None or second is None:
        return math.nan
    return float(kendall_tau(*(torch.from_numpy(scores[:shared]) for scores in (first, second))))


def _first_scores(points: Sequence[Point]) -> np.ndarray | None:
    return next((scores for point in points for scores in point.scores.values()), None)


def matched(points_a: Sequence[Point], points_b: Sequence[Point], by: str) -> list[int]:
    """For every point of A the index of B's point that comes nearest to it.

    Parameters
    ----------
    points_a, points_b : sequence of Point
        By ascending keep-rate; of two of B's that are equally near the lower one is taken.
    by : {"keep_rate", "macs"}

    Raises
    ------
    InputError
        If ``by`` is neither.
    """
    if by not in MATCHES:
        raise InputError(f"Points cannot be matched by {by!r}; expected one of {', '.join(MATCHES)}.")
    values = np.array([getattr(point, by) for point in points_b], dtype=float)
    return [int(np.abs(values - getattr(point, by)).argmin()) for point in points_a]
