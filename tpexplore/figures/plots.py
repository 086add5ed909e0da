"""Plotly figures of the analysis: numbers in, a figure out whose title says what the numbers say.

Figures are made for white paper, as one is downloaded. The app's page recolours text, grid and
background for its light and dark theme; data colours keep a contrast of 3 : 1 on both.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from tpexplore.figures.titles import (
    CLUSTER_NAMES,
    attention_title,
    delta_title,
    edge_title,
    joint_title,
    kendall_title,
    largest_title,
    number,
    share_title,
)
from tpexplore.model.plan import PRUNE_BLOCKS
from tpexplore.signal.grid import PATCH, Grid
from tpexplore.signal.mel import MEL_BINS
from tpexplore.signal.spectrogram import HOP_SECONDS

TEXT, GRID, ZERO = "#334155", "rgba(128,128,128,0.25)", "#808080"
FONT = '"IBM Plex Sans", system-ui, sans-serif'
CLIP, DATASET, PAPER = "#D55E00", "#0072B2", "#808080"
"""Colours of what this clip, its model's dataset and the paper say (the first two of Okabe and Ito)."""
SOUND, PADDING = "#009E73", "#BF5FA0"
CLUSTER_COLOURS = ("#2C56D0", "#7455BF", "#A9538F", "#C3603F", "#BD7F00")
"""Lowest to highest, from blue to yellow and from darker to lighter: in order for every eye."""
MARKERS = ("circle", "square", "diamond", "triangle-up", "x")

QUANTILES = ("5 %", "25 %", "50 %", "75 %", "95 %")
"""What a box is drawn of, where single values are not known."""
TICK_GAP = 0.08
"""Room that a label of the frequency axis needs."""
SOURCE = "source"
"""Column of a CSV that says whose bar it is; the axis itself needs no title."""
SKIP = "skip"
"""Marks a trace that the table of a figure leaves out."""


@dataclass(frozen=True)
class Series:
    """One line of a figure, with its 95 % interval where it has one; nan where there is no value."""

    name: str
    values: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None


def to_csv(figure: go.Figure) -> str:
    """What a figure shows, as tidy CSV: one line per point, columns named like the axes.

    Traces marked as decoration are left out; those with ``customdata`` name its columns in their meta.
    """
    layout = figure.layout
    names = [layout.xaxis.title.text, layout.yaxis.title.text or SOURCE]
    rows, extra = [], []
    for trace in figure.data:
        if trace.meta == SKIP:
            continue
        columns = list(trace.meta or ())
        extra += [column for column in columns if column not in extra]
        for x, y, more in _points(trace):
            row = {"series": trace.name or "", names[0]: x, names[1]: y}
            rows.append({**row, **dict(zip(columns, more, strict=False))})
    out = io.StringIO()
    writer = csv.DictWriter(out, ["series", *names, *extra], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _plain(value) for key, value in row.items()} for row in rows)
    return out.getvalue()


def _points(trace: Any):
    """(x, y, further values) of every point: x is where a bar ends, and a heat map's first value its z."""
    if trace.type == "heatmap":
        z = np.asarray(trace.z, dtype=float)
        for i, y in enumerate(trace.y):
            for j, x in enumerate(trace.x):
                yield x, y, (z[i, j], *([trace.customdata[i][j]] if trace.customdata is not None else []))
        return
    y = trace.y if trace.y is not None else [""] * len(trace.x)
    more = trace.customdata if trace.customdata is not None else [()] * len(y)
    base = getattr(trace, "base", None)
    x = trace.x if base is None else [start + length for start, length in zip(base, trace.x, strict=True)]
    yield from zip(x, y, (np.atleast_1d(m) for m in more), strict=True)


def _plain(value: Any) -> Any:
    """A value as it stands in a CSV file: nothing for nan, at most six digits."""
    if isinstance(value, (float, np.floating)):
        return "" if math.isnan(value) else f"{float(value):.6g}"
    return value


# -- Kendall's tau


def kendall_figure(
    statistic: str,
    clip: Series | None,
    dataset: Series | None,
    paper: Series | None,
    measure: str = "τ-b",
    unrelated: float | None = None,
) -> go.Figure:
    """Tau between attention and a statistic after every block, of up to three sources.

    Parameters
    ----------
    statistic : {"intensity", "variation"}
    clip, dataset, paper : Series or None
        One value a block; names say how ties count.
    measure : str
        What the clip's values are, for the title.
    unrelated : float or None
        What unrelated scores would give, where that is not 0: the share of tied pairs.
    """
    figure = go.Figure()
    styles = ((DATASET, "square", "solid"), (PAPER, "diamond", "dash"), (CLIP, "circle", "solid"))
    for rank, (series, style) in enumerate(zip((dataset, paper, clip), styles, strict=True)):
        if series is not None:  # the clip is drawn last, on top, and named first
            _add_line(figure, series, *style, rank=(rank + 1) % 3)
    if unrelated is not None:
        figure.add_hline(
            unrelated,
            line={"color": CLIP, "width": 1, "dash": "dot"},
            annotation={"text": "unrelated", "font": {"size": 11}, "xanchor": "right"},
        )
    blocks = max((len(s.values) for s in (clip, dataset, paper) if s is not None), default=12)
    label_axes(figure, "block", "Kendall τ")
    figure.update_xaxes(tickvals=list(range(1, blocks + 1)), range=[0.6, blocks + 0.4])
    figure.update_yaxes(range=[-0.4, 1], zeroline=True, zerolinecolor=ZERO, zerolinewidth=1.5, dtick=0.2)
    main = clip or dataset or paper
    return finish(
        figure, kendall_title(statistic, main and main.values, measure, unrelated or 0.0), height=380
    )


# -- clusters


def cluster_map(
    clusters: Sequence[int],
    statistic: str,
    values: Sequence[float],
    edges: Sequence[float],
    real_frames: int,
    ticks: Sequence[tuple[str, float]],
    shares: Sequence[float] | None = None,
    grid: Grid | None = None,
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
    """
    rows = MEL_BINS // PATCH
    grid = grid or Grid(rows, len(clusters) // rows)
    cells = grid.as_map(np.asarray(clusters)).T
    ends, step = grid.seen_frames * HOP_SECONDS, grid.time_stride * HOP_SECONDS
    x, y = cell_axes(grid)
    figure = go.Figure(
        go.Heatmap(
            z=cells + 1,
            x=x,
            y=y,
            customdata=grid.as_map(np.asarray(values, float)).T,
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
    )
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
    sound = real_frames * HOP_SECONDS
    if sound < ends - step / 2:
        figure.add_vrect(
            x0=sound,
            x1=ends,
            fillcolor="rgba(128,128,128,0.25)",
            line_width=0,
        )
        # At its end: where little of the window is padding, the word would run out of the figure.
        figure.add_annotation(
            x=ends,
            y=1,
            yref="paper",
            xanchor="right",
            yanchor="bottom",
            text="padding",
            showarrow=False,
        )
        figure.add_vline(sound, line={"color": "#ffffff", "width": 2, "dash": "dash"})
    shown = []
    for label, at in reversed(ticks):  # from the top, as far as they do not touch
        if not shown or shown[-1][1] - at > TICK_GAP:
            shown.append((label, at))
    label_axes(figure, "seconds", "Hz")
    figure.update_xaxes(range=[0, ends], showgrid=False)
    figure.update_yaxes(
        range=[0, rows],
        tickvals=[at * rows for _, at in shown],
        ticktext=[label for label, _ in shown],
        showgrid=False,
    )
    own = np.bincount(cells.ravel(), minlength=len(CLUSTER_NAMES)) / cells.size
    return finish(figure, share_title(statistic, own, shares), height=320)


def cell_axes(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Where a heat map draws the cells of a grid: seconds across, and up in units of 16 mel bins.

    Side by side the middles of the cells; where patches overlap their edges, as the outer cells are wider.
    """
    if not grid.overlaps:
        return (np.arange(grid.columns) + 0.5) * (PATCH * HOP_SECONDS), np.arange(grid.rows) + 0.5
    return np.array(grid.frame_edges) * HOP_SECONDS, np.array(grid.bin_edges) / PATCH


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
                textfont={"color": "#ffffff", "size": 12},
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


# -- survival


@dataclass(frozen=True)
class Survival:
    """Share of a group of patches left before pruning and after blocks 4, 7 and 10: four numbers each."""

    name: str
    colour: str
    clip: Sequence[float] | None
    dataset: Sequence[float] | None = None


def survival_figure(groups: Sequence[Survival], keep_rate: float, finding: str) -> go.Figure:
    """How much of each group survives every stage: solid this clip, dashed its dataset."""
    figure = go.Figure()
    stages = ["input", *(f"block {block}" for block in PRUNE_BLOCKS)]
    for i, group in enumerate(groups):
        for values, dash, who in ((group.dataset, "dash", "dataset "), (group.clip, "solid", "")):
            if values is None:
                continue
            solid = dash == "solid"
            figure.add_trace(
                go.Scatter(
                    x=stages,
                    y=[100 * v for v in values],
                    name=f"{who}{group.name}",
                    showlegend=solid or group.clip is None,
                    mode="lines+markers",
                    line={"color": group.colour, "width": 2.5 if solid else 1.5, "dash": dash},
                    marker={"symbol": MARKERS[i % len(MARKERS)], "size": 8 if solid else 5},
                    hovertemplate="%{fullData.name}: %{y:.0f} %<extra></extra>",
                )
            )
    all_patches = [100 * keep_rate**i for i in range(len(stages))]
    _add_reference(figure, stages, all_patches, "all patches", "dot")
    if any(group.dataset is not None and group.clip is not None for group in groups):
        _add_reference(figure, [None], [None], "dashed: dataset", "dash")
    label_axes(figure, "after", "% that survive")
    figure.update_yaxes(range=[0, 103])
    return finish(figure, finding, height=360)


def _add_reference(figure: go.Figure, x: Sequence, y: Sequence, name: str, dash: str) -> None:
    figure.add_trace(
        go.Scatter(
            x=x,
            y=y,
            name=name,
            mode="lines",
            line={"color": PAPER, "width": 1.5, "dash": dash},
            meta=SKIP if x[0] is None else None,
            hovertemplate="%{fullData.name}: %{y:.0f} %<extra></extra>",
        )
    )


# -- statistics


def joint_figure(
    who: str,
    before: Sequence[Sequence[float]],
    after: Sequence[Sequence[float]],
    x_edges: Sequence[float],
    y_edges: Sequence[float],
    means: Mapping[str, tuple[float, float]],
    keep_rate: float,
) -> go.Figure:
    """Patches by intensity and variation, all of them and those kept (paper Fig. 6).

    Parameters
    ----------
    who : str
        Whose patches these are, for the title.
    before, after : (20, 20)
        log(1 + density) by intensity bin and variation bin.
    x_edges, y_edges : (21,)
    means : {"intensity", "variation"} -> (of all, of those kept)
    """
    before, after = np.asarray(before, float), np.asarray(after, float)
    x_edges, y_edges = np.asarray(x_edges, float), np.asarray(y_edges, float)
    names = ("all patches", f"kept after block {PRUNE_BLOCKS[-1]}")
    figure = make_subplots(1, 2, subplot_titles=names, shared_yaxes=True, horizontal_spacing=0.04)
    for column, (name, cells) in enumerate(zip(names, (before, after), strict=True), start=1):
        figure.add_trace(
            go.Heatmap(
                z=cells.T,
                x=(x_edges[1:] + x_edges[:-1]) / 2,
                y=(y_edges[1:] + y_edges[:-1]) / 2,
                name=name,
                meta=["log(1 + density)"],
                coloraxis="coloraxis",
                hovertemplate="intensity %{x:.2f}, variation %{y:.2f}<br>"
                "log(1 + density) %{z:.2f}<extra></extra>",
            ),
            1,
            column,
        )
    label_axes(figure, "intensity", "variation")
    figure.update_xaxes(range=[x_edges[0], x_edges[-1]], showgrid=False)
    figure.update_yaxes(range=[y_edges[0], y_edges[-1]], showgrid=False)
    figure.update_yaxes(title_text="", col=2)
    figure.update_annotations(font={"size": 13})
    figure.update_layout(
        coloraxis={
            "colorscale": "Cividis",
            "cmin": 0,
            "cmax": max(float(before.max()), float(after.max()), 1e-6),
            "colorbar": {
                "title": {"text": "log(1 + density)", "side": "right"},
                "orientation": "h",
                "thickness": 8,
                "len": 0.6,
                "y": 0,
                "yref": "container",
                "yanchor": "bottom",
            },
        }
    )
    return finish(figure, joint_title(who, means, keep_rate), height=370)


def attention_figure(
    who: str,
    kept: Mapping[int, Sequence[float]],
    dropped: Mapping[int, Sequence[float]],
    deltas: Mapping[int, float],
    quantiles: bool = False,
) -> go.Figure:
    """Attention that kept and dropped patches get at each stage, as boxes.

    Parameters
    ----------
    kept, dropped : {block: values}
        Attention in multiples of an equal share; with ``quantiles`` the five of `QUANTILES`.
    deltas : {block: Cliff's delta}
    """
    figure = go.Figure()
    for name, groups, colour in (("kept", kept, SOUND), ("dropped", dropped, PADDING)):
        look = {"name": name, "marker": {"color": colour, "size": 3}, "line": {"color": colour, "width": 1.5}}
        stages = [_stage(block, deltas.get(block)) for block in groups]
        if quantiles:
            five = np.asarray(list(groups.values()), float)
            low, q1, median, q3, high = five.T
            parts = {"lowerfence": low, "q1": q1, "median": median, "q3": q3, "upperfence": high}
            figure.add_trace(go.Box(x=stages, customdata=five, meta=list(QUANTILES), **parts, **look))
        else:
            figure.add_trace(
                go.Box(
                    x=[stage for stage, values in zip(stages, groups.values(), strict=True) for _ in values],
                    y=[float(v) for values in groups.values() for v in values],
                    boxpoints="outliers",
                    **look,
                )
            )
    label_axes(figure, "pruning stage", "attention, × equal share")
    figure.update_layout(boxmode="group", boxgap=0.3)
    ticks = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30]
    figure.update_yaxes(type="log", tickvals=ticks, ticktext=[f"{tick:g}" for tick in ticks])
    return finish(figure, attention_title(who, deltas), height=380)


def _stage(block: int, delta: float | None) -> str:
    return f"block {block}" + ("" if delta is None or math.isnan(delta) else f"<br>δ {number(delta)}")


def delta_figure(clip: Series, dataset: Series | None) -> go.Figure:
    """Cliff's delta of kept over dropped patches at each stage, this clip beside its dataset."""
    figure = go.Figure()
    stages = [f"block {block}" for block in PRUNE_BLOCKS]
    for series, colour, symbol in ((clip, CLIP, "circle"), (dataset, DATASET, "square")):
        if series is None:
            continue
        interval = {}
        if series.low is not None and series.high is not None:
            interval = {
                "error_y": {
                    "array": [h - v for h, v in zip(series.high, series.values, strict=True)],
                    "arrayminus": [v - low for low, v in zip(series.low, series.values, strict=True)],
                    "thickness": 2,
                },
                "customdata": list(zip(series.low, series.high, strict=True)),
                "meta": ["low 95 %", "high 95 %"],
            }
        figure.add_trace(
            go.Scatter(
                x=stages,
                y=list(series.values),
                name=series.name,
                mode="lines+markers",
                line={"color": colour, "width": 2},
                marker={"symbol": symbol, "size": 8},
                hovertemplate="%{fullData.name}: δ %{y:.2f}<extra></extra>",
                **interval,
            )
        )
    label_axes(figure, "pruning stage", "Cliff's δ")
    figure.update_xaxes(range=[-0.3, len(stages) - 0.7])
    figure.update_yaxes(range=[-1.05, 1.05], dtick=0.5, zeroline=True, zerolinecolor=ZERO, zerolinewidth=1.5)
    return finish(figure, delta_title((dataset or clip).values, dataset is not None), height=380)


# -- look


def _add_line(figure: go.Figure, series: Series, colour: str, symbol: str, dash: str, rank: int = 0) -> None:
    blocks = list(range(1, len(series.values) + 1))
    low, high = series.low, series.high
    if low is not None and high is not None:
        figure.add_trace(
            go.Scatter(
                x=blocks + blocks[::-1],
                y=[*high, *list(low)[::-1]],
                fill="toself",
                fillcolor=_faded(colour, 0.2),
                line={"width": 0},
                hoverinfo="skip",
                showlegend=False,
                meta=SKIP,
            )
        )
    interval = low is not None and high is not None
    figure.add_trace(
        go.Scatter(
            x=blocks,
            y=list(series.values),
            name=series.name,
            legendrank=rank,
            mode="lines+markers",
            line={"color": colour, "width": 2, "dash": dash},
            marker={"symbol": symbol, "size": 7},
            customdata=list(zip(low, high, strict=True)) if interval else None,
            meta=["low 95 %", "high 95 %"] if interval else None,
            hovertemplate="%{fullData.name}<br>block %{x}: τ %{y:.2f}<extra></extra>",
        )
    )


def label_axes(figure: go.Figure, x: str, y: str) -> None:
    """Name the axes, and give them the look of all figures."""
    look = {"gridcolor": GRID, "zeroline": False, "fixedrange": True, "automargin": True, "title_standoff": 8}
    figure.update_xaxes(title_text=x, **look)
    figure.update_yaxes(title_text=y, **look)


def finish(figure: go.Figure, title: str, height: int) -> go.Figure:
    """Give a figure its title, a sentence, and the layout of all figures."""
    sentence = title[:1].upper() + title[1:]
    figure.update_layout(
        title={"text": sentence, "x": 0, "xanchor": "left", "pad": {"l": 12}, "font": {"size": 15}},
        font={"family": FONT, "size": 12, "color": TEXT},
        paper_bgcolor="#ffffff",
        plot_bgcolor="#ffffff",
        height=height,
        margin={"l": 8, "r": 12, "t": 56, "b": 8},
        legend={
            "orientation": "h",
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "y": 0,
            "yref": "container",
            "yanchor": "bottom",
        },
        hoverlabel={"font": {"family": FONT}},
        dragmode=False,
    )
    return figure


def _faded(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def _steps(colours: Sequence[str]) -> list[tuple[float, str]]:
    """A colour scale of equal steps."""
    n = len(colours)
    return [(at / n, colour) for i, colour in enumerate(colours) for at in (i, i + 1)]


def _range(low: float, high: float, i: int, last: int) -> str:
    if i == 0:
        return f"below {number(high)}"
    return f"from {number(low)}" if i == last else f"{number(low)} to {number(high)}"
