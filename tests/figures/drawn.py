"""Reading a figure back: its traces by name, its CSV by rows."""

from __future__ import annotations

import csv
import io

import plotly.graph_objects as go

from tpexplore.figures.figure_csv import to_csv


def rows_of(figure: go.Figure) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_csv(figure))))


def named(figure: go.Figure) -> dict[str, go.Scatter]:
    return {trace.name: trace for trace in figure.data if trace.name}
