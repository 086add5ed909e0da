"""A figure on the page: its finding as a heading, the plot, and buttons that save it."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import gradio as gr
import plotly.graph_objects as go
from gradio.components.plot import PlotData

from tpexplore.figures.figure_csv import to_csv

from .trace import ClipTrace

CONFIG = {"displayModeBar": False, "responsive": True}
TOP = 16
"""Margin above a plot on the page, where the heading is outside the plot."""

# `boards/page/plots.js` saves what stands above the buttons.
_SAVES = (
    """<div class="plot-saves">
<select class="tp-select tp-paper-width" aria-label="Width of the figure" aria-describedby="paper-width-help">
  <option value="two">Two columns (175 mm)</option>
  <option value="one">One column (85 mm)</option>
</select>
"""
    + "".join(
        f'<button class="tp-button" type="button" data-save-plot="{kind.lower()}">{kind}</button>'
        for kind in ("PNG", "SVG", "PDF", "CSV")
    )
    + "</div>"
)


class FigureBox:
    """A place for one figure, laid out where it is made.

    Parameters
    ----------
    id : str
        Name of the figure, unique on the page; files saved from it begin with it.
    """

    def __init__(self, id: str):
        self.id = id
        with gr.Column(min_width=300, elem_id=f"{id}-figure", elem_classes="figure"):
            self.heading = gr.HTML(elem_id=f"{id}-title")
            with gr.Column(visible=False) as self.body:
                self.plot = gr.Plot(show_label=False, container=False, elem_id=id, elem_classes="figure-plot")
                gr.HTML(_SAVES, apply_default_css=False, elem_classes=["board", "saves"])

    @property
    def outputs(self) -> list[Any]:
        """What `show` and `miss` give values for."""
        return [self.heading, self.body, self.plot]

    def show(self, figure: go.Figure, trace: ClipTrace | None = None) -> tuple:
        """Values that show a figure, whose title becomes the heading."""
        title = figure.layout.title.text
        about = f"{trace.name}, {trace.model.config.name}" if trace else ""
        name = "-".join(filter(None, [self.id, *_words(about)]))
        spec = json.loads(figure.to_json())
        layout = spec["layout"]
        del layout["title"]  # the heading says it
        layout["margin"]["t"] = TOP
        layout["meta"] = {"name": name, "height": layout["height"], "csv": to_csv(figure)}
        spec["config"] = CONFIG
        plot = PlotData(type="plotly", plot=json.dumps(spec, separators=(",", ":")))
        return _heading(title), gr.update(visible=True), plot

    def miss(self, title: str, sentence: str) -> tuple:
        """Values that say why there is no figure."""
        return _heading(title, sentence), gr.update(visible=False), None


def _heading(title: str, sentence: str = "") -> str:
    more = f'<p class="missing">{html.escape(sentence)}</p>' if sentence else ""
    return f"<h3>{html.escape(title)}</h3>{more}"


def _words(text: str) -> list[str]:
    return re.findall(r"[\w]+", text.lower())
