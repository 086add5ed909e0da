"""The rule of the verdicts, and the sentence that says how often a finding held."""

from __future__ import annotations

import pytest

from tpexplore.results.judging import CONFIRMED, MIXED, NOT_CONFIRMED, NOT_MEASURED, Contrast, judge
from tpexplore.results.measures import Measure
from tpexplore.results.sentences import plain_sentence


@pytest.mark.parametrize(
    ("margins", "verdict"),
    [
        ([], NOT_MEASURED),
        ([Measure(1, 0.1, 2), Measure(2, 1, 3)], CONFIRMED),
        ([Measure(1, 0.1, 2), Measure(1, -0.1, 2)], MIXED),
        ([Measure(1, 0.1, 2), Measure(-1, -2, -0.1)], MIXED),
        ([Measure(1, -0.1, 2), Measure(-1, -2, -0.1)], NOT_CONFIRMED),
        ([Measure(1, 0.0, 2)], NOT_CONFIRMED),
        ([Measure(0.1)], CONFIRMED),
        ([Measure(-0.1)], NOT_CONFIRMED),
    ],
)
def test_rule(margins, verdict):
    assert judge(Contrast(("model",), "what", margin) for margin in margins) == verdict


@pytest.mark.parametrize(
    ("signs", "sentence"),
    [
        ([], "Not measured yet."),
        ([1], "A wins."),
        ([-1], "B wins."),
        ([0], "The difference is too small to call."),
        ([0, 0], "The difference is too small to call in all 2 comparisons."),
        ([1, 1], "A wins in all 2 comparisons."),
        ([1, 0, -1, 1], "A wins in 2 of 4 comparisons, the other way round in 1; 1 is too close to call."),
        ([-1, 0, 0], "B wins in 1 of 3 comparisons; 2 are too close to call."),
    ],
)
def test_a_finding_is_one_plain_sentence(signs, sentence):
    contrasts = [Contrast(("m",), "", Measure(sign, sign - 0.5, sign + 0.5)) for sign in signs]
    assert plain_sentence(contrasts, "A wins", "B wins") == sentence
