"""The viewer as a Gradio component, and the value that it draws."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import gradio as gr

from .board import create_board
from .payload import compact


def create_viewer(messages: Iterable[dict[str, Any]]) -> gr.HTML:
    """Place the viewer, showing ``messages`` from the first paint on, or an empty state for none."""
    *_, value = ["", *encode(messages)]
    return create_board(
        "viewer",
        "explore/start.js",
        html="explore/explore.html",
        styles=["shared/board.css", *(f"explore/{name}.css" for name in ("details", "reading", "explore"))],
        events=["takeaway", "again", "hear"],
        value=value,
        reply="",
        heard="",
    )


def encode(messages: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The viewer's value after each message: JSON lines.

    Each value continues the one before, of which Gradio sends the browser no more than what was added.
    """
    value = ""
    for message in messages:
        value += compact(message) + "\n"
        yield value
