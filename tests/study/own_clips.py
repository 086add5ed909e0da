"""An accuracy curve over labelled clips in one go, for the tests of own data."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tpexplore.model.plan import KEEP_RATES
from tpexplore.model.vit import AudioViT
from tpexplore.study.labels import LabelledClip
from tpexplore.study.own_data import AccuracyCurve


def accuracy_curve(
    model: AudioViT,
    clips: Sequence[LabelledClip],
    scores: Sequence[str] = ("attention",),
    keep_rates: Sequence[float] = KEEP_RATES,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> AccuracyCurve:
    curve = AccuracyCurve.checked(model, scores, keep_rates)
    for clip in clips:
        curve.add(model, clip, progress)
    return curve
