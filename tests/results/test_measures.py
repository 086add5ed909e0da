"""Numbers with intervals: reading them, their differences and ratios."""

from __future__ import annotations

import pytest

from tests.paper_files import cell
from tpexplore.results.measures import Measure, minus, over, read_measure


def ends(measure: Measure) -> tuple:
    return measure.value, measure.low, measure.high


@pytest.mark.parametrize("broken", [None, {}, [], "0.9", {"value": None}, {"value": float("nan")}, True])
def test_a_cell_without_a_number_is_no_measure(broken):
    assert read_measure(broken) is None


def test_a_cell_without_a_whole_interval_keeps_its_number():
    assert read_measure({"value": 0.5, "ci95": [None, None]}) == Measure(0.5)
    assert read_measure(0.5) == Measure(0.5)
    assert read_measure(cell(0.5)) == Measure(0.5, 0.49, 0.51)


def test_intervals_of_differences_and_ratios():
    difference = minus(Measure(5, 2, 8), Measure(3, -1, 7))
    assert ends(difference) == pytest.approx((2, -3, 7))
    ratio = over(Measure(0.3, 0.27, 0.33), Measure(0.2, 0.2, 0.2))
    assert ends(ratio) == pytest.approx((1.5, 1.35, 1.65))
    assert minus(Measure(5), Measure(3, 2, 4)) == Measure(2)
    assert over(Measure(0.0, 0.0, 0.01), Measure(0.1, 0.1, 0.1)).low == 0
