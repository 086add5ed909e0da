"""The lines of survival."""

from __future__ import annotations

from tests.figures.drawn import named
from tpexplore.figures.survival import Survival, survival_figure


def test_survival_lines_are_percent_of_each_group():
    groups = [
        Survival("C1", "#000000", [1, 0.4, 0.1, 0.0], [1, 0.5, 0.2, 0.1]),
        Survival("C2", "#000000", None, [1, 0.6, 0.3, 0.2]),
    ]
    lines = named(survival_figure(groups, 0.5, "title"))
    assert list(lines["C1"].y) == [100, 40, 10, 0]
    assert list(lines["dataset C1"].y) == [100, 50, 20, 10]
    assert list(lines["all patches"].y) == [100, 50, 25, 12.5]
    assert "C2" not in lines
    assert lines["dataset C2"].showlegend  # no line of the clip stands for its colour
    assert not lines["dataset C1"].showlegend
