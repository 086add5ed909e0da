"""The viewer as a Gradio component: one HTML template, one style sheet, and the scripts that draw it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import gradio as gr

from .board import create_board
from .payload import compact

# Later scripts use names of earlier ones; together they are the body of one function.
_SCRIPTS = (
    "text.js",
    "palette.js",
    "picture.js",
    "state.js",
    "message.js",
    "masking.js",
    "player.js",
    "listen.js",
    "ranking.js",
    "readout.js",
    "passport.js",
    "survival.js",
    "budget.js",
    "explain.js",
    "curve.js",
    "reading.js",
    "svg.js",
    "download.js",
    "takeaway_button.js",
    "viewer.js",
    "viewer_link.js",
)


def create_viewer(messages: Iterable[dict[str, Any]]) -> gr.HTML:
    """Place the viewer, showing ``messages`` from the first paint on, or an empty state for none."""
    *_, value = ["", *encode(messages)]
    return create_board(
        "viewer", template="viewer.html", styles=["viewer.css"], scripts=_SCRIPTS, value=value, reply=""
    )


def encode(messages: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The viewer's value after each message: JSON lines.

    Each value continues the one before, of which Gradio sends the browser no more than what was added.
    """
    value = ""
    for message in messages:
        value += compact(message) + "\n"
        yield value
