"""95 % intervals and paired tests: Wilson's, McNemar's and the bootstrap. Needs no torch.

scipy has the first two. With the same seed its bootstrap draws other resamples than those behind the
measured files, so our own stays: it reproduces the numbers in assets/.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import NormalDist

import numpy as np

from tpexplore.errors import InputError

LEVEL = 0.95
ROUNDS = 2000
"""Resamples of a bootstrap."""

DRAWN_AT_ONCE = 1_000_000
"""Clips in memory at a time, over all resamples; one call per resample would take ten times as long."""


def wilson_interval(right: int, n: int) -> tuple[float, float]:
    """Wilson score interval of a proportion ``right / n``.

    Parameters
    ----------
    right, n : int
        Successes, and trials: at least one.

    Returns
    -------
    low, high : float
        From 0 to 1.
    """
    from scipy.stats import binomtest  # costs import time

    interval = binomtest(int(right), int(n)).proportion_ci(LEVEL, method="wilson")
    return float(interval.low), float(interval.high)


def mcnemar_p(first: np.ndarray, second: np.ndarray) -> float:
    """Two-sided exact p of McNemar's test on which clips two ways get right.

    Parameters
    ----------
    first, second : (clips,) bool
        Whether each way is right about each clip.
    """
    from scipy.stats import binomtest

    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    n = only_first + only_second
    return float(binomtest(only_first, n).pvalue) if n else 1.0


def bootstrap_interval(values: np.ndarray, seed: int = 0, rounds: int = ROUNDS) -> tuple[float, float]:
    """Percentile-bootstrap interval of the mean over clips.

    Parameters
    ----------
    values : (n,)
        One value a clip; nan, a clip that has no such value, is left out.
    seed : int
        The same seed gives the same interval.
    rounds : int
        Resamples drawn.

    Returns
    -------
    low, high : float
        nan where no value is left.
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 1 or rounds < 1:
        raise InputError(
            f"Values of shape {values.shape} and {rounds} rounds cannot be resampled;"
            " expected one value a clip and at least one round."
        )
    values = values[~np.isnan(values)]
    if not values.size:
        return math.nan, math.nan
    means = [values[rows].mean(1) for rows in _draws(values.size, seed, rounds)]
    return percentile_interval(np.concatenate(means))


def ratio_interval(
    parts: np.ndarray, wholes: np.ndarray, seed: int = 0, rounds: int = ROUNDS
) -> tuple[float, float]:
    """Percentile-bootstrap interval of sum(parts) / sum(wholes) over clips.

    Parameters
    ----------
    parts, wholes : (n,)
        One of each a clip. A resample whose wholes are all 0 does not count.
    seed, rounds : int
        As for `bootstrap_interval`.

    Returns
    -------
    low, high : float
        nan where all wholes are 0.
    """
    if not wholes.any():
        return math.nan, math.nan
    sums = [(parts[rows].sum(1), wholes[rows].sum(1)) for rows in _draws(len(parts), seed, rounds)]
    upper, lower = (np.concatenate(side).astype(np.float64) for side in zip(*sums, strict=True))
    return percentile_interval(upper[lower > 0] / lower[lower > 0])


def percentile_interval(resampled: np.ndarray) -> tuple[float, float]:
    """The middle 95 % of a statistic's resampled values, (rounds,)."""
    low, high = np.percentile(resampled, [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
    return float(low), float(high)


def normal_interval(value: float, resampled: np.ndarray) -> tuple[float, float]:
    """A statistic's value and what its resampled values, (rounds,), scatter by: ± 1.96 standard errors.

    For a statistic whose resamples lie to one side of it, so that their middle 95 % may leave it out.
    """
    reach = NormalDist().inv_cdf((1 + LEVEL) / 2) * float(np.std(resampled, ddof=1))
    return value - reach, value + reach


def _draws(clips: int, seed: int, rounds: int) -> Iterator[np.ndarray]:
    """As many clips as there are, with replacement: (some of the ``rounds``, clips) at a time."""
    generator = np.random.default_rng(seed)
    most = max(1, DRAWN_AT_ONCE // clips)
    for first in range(0, rounds, most):
        yield generator.integers(clips, size=(min(most, rounds - first), clips))
