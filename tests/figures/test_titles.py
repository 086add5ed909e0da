"""Titles say what the numbers say."""

from __future__ import annotations

import math

import pytest

from tpexplore.figures import titles


def test_share_title_compares_with_the_dataset():
    own = [0.4, 0.2, 0.2, 0.1, 0.1]
    title = {
        usual: titles.share_title("intensity", own, [usual, 0, 0, 0, 1 - usual]).replace("\u00a0", " ")
        for usual in (0.3, 0.6, 0.9)
    }
    start = "60 % of this clip's patches are of low intensity (C1, C2), "
    assert title == {
        0.3: start + "more than its dataset's 30 %",
        0.6: start + "as in its dataset's 60 %",
        0.9: start + "less than its dataset's 90 %",
    }


@pytest.mark.parametrize(
    ("last", "title"),
    [
        ([0.1, 0.4, math.nan], "C2 survives 4.0× as often as C1: 40 % against 10 %"),
        ([0.01, 0.4, 0.2], "C2 survives 40× as often as C1: 40 % against 1 %"),
        ([0.0, 0.4, 0.2], "Nothing of C1 survives, 40 % of C2 does"),
        ([0.41, 0.4, 0.4], "C1 and C2 survive about equally: 41 % and 40 %"),
        ([math.nan, 0.4, math.nan], "Only C2 is present"),
    ],
)
def test_survival_title_says_who_survives(last, title):
    assert titles.survival_title(["C1", "C2", "C3"], last).replace("\u00a0", " ") == title


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([0.6, 0.7, 0.8], "more attention at every stage"),
        ([-0.6, -0.7, -0.8], "less attention at every stage"),
        ([0.1, -0.1, 0.0], "about as much attention as dropped ones"),
        ([0.6, 0.1, math.nan], "more attention at some stages only"),
        ([-0.6, 0.1, 0.0], "less attention at some stages only"),
        ([0.6, 0.0, -0.6], "more attention at some stages and less at others"),
    ],
)
def test_delta_title_knows_both_signs(values, words):
    title = titles.delta_title(values, dataset=False)
    assert title.startswith(f"In this clip kept patches get {words}: δ ")
    assert "nan" not in title


@pytest.mark.parametrize(
    ("delta", "words"),
    [
        (0.9, "far more attention than"),
        (0.2, "more attention than"),
        (-0.1, "about as much attention as"),
        (-0.2, "less attention than"),
        (-0.6, "far less attention than"),
    ],
)
def test_attention_title_knows_both_signs(delta, words):
    title = titles.attention_title("This clip", {4: 0.0, 10: delta})
    number = f"{delta:.2f}".replace("-", "−")
    assert title == f"This clip: at block 10 kept patches get {words} dropped ones (Cliff's δ {number})"


@pytest.mark.parametrize(("own", "usual"), [(0.0, 0.0), (0.004, 0.001), (0.0, 0.004)])
def test_two_shares_that_read_alike_are_called_alike(own, usual):
    title = titles.share_title("intensity", [own, 0, 1 - own, 0, 0], [usual, 0, 0, 0, 1 - usual])
    assert title.replace("\u00a0", " ").endswith("low intensity (C1, C2), as in its dataset's 0 %")
