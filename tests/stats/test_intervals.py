"""Intervals and paired tests against their definitions and against other implementations."""

import math

import numpy as np
import pytest
import scipy.stats
from scipy.stats import binomtest

from tpexplore.errors import InputError
from tpexplore.stats import intervals
from tpexplore.stats.intervals import (
    bootstrap_interval,
    mcnemar_p,
    normal_interval,
    ratio_interval,
    wilson_interval,
)


@pytest.mark.parametrize(
    ("right", "n"), [(0, 1), (1, 1), (0, 10), (5, 9), (7, 10), (187, 200), (400, 680), (680, 680)]
)
def test_wilson_interval_solves_the_score_equation(right, n):
    """Its ends are the shares p from which right / n lies 1.96 standard errors of p away."""
    expected = binomtest(right, n).proportion_ci(method="wilson")
    ends = wilson_interval(right, n)
    assert ends == pytest.approx((expected.low, expected.high), abs=1e-9)
    z = scipy.stats.norm.ppf(0.975)
    for p in ends:
        assert (right / n - p) ** 2 == pytest.approx(z**2 * p * (1 - p) / n, abs=1e-12)


def test_mcnemar_counts_the_coin_flips_at_least_as_uneven():
    rng = np.random.default_rng(0)
    for n in (5, 60, 2000):
        first, second = rng.random((2, n)) < [[0.7], [0.6]]
        only = int((first & ~second).sum()), int((second & ~first).sum())
        tail = sum(math.comb(sum(only), i) for i in range(min(only) + 1)) / 2 ** sum(only)
        assert mcnemar_p(first, second) == mcnemar_p(second, first) == pytest.approx(min(1.0, 2 * tail))
    assert mcnemar_p(np.array([True]), np.array([True])) == 1.0


def test_normal_interval_lies_around_the_value_wherever_the_resamples_do():
    resampled = np.random.default_rng(2).normal(5, 0.3, size=50)
    expected = scipy.stats.norm.interval(0.95, loc=4, scale=scipy.stats.tstd(resampled))
    assert normal_interval(4, resampled) == pytest.approx(expected, abs=1e-9)


def test_bootstrap_interval():
    values = np.random.default_rng(1).exponential(size=200)
    low, high = bootstrap_interval(values)
    reference = scipy.stats.bootstrap((values,), np.mean, n_resamples=4000, method="percentile", rng=3)
    interval = reference.confidence_interval
    assert (low, high) == pytest.approx((interval.low, interval.high), abs=0.03)
    assert bootstrap_interval(values) == (low, high) != bootstrap_interval(values, seed=1)
    gaps = np.concatenate([values[:90], [math.nan] * 40, values[90:]])
    assert bootstrap_interval(gaps) == (low, high)
    assert bootstrap_interval(np.array([0.25])) == (0.25, 0.25)
    assert all(math.isnan(end) for end in bootstrap_interval(np.array([math.nan])))
    with pytest.raises(InputError, match=r"\(2, 2\)"):
        bootstrap_interval(np.zeros((2, 2)))
    with pytest.raises(InputError, match="0 rounds"):
        bootstrap_interval(values, rounds=0)


@pytest.mark.parametrize("at_once", [1, 50, 10**6])
def test_resamples_are_those_of_one_at_a_time(monkeypatch, at_once):
    """The measured files hold intervals that were drawn one resample at a time."""
    monkeypatch.setattr(intervals, "DRAWN_AT_ONCE", at_once)
    rng, generator = np.random.default_rng(1), np.random.default_rng(5)
    parts, wholes = rng.normal(size=17), rng.integers(0, 2, 17)
    rows = [generator.integers(17, size=17) for _ in range(300)]
    means = [parts[row].mean() for row in rows]
    assert bootstrap_interval(parts, 5, 300) == pytest.approx(np.percentile(means, [2.5, 97.5]), rel=1e-12)
    ratios = [parts[row].sum() / wholes[row].sum() for row in rows if wholes[row].any()]
    assert ratio_interval(parts, wholes, 5, 300) == pytest.approx(
        np.percentile(ratios, [2.5, 97.5]), rel=1e-12
    )


def test_ratio_interval_is_that_of_resampled_clips():
    rng = np.random.default_rng(0)
    wholes = rng.integers(0, 20, 50)
    parts = rng.binomial(wholes, 0.3)
    reference = scipy.stats.bootstrap(
        (parts, wholes),
        lambda p, w, axis: p.sum(axis) / w.sum(axis),
        paired=True,
        n_resamples=4000,
        method="percentile",
        rng=3,
    ).confidence_interval
    assert ratio_interval(parts, wholes) == pytest.approx((reference.low, reference.high), abs=0.02)
    assert ratio_interval(parts, 2 * wholes) == pytest.approx(np.divide(ratio_interval(parts, wholes), 2))
    assert all(math.isnan(end) for end in ratio_interval(parts, np.zeros(50)))
