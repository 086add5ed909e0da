"""The curve of accuracy says what pruning costs."""

from __future__ import annotations

import re

from tests.answered_clips import curve_of
from tpexplore.figures.accuracy import accuracy_title


def test_titles_say_what_pruning_costs():
    sentence = accuracy_title(curve_of(["a", "b"], [(0, 0), (1, 0)])).replace("\xa0", " ")
    assert sentence.startswith(
        "100 % of 2 clips right unpruned; keeping 50 % by attention costs 50.0 points and"
    )
    assert re.search(r"saves \d\d % of the MACs$", sentence)
    assert "costs nothing" in accuracy_title(curve_of(["a", "b"], [(0, 1), (1, 0)]))
    assert "wins 50.0 points" in accuracy_title(curve_of(["a", "b"], [(0, 1), (0, 0)]))
