"""Accuracy on labelled clips over the cost of a pass, a line for each score."""

from __future__ import annotations

import plotly.graph_objects as go

from tpexplore.figures.style import CLIP, DATASET, SOUND, finish, label_axes
from tpexplore.figures.titles import clips_text
from tpexplore.numbers import number, percent
from tpexplore.study.own_data import AccuracyCurve

COLOURS = {"attention": DATASET, "intensity": CLIP, "variation": SOUND}
MARKERS = {"attention": "circle", "intensity": "square", "variation": "diamond"}


def accuracy_figure(curve: AccuracyCurve) -> go.Figure:
    """Accuracy over MACs, one line a score, with 95 % intervals."""
    figure = go.Figure()
    for score in curve.scores:
        rows = [row for row in curve.rows() if row.score == score]
        figure.add_trace(
            go.Scatter(
                x=[row.macs / 1e9 for row in rows],
                y=[100 * row.accuracy for row in rows],
                error_y={
                    "array": [100 * (row.interval[1] - row.accuracy) for row in rows],
                    "arrayminus": [100 * (row.accuracy - row.interval[0]) for row in rows],
                    "thickness": 1,
                    "width": 3,
                },
                name=f"by {score}",
                mode="lines+markers",
                line={"color": COLOURS[score], "width": 2},
                marker={"symbol": MARKERS[score], "size": 8},
                customdata=[(row.keep_rate, row.right, row.n, *row.interval) for row in rows],
                meta=["keep-rate", "right", "clips", "low 95 %", "high 95 %"],
                hovertemplate="keep-rate %{customdata[0]:.2f}: %{y:.1f} %"
                " (%{customdata[1]} of %{customdata[2]})<extra></extra>",
            )
        )
    label_axes(figure, "G MACs a clip", "accuracy, %")
    figure.update_yaxes(range=[0, 103])
    figure.update_layout(showlegend=True)
    return finish(figure, accuracy_title(curve), height=380)


def accuracy_title(curve: AccuracyCurve) -> str:
    """What a curve says, in one sentence."""
    rows = [row for row in curve.rows() if row.score == curve.scores[0]]
    pruned, full = min(rows, key=lambda row: abs(row.keep_rate - 0.5)), rows[-1]
    saved = percent(1 - pruned.macs / full.macs)
    points = 100 * (full.accuracy - pruned.accuracy)
    change = f"{'costs' if points > 0 else 'wins'} {number(abs(points), '.1f')} points"
    cost = change if points else "costs nothing"
    return (
        f"{percent(full.accuracy)} of {clips_text(full.n)} right unpruned;"
        f" keeping {percent(pruned.keep_rate)} by {curve.scores[0]} {cost} and saves {saved} of the MACs"
    )
