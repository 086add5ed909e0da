"""The map of clusters, and the bars of their shares and edges."""

from __future__ import annotations

import numpy as np
import pytest

from tests.figures.drawn import rows_of
from tpexplore.figures.clusters import cluster_map, edge_bars, share_bars

TICKS = [("100", 0.05), ("250", 0.12), ("1k", 0.4), ("8k", 1.0)]
EDGES = (-1.0, -0.5, 0.0, 0.5, 1.0, 1.5)


def test_cluster_map_puts_patch_ids_where_they_belong():
    clusters = np.arange(16) % 5  # two time columns of eight rows
    values = np.linspace(-1, 1.5, 16)
    figure = cluster_map(clusters, "intensity", values, EDGES, 20, TICKS)
    heat = figure.data[0]
    for patch in range(16):
        column, row = divmod(patch, 8)
        assert heat.z[row, column] == clusters[patch] + 1
        assert heat.customdata[row, column] == values[patch]
    assert figure.layout.yaxis.range == (0, 8)  # row 0, the lowest, at the bottom
    assert list(heat.x) == pytest.approx([0.08, 0.24])
    assert figure.layout.yaxis.ticktext == ("8k", "1k", "250")  # 100 would touch 250
    rows = rows_of(figure)
    assert len(rows) == 16
    assert {row["cluster"] for row in rows} == {"1", "2", "3", "4", "5"}
    assert {row["mel row"] for row in rows} == {f"{row}.5" for row in range(8)}
    assert {row["seconds"] for row in rows} == {"0.08", "0.24"}


def test_the_map_s_seconds_are_those_of_the_file():
    figure = cluster_map([0] * 16, "intensity", [0] * 16, EDGES, 20, TICKS, start=4.0)
    assert list(figure.data[0].x) == pytest.approx([4.08, 4.24])
    assert figure.layout.xaxis.range == pytest.approx((4, 4.32))
    assert {shape.x0 for shape in figure.layout.shapes} == {4.2}


def test_padding_is_marked_where_the_sound_ends():
    at = {
        frames: [
            shape.x0
            for shape in cluster_map([0] * 16, "intensity", [0] * 16, EDGES, frames, TICKS).layout.shapes
        ]
        for frames in (20, 32)
    }
    assert set(at[20]) == {0.2}
    assert at[32] == []


def test_bars_hold_shares_and_edges():
    sources = {"this clip": [0.1, 0.2, 0.4, 0.2, 0.1], "its dataset": [0.2] * 5}
    figure = share_bars("variation", sources)
    assert [list(trace.x) for trace in figure.data] == [
        pytest.approx([100 * sources[name][i] for name in sources]) for i in range(5)
    ]
    assert "C3" in figure.layout.title.text
    figure = edge_bars("intensity", {"its dataset": EDGES, "paper, ESC-50": tuple(e - 0.2 for e in EDGES)})
    for i, trace in enumerate(figure.data):
        assert trace.base[0] == EDGES[i]
        assert trace.base[0] + trace.x[0] == pytest.approx(EDGES[i + 1])
    title = "Low intensity (C1, C2) ends at 0.00 in its dataset, at −0.20 in the paper"
    assert figure.layout.title.text == title
    row = next(row for row in rows_of(figure) if (row["series"], row["source"]) == ("C2", "its dataset"))
    assert (float(row["from"]), float(row["normalised intensity"])) == (-0.5, 0.0)
