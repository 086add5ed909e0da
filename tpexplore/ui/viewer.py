"""The viewer as a Gradio component: one HTML template, one style sheet, and the scripts that draw it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from .payload import compact

_HERE = Path(__file__).parent

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
    "sharing.js",
)


def create_viewer(messages: Iterable[dict[str, Any]]) -> gr.HTML:
    """Place the viewer, showing ``messages`` from the first paint on, or an empty state for none."""
    *_, value = ["", *encode(messages)]
    return gr.HTML(
        value=value,
        html_template=(_HERE / "viewer.html").read_text(encoding="utf-8"),
        css_template=(_HERE / "viewer.css").read_text(encoding="utf-8"),
        js_on_load="\n".join((_HERE / script).read_text(encoding="utf-8") for script in _SCRIPTS),
        apply_default_css=False,
        elem_id="viewer",
        reply="",
    )


def encode(messages: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The viewer's value after each message: JSON lines.

    Each value continues the one before, of which Gradio sends the browser no more than what was added.
    """
    value = ""
    for message in messages:
        value += compact(message) + "\n"
        yield value
