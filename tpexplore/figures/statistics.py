"""Kept patches beside the others: loudness and spread (paper Fig. 6), attention, Cliff's delta."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from tpexplore.figures.series import Series
from tpexplore.figures.style import CLIP, DATASET, PADDING, SOUND, ZERO_LINE, finish, label_axes
from tpexplore.figures.titles import attention_title, delta_title, joint_title
from tpexplore.model.plan import PRUNE_BLOCKS
from tpexplore.numbers import number

QUANTILES = ("5 %", "25 %", "50 %", "75 %", "95 %")
"""The quantiles that a box is drawn from if single values are not available."""


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
        figure.add_trace(
            go.Scatter(
                x=stages,
                y=list(series.values),
                name=series.name,
                mode="lines+markers",
                line={"color": colour, "width": 2},
                marker={"symbol": symbol, "size": 8},
                hovertemplate="%{fullData.name}: δ %{y:.2f}<extra></extra>",
                error_y=_error_bars(series),
                **series.csv_columns(),
            )
        )
    label_axes(figure, "pruning stage", "Cliff's δ")
    figure.update_xaxes(range=[-0.3, len(stages) - 0.7])
    figure.update_yaxes(range=[-1.05, 1.05], dtick=0.5, **ZERO_LINE)
    return finish(figure, delta_title((dataset or clip).values, dataset is not None), height=380)


def _error_bars(series: Series) -> dict[str, Any] | None:
    if not series.has_interval:
        return None
    return {
        "array": [high - value for high, value in zip(series.high, series.values, strict=True)],
        "arrayminus": [value - low for low, value in zip(series.low, series.values, strict=True)],
        "thickness": 2,
    }
