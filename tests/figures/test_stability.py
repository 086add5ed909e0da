"""The maps of survival: the outline of what is kept, and every patch in the CSV."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tests.figures.drawn import rows_of
from tpexplore.checkpoints.bundled import example_clips
from tpexplore.figures.stability import outline, stability_figure
from tpexplore.model.plan import PRUNE_BLOCKS
from tpexplore.signal.decode import load_audio
from tpexplore.study.stability import CHANGES, stability


def test_outline_runs_between_kept_and_dropped():
    rng = np.random.default_rng(0)
    for _ in range(20):
        mask = rng.random((8, 6)) < 0.5
        x, y = outline(mask)
        drawn = set()
        for i in range(0, len(x), 3):
            assert np.isnan(x[i + 2])
            assert np.isnan(y[i + 2])
            drawn.add((x[i], y[i], x[i + 1], y[i + 1]))
        expected = set()
        padded = np.pad(mask, 1)
        for row, column in itertools.product(range(8), range(6)):
            here = padded[row + 1, column + 1]
            if here != padded[row, column + 1]:
                expected.add((column, row, column + 1, row))
            if here != padded[row + 1, column]:
                expected.add((column, row, column, row + 1))
            if row == 7 and here:
                expected.add((column, 8, column + 1, 8))
            if column == 5 and here:
                expected.add((6, row, 6, row + 1))
        assert drawn == expected
    assert len(outline(np.zeros((8, 6), bool))[0]) == 0


@pytest.mark.skipif(not example_clips(), reason="no example clip is bundled")
def test_every_patch_is_shown_with_how_often_it_survives(model):
    clip = load_audio(example_clips()[0].path)
    result = stability(model, clip, 0.5)
    figure = stability_figure(result, model.spectrogram(clip).numpy(), [("100", 0.1), ("1k", 0.4)])
    rows = rows_of(figure)
    for block in PRUNE_BLOCKS:
        shares = {
            int(r["patch"]): float(r["survives"]) for r in rows if r["series"] == f"after block {block}"
        }
        assert [shares[i] for i in range(64)] == pytest.approx(result.survival[block], abs=1e-5)
    assert list(rows[0])[:3] == ["series", "seconds", "mel row"]
    assert f"in {result.same_answers} of {len(CHANGES)}" in figure.layout.title.text
    assert figure.layout.yaxis.ticktext == ("1 kHz",)
    # Everything lies at its time in the file.
    later = stability_figure(result, model.spectrogram(clip).numpy(), [("1k", 0.4)], start=4.0)
    for trace, moved in zip(figure.data, later.data, strict=True):
        assert np.asarray(moved.x, float) == pytest.approx(np.asarray(trace.x, float) + 4, nan_ok=True)
    assert later.layout.xaxis.range[0] == 4
