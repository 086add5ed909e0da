"""Overlap of two prunings against Python sets, random draws and scipy."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scipy.stats
import torch

from tests.conftest import tiny_config
from tpexplore.errors import InputError
from tpexplore.model.plan import KEEP_RATES, PRUNE_BLOCKS
from tpexplore.model.vit import AudioViT
from tpexplore.study.overlap import MATCHES, Overlap, expected_iou, matched, score_tau, stage_overlaps
from tpexplore.study.sweep import explore


def random_model(family: str, frames: int, seed: int) -> AudioViT:
    torch.manual_seed(seed)
    model = AudioViT(tiny_config(family, frames)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.2)
    return model


@pytest.fixture(scope="module")
def sides():
    """A long and a short window, beginning together: two explorations of 2 s of noise that fades in."""
    noise = np.random.default_rng(0).normal(0, 0.1, 32_000) * np.linspace(0.01, 1, 32_000)
    samples = noise.astype(np.float32)
    return (
        explore(random_model("ast", 192, 0), samples, scores=("attention", "intensity")),
        explore(random_model("audiomae", 128, 1), samples, scores=("attention", "variation")),
    )


@pytest.mark.parametrize("swapped", [False, True])
def test_overlaps_are_those_of_python_sets(sides, swapped):
    (a, b), scores = (
        (sides[::-1], ("variation", "attention")) if swapped else (sides, ("intensity", "variation"))
    )
    drops = [side.drop_stages(score) for side, score in zip((a, b), scores, strict=True)]
    everything = set(range(64))  # of the short window
    for i, j in ((0, 0), (4, 9), (13, 2), (14, 14), (14, 3)):
        overlaps = stage_overlaps(drops[0][i], drops[1][j])
        assert [overlap.block for overlap in overlaps] == list(PRUNE_BLOCKS)
        for overlap in overlaps:
            kept_a, kept_b = (
                set(side.points[score][at].kept.get(overlap.block, range(side.config.patches)))
                for side, score, at in zip((a, b), scores, (i, j), strict=True)
            )
            both, either = kept_a & kept_b & everything, (kept_a | kept_b) & everything
            assert overlap.both == len(both)
            assert overlap.only_a == len((kept_a - kept_b) & everything)
            assert overlap.only_b == len((kept_b - kept_a) & everything)
            assert overlap.neither == len(everything - either)
            assert (overlap.beyond_a, overlap.beyond_b) == (
                len(kept_a - everything),
                len(kept_b - everything),
            )
            assert overlap.iou == len(both) / len(either)
            assert overlap.shared == 64


def test_a_pruning_overlaps_itself(sides):
    for row in sides[0].drop_stages("attention"):
        for overlap in stage_overlaps(row, row):
            assert overlap.iou == 1
            assert overlap.only_a == overlap.only_b == overlap.beyond_a == 0


def test_chance_is_the_mean_over_all_pairs_of_sets():
    for n in range(1, 7):
        for a, b in itertools.product(range(n + 1), repeat=2):
            pairs = itertools.product(
                itertools.combinations(range(n), a), itertools.combinations(range(n), b)
            )
            counts = [(len({*x} & {*y}), len({*x} | {*y})) for x, y in pairs]
            if not a + b:
                assert math.isnan(expected_iou(a, b, n))
                continue
            assert expected_iou(a, b, n) == pytest.approx(np.mean([i / u for i, u in counts]))
            overlap = Overlap(4, 0, a, b, n - a - b, 0, 0)  # sizes that need not be possible
            assert overlap.chance_both == pytest.approx(np.mean([i for i, _ in counts]))
            assert overlap.chance_iou == expected_iou(a, b, n)


def test_chance_of_large_sets_is_scipy_s():
    for a, b, n in ((256, 256, 512), (77, 300, 512), (1000, 1100, 2048), (512, 3, 512)):
        x = np.arange(max(0, a + b - n), min(a, b) + 1)
        probabilities = scipy.stats.hypergeom(n, a, b).pmf(x)
        assert expected_iou(a, b, n) == pytest.approx(probabilities @ (x / (a + b - x)), rel=1e-9)


def test_impossible_sets_are_named():
    with pytest.raises(InputError, match="9 and 2 patches out of 8"):
        expected_iou(9, 2, 8)
    with pytest.raises(InputError, match="-1"):
        expected_iou(2, -1, 8)


def test_tau_is_scipy_s_over_the_patches_both_rank(sides):
    long, short = sides
    statistics = {"intensity": long.intensity, "variation": short.variation}
    for score_a, score_b in itertools.product(("attention", "intensity"), ("attention", "variation")):
        first = statistics.get(score_a, long.points["attention"][5].scores[4])[:64]
        second = statistics.get(score_b, short.points["attention"][0].scores[4])
        expected = scipy.stats.kendalltau(first, second).statistic
        assert score_tau(long, score_a, short, score_b) == pytest.approx(expected, abs=1e-6)
        assert score_tau(short, score_b, long, score_a) == pytest.approx(expected, abs=1e-6)
    assert score_tau(long, "attention", long, "attention") == pytest.approx(1)


def test_tau_of_a_side_without_order_is_nan():
    model = random_model("ast", 128, 0)
    silent = explore(model, np.zeros(20_000, np.float32), keep_rates=(0.5,), scores=("intensity",))
    assert math.isnan(score_tau(silent, "intensity", silent, "intensity"))


def test_points_are_matched_by_the_nearest_value(sides):
    points = [side.points["attention"] for side in sides]
    assert matched(*points, "keep_rate") == list(range(len(KEEP_RATES)))
    for first, second in (points, points[::-1]):
        for point, index in zip(first, matched(first, second, "macs"), strict=True):
            distances = [abs(other.macs - point.macs) for other in second]
            assert distances[index] == min(distances)
    assert len(set(matched(*points, "macs"))) > 3
    assert matched(points[0][-1:], points[1], "macs") == [14]  # dearer than anything of the short one
    with pytest.raises(InputError, match="seconds"):
        matched(*points, "seconds")
    assert set(MATCHES) == {"keep_rate", "macs"}


def test_merging_has_no_ranks_to_compare():
    samples = np.random.default_rng(0).normal(0, 0.1, 20_000).astype(np.float32)
    model = random_model("ast", 128, 0)
    dropped, merged = (
        explore(model, samples, keep_rates=(0.5,), scores=("attention",), blocks=(3, 6), method=method)
        for method in ("drop", "merge")
    )
    assert math.isnan(score_tau(dropped, "attention", merged, "attention"))
    assert score_tau(dropped, "attention", dropped, "attention") == pytest.approx(1)
    rows = [side.drop_stages("attention")[0] for side in (dropped, merged)]
    assert [overlap.block for overlap in stage_overlaps(*rows, blocks=(3, 6))] == [3, 6]
    for overlap, left in zip(stage_overlaps(*rows, blocks=(3, 6)), (32, 16), strict=True):
        assert overlap.both + overlap.only_a == overlap.both + overlap.only_b == left
