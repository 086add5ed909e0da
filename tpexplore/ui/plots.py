"""A figure on the page: its finding as a heading, the plot, and buttons that save it."""

from __future__ import annotations

import html
import json
import re
import textwrap
from typing import Any

import gradio as gr
import plotly.graph_objects as go
from gradio.components.plot import PlotData

from tpexplore.figures.figure_csv import to_csv

from .trace import ClipTrace

CONFIG = {"displayModeBar": False, "responsive": True}
PNG_WIDTH, PNG_SCALE = 900, 2
TOP = 16
"""Room above a plot on the page, where its heading stands outside of it."""
PAPER_TOP, PAPER_LINE, PAPER_LETTERS = 60, 20, 115
"""Room above a plot in a saved picture, more of it for each line of the title, and letters in a line."""

# The plot carries its CSV, so that no file is made until somebody wants it, and then in the browser.
_GRAPH = "const graph = document.querySelector('#{id} .js-plotly-plot'), about = graph.layout.meta;"
_SAVE_PNG = (
    "() => {{ {graph} window.Plotly.downloadImage("
    "{{data: graph.data, layout: {{...graph.layout, ...about.paper}}}},"
    "{{format: 'png', filename: about.name, width: {width}, height: about.height, scale: {scale}}}); }}"
)
_SAVE_CSV = (
    "() => {{ {graph} const link = document.createElement('a');"
    "link.href = URL.createObjectURL(new Blob([about.csv], {{type: 'text/csv'}}));"
    "link.download = about.name + '.csv'; link.click(); URL.revokeObjectURL(link.href); }}"
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
                self.plot = gr.Plot(show_label=False, container=False, elem_id=id)
                with gr.Row(elem_classes="saves"):
                    for kind, script in (("PNG", _SAVE_PNG), ("CSV", _SAVE_CSV)):
                        js = script.format(graph=_GRAPH.format(id=id), width=PNG_WIDTH, scale=PNG_SCALE)
                        button = gr.Button(f"Save {kind}", size="sm", min_width=80, scale=0)
                        button.click(None, js=js, show_progress="hidden")

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
        lines = textwrap.wrap(title, PAPER_LETTERS)
        paper = {
            "title": {**layout.pop("title"), "text": "<br>".join(lines), "subtitle": {"text": about}},
            "margin": {**layout["margin"], "t": PAPER_TOP + PAPER_LINE * len(lines)},
            # A saved picture knows none of the page's own fonts.
            "font": {**layout["font"], "family": "sans-serif"},
        }
        layout["margin"]["t"] = TOP
        layout["meta"] = {
            "name": name,
            "csv": to_csv(figure),
            "paper": paper,
            "height": layout["height"] + PAPER_TOP,
        }
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
