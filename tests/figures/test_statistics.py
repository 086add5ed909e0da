"""Kept patches beside the others: two panels, boxes of attention, effect sizes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.figures.drawn import named, rows_of
from tpexplore.figures import titles
from tpexplore.figures.series import Series
from tpexplore.figures.statistics import attention_figure, delta_figure, joint_figure
from tpexplore.model.plan import PRUNE_BLOCKS


def test_joint_panels_share_axes_and_colours():
    before, after = np.zeros((20, 20)), np.zeros((20, 20))
    before[5, 3], after[15, 3] = 1.0, 2.5
    x, y = np.linspace(-1, 1, 21), np.linspace(0, 1, 21)
    means = {"intensity": (-0.45, 0.55), "variation": (0.17, 0.2)}
    figure = joint_figure("This clip", before, after, x, y, means, 0.5)
    left, right = figure.data
    assert left.z[3, 5] == 1.0  # variation up, intensity to the right
    assert right.z[3, 15] == 2.5
    assert left.coloraxis == right.coloraxis == "coloraxis"
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (0, 2.5)
    assert figure.layout.xaxis.range == figure.layout.xaxis2.range == (-1, 1)
    assert figure.layout.yaxis.range == figure.layout.yaxis2.range == (0, 1)
    title = (
        "keeping 50\u00a0% moves the mean intensity from −0.45 to 0.55 and mean variation from 0.17 to 0.20"
    )
    assert figure.layout.title.text == f"This clip: {title}"
    assert len(rows_of(figure)) == 800
    same = joint_figure("This clip", before, before, x, y, means, 1.0)
    assert same.layout.title.text == "This clip: at 100\u00a0% every patch stays"


def test_attention_boxes_hold_the_values_or_their_quantiles():
    kept = {block: [2.0, 3.0] for block in PRUNE_BLOCKS}
    dropped = {block: [0.5] for block in PRUNE_BLOCKS}
    figure = attention_figure("This clip", kept, dropped, dict.fromkeys(PRUNE_BLOCKS, 1.0))
    boxes = named(figure)
    assert list(boxes["kept"].y) == [2.0, 3.0] * 3
    assert list(boxes["dropped"].y) == [0.5] * 3
    assert "get far more attention than dropped ones" in figure.layout.title.text
    five = {block: [1, 2, 3, 4, 5] for block in PRUNE_BLOCKS}
    figure = attention_figure("Dataset", five, five, dict.fromkeys(PRUNE_BLOCKS, 0.0), quantiles=True)
    box = named(figure)["kept"]
    assert [list(part) for part in (box.lowerfence, box.q1, box.median, box.q3, box.upperfence)] == [
        [n] * 3 for n in (1, 2, 3, 4, 5)
    ]
    assert "get about as much attention as dropped ones" in figure.layout.title.text
    rows = rows_of(figure)
    assert [float(rows[0][name]) for name in ("5 %", "25 %", "50 %", "75 %", "95 %")] == [1, 2, 3, 4, 5]


def test_nothing_dropped_has_a_title():
    deltas = dict.fromkeys(PRUNE_BLOCKS, math.nan)
    all_kept, empty = (dict.fromkeys(PRUNE_BLOCKS, values) for values in ([1.0], []))
    figure = attention_figure("This clip", all_kept, empty, deltas)
    assert figure.layout.title.text == "This clip: nothing is dropped"
    assert titles.delta_title([math.nan] * 3, dataset=False) == "In this clip nothing is dropped"


def test_effect_sizes_are_drawn_with_their_interval():
    dataset = Series("dataset", [0.5, 0.4, 0.3], [0.4, 0.3, 0.2], [0.55, 0.45, 0.35])
    figure = delta_figure(Series("this clip", [0.6, 0.5, -0.2]), dataset)
    drawn = named(figure)["dataset"]
    assert list(drawn.error_y.array) == pytest.approx([0.05] * 3)
    assert list(drawn.error_y.arrayminus) == pytest.approx([0.1] * 3)
    title = "Over the dataset kept patches get more attention at every stage: δ 0.50, 0.40, 0.30"
    assert figure.layout.title.text == title
    alone = delta_figure(Series("this clip", [0.6, 0.5, -0.2]), None)
    title = "In this clip kept patches get more attention at some stages and less at others"
    assert alone.layout.title.text == f"{title}: δ 0.60, 0.50, −0.20"
