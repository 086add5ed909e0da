"""The tab "Paper": the paper's tables and figures beside what was measured, and verdicts."""

from __future__ import annotations

from tpexplore.ui import serving
from tpexplore.ui.board import create_board
from tpexplore.ui.choices import ModelChoice
from tpexplore.ui.paper.sections import page

from . import Tab


def build(choices: list[ModelChoice]) -> Tab:
    """Lay out the tab inside the current context. It shows files, so nothing has to be refreshed."""
    # Long and rarely opened, so it is fetched when the tab opens, and then kept by the browser.
    create_board(
        "paper", None, html=serving.publish("paper.html", page().encode()), styles=["page/paper.css"]
    )
    return Tab([], lambda path, choice, start: ())
