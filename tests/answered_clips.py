"""A curve of accuracy from answers that a test chooses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.study.test_labels import config_of
from tpexplore.study.labels import LabelledClip
from tpexplore.study.own_data import AccuracyCurve


def curve_of(labels: Sequence[str], answers: Sequence[tuple[int, int]]) -> AccuracyCurve:
    """Clips of class 0, each with its answers at keep-rates 0.5 and 1 by attention."""
    curve = AccuracyCurve(config_of(labels), ("attention",), (0.5, 1.0))
    for i, (half, full) in enumerate(answers):
        clip = LabelledClip(Path("x"), f"{i}.wav", "", 0)
        curve.answers.append((clip, {("attention", 0.5): half, ("attention", 1.0): full}))
    return curve
