"""What a figure shows, as CSV."""

from __future__ import annotations

import csv
import io
import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

SOURCE = "source"
"""Column of a CSV that says whose bar it is; the axis itself needs no title."""
SKIP = "skip"
"""Marks a trace that the table of a figure leaves out."""


def name_columns(figure: go.Figure, x: str, y: str) -> None:
    """Name the columns of a CSV, where the axes are labelled with something else than their values."""
    figure.update_layout(meta={"columns": [x, y]})


def to_csv(figure: go.Figure) -> str:
    """What a figure shows, as tidy CSV: one line per point, columns named like the axes, see `name_columns`.

    Traces marked as decoration are left out; those with ``customdata`` name its columns in their meta.
    """
    layout = figure.layout
    axes = [layout.xaxis.title.text, layout.yaxis.title.text or SOURCE]
    names = layout.meta["columns"] if layout.meta else axes
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
        rows, columns = z.shape
        for i, y in enumerate(_middles(trace.y, rows)):
            for j, x in enumerate(_middles(trace.x, columns)):
                yield x, y, (z[i, j], *([trace.customdata[i][j]] if trace.customdata is not None else []))
        return
    y = trace.y if trace.y is not None else [""] * len(trace.x)
    more = trace.customdata if trace.customdata is not None else [()] * len(y)
    base = getattr(trace, "base", None)
    x = trace.x if base is None else [start + length for start, length in zip(base, trace.x, strict=True)]
    yield from zip(x, y, (np.atleast_1d(m) for m in more), strict=True)


def _middles(places: Any, cells: int) -> Any:
    """The centres of a heat map's cells; Plotly accepts either centres or edges."""
    if len(places) == cells:
        return places
    edges = np.asarray(places, dtype=float)
    return (edges[1:] + edges[:-1]) / 2


def _plain(value: Any) -> Any:
    """A value as it stands in a CSV file: nothing for nan, at most six digits."""
    if isinstance(value, (float, np.floating)):
        return "" if math.isnan(value) else f"{float(value):.6g}"
    return value
