"""The five clusters of a dataset's patches: as a map of a clip, their shares and their edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go

from tpexplore.figures.figure_csv import SKIP, name_columns
from tpexplore.figures.style import CLUSTER_COLOURS, CLUSTER_INKS, finish, label_axes
from tpexplore.figures.titles import edge_title, largest_title, share_title
from tpexplore.numbers import number
from tpexplore.signal.grid import PATCH, Grid
from tpexplore.signal.mel import MEL_BINS
from tpexplore.signal.spectrogram import HOP_SECONDS
from tpexplore.stats.cluster_names import CLUSTER_NAMES

TICK_GAP = 0.08
"""Room that a label of the frequency axis needs."""


def cluster_map(
    clusters: Sequence[int],
    statistic: str,
    values: Sequence[float],
    edges: Sequence[float],
    real_frames: int,
    ticks: Sequence[tuple[str, float]],
    shares: Sequence[float] | None = None,
    grid: Grid | None = None,
    start: float = 0.0,
) -> go.Figure:
    """The patch grid, coloured by cluster; low frequency at the bottom.

    Parameters
    ----------
    clusters, values : (patches,)
        Cluster (0 the lowest) and statistic of every patch.
    statistic : {"intensity", "variation"}
    edges : (6,)
    real_frames : int
        Frames that the clip fills; padding begins after them.
    ticks : sequence of (label, place)
        Of the frequency axis, the place from 0 (bottom) to 1 (top).
    shares : (5,) or None
        Of the dataset, to compare with.
    grid : Grid, optional
        Where the patches lie; by default side by side.
    start : float
        Where in its file the clip begins, in seconds.
    """
    rows = MEL_BINS // PATCH
    grid = grid or Grid(rows, len(clusters) // rows)
    cells = grid.as_map(np.asarray(clusters)).T
    figure = go.Figure(_cell_map(cells, grid.as_map(np.asarray(values, float)).T, statistic, grid, start))
    _add_cluster_legend(figure, edges)
    _mark_padding(figure, real_frames, grid, start)
    label_axes(figure, "seconds", "Hz")
    name_columns(figure, "seconds", "mel row")
    figure.update_xaxes(range=[start, start + grid.seen_frames * HOP_SECONDS], showgrid=False)
    shown = _spaced(ticks)
    figure.update_yaxes(
        range=[0, rows],
        tickvals=[at * rows for _, at in shown],
        ticktext=[label for label, _ in shown],
        showgrid=False,
    )
    own = np.bincount(cells.ravel(), minlength=len(CLUSTER_NAMES)) / cells.size
    return finish(figure, share_title(statistic, own, shares), height=320)


def _cell_map(cells: np.ndarray, values: np.ndarray, statistic: str, grid: Grid, start: float) -> go.Heatmap:
    x, y = cell_axes(grid, start)
    return go.Heatmap(
        z=cells + 1,
        x=x,
        y=y,
        customdata=values,
        meta=["cluster", statistic],
        name="patches",
        colorscale=_steps(CLUSTER_COLOURS),
        zmin=0.5,
        zmax=5.5,
        xgap=1,
        ygap=1,
        showscale=False,
        hovertemplate=f"%{{x:.2f}} s, C%{{z}}, {statistic} %{{customdata:.2f}}<extra></extra>",
    )


def _add_cluster_legend(figure: go.Figure, edges: Sequence[float]) -> None:
    for i, (low, high) in enumerate(pairwise(edges)):
        figure.add_trace(
            go.Scatter(
                x=[None],
                y=[None],
                mode="markers",
                marker={"symbol": "square", "size": 12, "color": CLUSTER_COLOURS[i]},
                name=f"{CLUSTER_NAMES[i]} {_range(low, high, i, len(edges) - 2)}",
                meta=SKIP,
            )
        )


def _mark_padding(figure: go.Figure, real_frames: int, grid: Grid, start: float) -> None:
    """Shade the padding after the sound, unless it is shorter than half a patch."""
    sound, end = start + real_frames * HOP_SECONDS, start + grid.seen_frames * HOP_SECONDS
    if sound >= end - grid.time_stride * HOP_SECONDS / 2:
        return
    figure.add_vrect(x0=sound, x1=end, fillcolor="rgba(128,128,128,0.25)", line_width=0)
    # At its end: where little of the window is padding, the word would run out of the figure.
    figure.add_annotation(
        x=end,
        y=1,
        yref="paper",
        xanchor="right",
        yanchor="bottom",
        text="padding",
        showarrow=False,
    )
    figure.add_vline(sound, line={"color": "#ffffff", "width": 2, "dash": "dash"})


def _spaced(ticks: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """The ticks from the top, as far as their labels do not touch."""
    shown = []
    for label, at in reversed(ticks):
        if not shown or shown[-1][1] - at > TICK_GAP:
            shown.append((label, at))
    return shown


def cell_axes(grid: Grid, start: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Where a heat map draws the cells of a grid: seconds across, from ``start``; up in units of 16 mel bins.

    Side by side the middles of the cells; where patches overlap their edges, as the outer cells are wider.
    """
    if not grid.overlaps:
        return start + (np.arange(grid.columns) + 0.5) * (PATCH * HOP_SECONDS), np.arange(grid.rows) + 0.5
    return start + np.array(grid.frame_edges) * HOP_SECONDS, np.array(grid.bin_edges) / PATCH


def _steps(colours: Sequence[str]) -> list[tuple[float, str]]:
    """A colour scale of equal steps."""
    n = len(colours)
    return [(at / n, colour) for i, colour in enumerate(colours) for at in (i, i + 1)]


def _range(low: float, high: float, i: int, last: int) -> str:
    if i == 0:
        return f"below {number(high)}"
    return f"from {number(low)}" if i == last else f"{number(low)} to {number(high)}"


def share_bars(statistic: str, sources: Mapping[str, Sequence[float]]) -> go.Figure:
    """Share of each cluster, one bar a source, the first at the top."""
    figure = go.Figure()
    names = list(sources)
    for i, cluster in enumerate(CLUSTER_NAMES):
        parts = [100 * sources[name][i] for name in names]
        figure.add_trace(
            go.Bar(
                x=parts,
                y=names,
                orientation="h",
                name=cluster,
                marker={"color": CLUSTER_COLOURS[i], "line": {"color": "#ffffff", "width": 1}},
                text=[f"{part:.0f}" if part >= 6 else "" for part in parts],
                textposition="inside",
                insidetextanchor="middle",
                textangle=0,
                textfont={"color": CLUSTER_INKS[i], "size": 12},
                hovertemplate=f"%{{y}}: {cluster} %{{x:.1f}} %<extra></extra>",
            )
        )
    label_axes(figure, "% of patches", "")
    figure.update_layout(barmode="stack", bargap=0.35, legend={"traceorder": "normal", "entrywidth": 30})
    figure.update_xaxes(range=[0, 100])
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return finish(figure, largest_title(statistic, sources), height=110 + 34 * max(len(names), 2))


def edge_bars(statistic: str, sources: Mapping[str, Sequence[float]]) -> go.Figure:
    """Where each cluster begins and ends (paper Fig. 5), one bar a source, the first at the top."""
    figure = go.Figure()
    names = list(sources)
    for i, cluster in enumerate(CLUSTER_NAMES):
        starts = [sources[name][i] for name in names]
        ends = [sources[name][i + 1] for name in names]
        figure.add_trace(
            go.Bar(
                x=[end - start for start, end in zip(starts, ends, strict=True)],
                base=starts,
                y=names,
                orientation="h",
                name=cluster,
                customdata=list(zip(starts, ends, strict=True)),
                meta=["from"],
                marker={"color": CLUSTER_COLOURS[i], "line": {"color": "#ffffff", "width": 1}},
                hovertemplate=f"%{{y}}: {cluster} from %{{customdata[0]:.2f}}"
                " to %{customdata[1]:.2f}<extra></extra>",
            )
        )
    label_axes(figure, f"normalised {statistic}", "")
    figure.update_layout(barmode="overlay", bargap=0.35, legend_entrywidth=30)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    return finish(figure, edge_title(statistic, sources), height=110 + 34 * max(len(names), 2))
