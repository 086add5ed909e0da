"""How much of each group of patches survives every pruning stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from tpexplore.figures.figure_csv import SKIP
from tpexplore.figures.style import PAPER, finish, label_axes
from tpexplore.model.plan import PRUNE_BLOCKS

MARKERS = ("circle", "square", "diamond", "triangle-up", "x")


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
