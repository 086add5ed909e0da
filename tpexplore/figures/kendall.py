"""Kendall's tau between attention and a statistic, block by block (paper Fig. 4)."""

from __future__ import annotations

import math
from collections.abc import Iterable

import plotly.graph_objects as go

from tpexplore.figures.figure_csv import SKIP
from tpexplore.figures.series import Series
from tpexplore.figures.style import CLIP, DATASET, PAPER, ZERO_LINE, finish, label_axes
from tpexplore.figures.titles import kendall_title

_STEP = 0.2
"""From one line of the axis to the next."""


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
    figure.update_yaxes(range=[_lowest((clip, dataset, paper)), 1], dtick=_STEP, **ZERO_LINE)
    main = clip or dataset or paper
    return finish(
        figure, kendall_title(statistic, main and main.values, measure, unrelated or 0.0), height=380
    )


def _lowest(series: Iterable[Series | None]) -> float:
    """Where the axis begins: at −0.4, which most clips fit, or at the step below what is drawn."""
    shown = [one for one in series if one]
    drawn = [value for one in shown for value in (*one.values, *(one.low if one.has_interval else ()))]
    least = min((value for value in drawn if not math.isnan(value)), default=0.0)
    return min(-0.4, _STEP * math.floor(least / _STEP))


def _add_line(figure: go.Figure, series: Series, colour: str, symbol: str, dash: str, rank: int = 0) -> None:
    blocks = list(range(1, len(series.values) + 1))
    if series.has_interval:
        figure.add_trace(
            go.Scatter(
                x=blocks + blocks[::-1],
                y=[*series.high, *list(series.low)[::-1]],
                fill="toself",
                fillcolor=_faded(colour, 0.2),
                line={"width": 0},
                hoverinfo="skip",
                showlegend=False,
                meta=SKIP,
            )
        )
    figure.add_trace(
        go.Scatter(
            x=blocks,
            y=list(series.values),
            name=series.name,
            legendrank=rank,
            mode="lines+markers",
            line={"color": colour, "width": 2, "dash": dash},
            marker={"symbol": symbol, "size": 7},
            hovertemplate="%{fullData.name}<br>block %{x}: τ %{y:.2f}<extra></extra>",
            **series.csv_columns(),
        )
    )


def _faded(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"
