"""The look of all figures: their colours, axes, title and layout.

Figures are made for white paper, as one is downloaded. The app's page recolours text, grid and
background for its light and dark theme; data colours keep a contrast of 3 : 1 on both.
"""

from __future__ import annotations

import plotly.graph_objects as go

TEXT, GRID, ZERO = "#334155", "rgba(128,128,128,0.25)", "#808080"
FONT = '"IBM Plex Sans", system-ui, sans-serif'
CLIP, DATASET, PAPER = "#D55E00", "#0072B2", "#808080"
"""Colours of what this clip, its model's dataset and the paper say (the first two of Okabe and Ito)."""
SOUND, PADDING = "#009E73", "#BF5FA0"
CLUSTER_COLOURS = ("#4A65F0", "#8968CC", "#BF5FA6", "#DA6364", "#C28300")
"""Lowest to highest, from blue to yellow and from darker to lighter: in order for every eye."""
CLUSTER_INKS = ("#ffffff", "#000000", "#000000", "#000000", "#000000")
"""Of text on them."""
ZERO_LINE = {"zeroline": True, "zerolinecolor": ZERO, "zerolinewidth": 1.5}
"""For an axis on which 0 divides one finding from its opposite."""


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
