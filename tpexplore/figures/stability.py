"""How often each patch survives small changes of the clip, block by block, over the clip's spectrogram."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from tpexplore.figures.clusters import cell_axes
from tpexplore.figures.figure_csv import SKIP, name_columns
from tpexplore.figures.style import finish, label_axes
from tpexplore.model.plan import PRUNE_BLOCKS
from tpexplore.numbers import percent
from tpexplore.signal.grid import PATCH, Grid
from tpexplore.signal.mel import MEL_BINS
from tpexplore.signal.spectrogram import HOP_SECONDS
from tpexplore.study.stability import Stability

COLUMNS = 256
"""Most columns of the small spectrogram; more would not be visible."""
LABELLED_HERTZ = {"250": "250 Hz", "1k": "1 kHz", "4k": "4 kHz"}
SHARES = {
    "colorscale": "Cividis",
    "cmin": 0,
    "cmax": 1,
    "colorbar": {
        "orientation": "h",
        "title": {"text": "share of changed clips in which a patch survives", "side": "top"},
        "tickvals": [0, 0.25, 0.5, 0.75, 1],
        "ticktext": [percent(share) for share in (0, 0.25, 0.5, 0.75, 1)],
        "thickness": 8,
        "len": 0.9,
        "x": 0,
        "xanchor": "left",
        "y": -0.1,
        "yanchor": "top",
    },
}
"""Colours of the shares, and their bar below the figure."""


def stability_figure(
    result: Stability, spec: np.ndarray, ticks: Sequence[tuple[str, float]], start: float = 0.0
) -> go.Figure:
    """The clip's spectrogram, and below it how often each patch survives blocks 4, 7 and 10.

    Parameters
    ----------
    result : Stability
    spec : (frames, 128)
        Normalised log-mel of the clip.
    ticks : sequence of (label, place)
        Of the frequency axis, the place from 0 (bottom) to 1 (top).
    start : float
        Where in its file the clip begins, in seconds.
    """
    stages = PRUNE_BLOCKS[::-1]  # from the bottom, so that the lowest one has the figure's first axes
    names = [f"after block {block}" for block in PRUNE_BLOCKS]
    figure = make_subplots(
        len(stages) + 1,
        1,
        shared_xaxes=True,
        start_cell="bottom-left",
        vertical_spacing=0.06,
        subplot_titles=[*names[::-1], "the clip as it is"],
    )
    grid, top = result.config.grid, MEL_BINS / PATCH
    for place, block in enumerate(stages, start=1):
        figure.add_trace(_share_map(result.survival[block], block, grid, start), place, 1)
        for line in _kept_outline(result.kept[block], grid, start):
            figure.add_trace(line, place, 1)
    figure.add_trace(_picture(spec, start), len(stages) + 1, 1)
    label_axes(figure, "", "")
    name_columns(figure, "seconds", "mel row")
    figure.update_xaxes(range=[start, start + grid.seen_frames * HOP_SECONDS], showgrid=False)
    figure.update_xaxes(title_text="seconds; outlined: kept in the clip as it is", row=1, col=1)
    shown = [(label, at) for label, at in ticks if label in LABELLED_HERTZ]
    figure.update_yaxes(
        range=[0, top],
        tickvals=[at * top for _, at in shown],
        ticktext=[LABELLED_HERTZ[label] for label, _ in shown],
        showgrid=False,
    )
    figure.update_annotations(font={"size": 12}, x=0, xanchor="left")
    figure.update_layout(coloraxis=SHARES)
    return finish(figure, stability_title(result), height=620)


def stability_title(result: Stability) -> str:
    """What a run says, in one sentence."""
    last, changed = PRUNE_BLOCKS[-1], len(result.outcomes)
    kept = result.kept[last]
    firm = int((result.survival[last][kept] == 1).sum())
    label = result.config.labels[result.answer]
    return (
        f"{firm or 'None'} of the {int(kept.sum())} patches kept to the end"
        f" {'survives' if firm == 1 else 'survive'} every change;"
        f" the answer stays “{label}” in {result.same_answers} of {changed}"
    )


def _share_map(survival: np.ndarray, block: int, grid: Grid, start: float) -> go.Heatmap:
    seconds, rows = cell_axes(grid, start)
    return go.Heatmap(
        z=grid.as_map(survival).T,
        text=[[percent(share) for share in row] for row in grid.as_map(survival).T],
        x=seconds,
        y=rows,
        customdata=grid.as_map(np.arange(grid.patches)).T,
        meta=["survives", "patch"],
        name=f"after block {block}",
        coloraxis="coloraxis",
        hovertemplate="patch %{customdata}, %{x:.2f} s<br>survives in %{text}<extra></extra>",
    )


def _kept_outline(kept: np.ndarray, grid: Grid, start: float) -> list[go.Scatter]:
    """Black on light cells, with a white rim for dark ones."""
    edges = [(np.arange(len(places)), places) for places in (grid.frame_edges, grid.bin_edges)]
    x, y = (np.interp(at, *places) for at, places in zip(outline(grid.as_map(kept).T), edges, strict=True))
    return [
        go.Scatter(
            x=start + x * HOP_SECONDS,
            y=y / PATCH,
            mode="lines",
            line={"color": colour, "width": width},
            hoverinfo="skip",
            showlegend=False,
            meta=SKIP,
        )
        for colour, width in (("#ffffff", 4), ("#000000", 1.8))
    ]


def outline(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lines around the true cells of a (rows, columns) map, as x and y with nan between lines."""
    padded = np.pad(mask, 1).astype(np.int8)
    lines = []
    for row, column in zip(*np.nonzero(np.diff(padded, axis=0)[:, 1:-1]), strict=True):
        lines.append(((column, column + 1), (row, row)))
    for row, column in zip(*np.nonzero(np.diff(padded, axis=1)[1:-1]), strict=True):
        lines.append(((column, column), (row, row + 1)))
    points = [(*axis, np.nan) for line in lines for axis in line]
    return np.ravel(points[::2]).astype(float), np.ravel(points[1::2]).astype(float)


def _picture(spec: np.ndarray, start: float) -> go.Heatmap:
    """The normalised spectrogram, coarse and in grey."""
    step = -(-len(spec) // COLUMNS)
    coarse = np.stack([part.mean(0) for part in np.split(spec, range(step, len(spec), step))])
    coarse = coarse.reshape(len(coarse), -1, 2).mean(2)
    low, high = coarse.min(), coarse.max()
    return go.Heatmap(
        z=np.round(255 * (coarse - low) / max(high - low, 1e-6)).astype(int).T.tolist(),
        x=(start + (np.arange(len(coarse)) + 0.5) * step * HOP_SECONDS).tolist(),
        y=((np.arange(MEL_BINS // 2) + 0.5) * 2 / PATCH).tolist(),
        colorscale="Greys_r",
        showscale=False,
        hoverinfo="skip",
        meta=SKIP,
    )
