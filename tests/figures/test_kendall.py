"""The curves of Kendall's tau and their title."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.figures.drawn import named, rows_of
from tpexplore.figures import titles
from tpexplore.figures.kendall import kendall_figure
from tpexplore.figures.series import Series

RISING = [0.02, 0.05, -0.03, 0.08, 0.3, 0.35, 0.4, 0.42, 0.5, 0.45, 0.5, 0.55]


def test_kendall_curves_are_the_values_given():
    dataset = Series("dataset", [v / 2 for v in RISING], [v / 2 - 0.1 for v in RISING], RISING)
    figure = kendall_figure("intensity", Series("clip", RISING), dataset, Series("paper", RISING[::-1]))
    curves = named(figure)
    assert list(curves["clip"].y) == RISING
    assert list(curves["paper"].y) == RISING[::-1]
    assert list(curves["clip"].x) == list(range(1, 13))
    assert figure.layout.yaxis.range == (-0.4, 1)
    assert figure.layout.yaxis.zeroline
    band = next(trace for trace in figure.data if trace.fill == "toself")
    assert list(band.y) == [*RISING, *[v / 2 - 0.1 for v in RISING][::-1]]


@pytest.mark.parametrize("least", [-0.41, -0.55, -0.99, -1.0])
def test_the_axis_of_kendall_s_tau_begins_below_all_that_is_drawn(least):
    clip = Series("clip", [math.nan, least, *RISING[2:]])
    for drawn in (clip, Series("clip", RISING, np.full(12, least), np.array(RISING))):
        low, high = kendall_figure("intensity", drawn, None, None).layout.yaxis.range
        assert -1 <= low <= least and low > least - 0.21 and high == 1


def test_kendall_csv_has_every_curve_with_its_interval_and_no_decoration():
    dataset = Series("dataset", RISING, [v - 0.1 for v in RISING], [v + 0.1 for v in RISING])
    figure = kendall_figure("intensity", Series("clip", [math.nan, *RISING[1:]]), dataset, None)
    rows = rows_of(figure)
    assert len(rows) == 24
    assert list(rows[0]) == ["series", "block", "Kendall τ", "low 95 %", "high 95 %"]
    measured = [row for row in rows if row["series"] == "dataset"]
    assert [float(row["Kendall τ"]) for row in measured] == pytest.approx(RISING)
    assert [float(row["low 95 %"]) for row in measured] == pytest.approx([v - 0.1 for v in RISING])
    clip = [row for row in rows if row["series"] == "clip"]
    assert (clip[0]["Kendall τ"], clip[0]["low 95 %"]) == ("", "")


@pytest.mark.parametrize(
    ("values", "title"),
    [
        ([0.5] * 12, "Attention follows intensity in all 12 blocks (mean τ-b 0.50)"),
        ([-0.5] * 12, "Attention runs against intensity in all 12 blocks (mean τ-b −0.50)"),
        (RISING, "Attention follows intensity from block 5 on (mean τ-b 0.30)"),
        ([0.5, -0.5, *[0.5] * 10], "Attention follows intensity in 11 of 12 blocks (mean τ-b 0.42)"),
        ([0.05, -0.05] * 6, "Attention is unrelated to intensity (mean τ-b 0.00)"),
        ([-0.3] * 2 + [0.0] * 10, "Attention runs against intensity in 2 of 12 blocks (mean τ-b −0.05)"),
        ([0.3] * 2 + [0.0] * 10, "Attention follows intensity in only 2 of 12 blocks (mean τ-b 0.05)"),
        ([math.nan] * 12, "Kendall's τ of intensity is undefined: all values are equal"),
    ],
)
def test_kendall_title_says_the_finding(values, title):
    figure = kendall_figure("intensity", Series("clip", values), None, None)
    assert figure.layout.title.text == title


def test_ties_counted_as_agreement_are_judged_by_what_unrelated_scores_would_give():
    title = titles.kendall_title("variation", [0.3] * 12, "τ", unrelated=0.25)
    assert title == "Attention is unrelated to variation (mean τ 0.30, 0.25 if unrelated)"
    figure = kendall_figure("variation", Series("clip", [0.3] * 12), None, None, "τ", 0.25)
    assert [line.y0 for line in figure.layout.shapes] == [0.25]
