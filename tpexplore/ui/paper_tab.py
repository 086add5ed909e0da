"""The tab "Paper and here": the paper's tables and figures beside what was measured, and verdicts."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from .analysis import ModelChoice
from .paper_sections import page
from .tabs import Tab

_HERE = Path(__file__).parent


def build(choices: list[ModelChoice]) -> Tab:
    """Lay out the tab inside the current context. It shows files, so nothing has to be refreshed."""
    gr.HTML(
        page(),
        css_template=(_HERE / "paper.css").read_text(encoding="utf-8"),
        apply_default_css=False,
        padding=False,
        elem_id="paper",
    )
    return Tab("paper", [], lambda path, choice, start: ())
