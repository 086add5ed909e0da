"""The viewer as a Gradio component: one HTML template, one style sheet, and the scripts that draw it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gradio as gr

_HERE = Path(__file__).parent

# Later scripts use names of earlier ones; together they are the body of one function.
_SCRIPTS = (
    "text.js",
    "palette.js",
    "picture.js",
    "state.js",
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
    "viewer.js",
)


def create_viewer(payload: dict[str, Any] | None) -> gr.HTML:
    """Place the viewer, showing ``payload`` from the first paint on, or an empty state for None.

    Its value is the payload as JSON text: Gradio compares and copies text faster than nested objects.
    """
    return gr.HTML(
        value=encode(payload) if payload else "",
        html_template=(_HERE / "viewer.html").read_text(encoding="utf-8"),
        css_template=(_HERE / "viewer.css").read_text(encoding="utf-8"),
        js_on_load="\n".join((_HERE / script).read_text(encoding="utf-8") for script in _SCRIPTS),
        apply_default_css=False,
        elem_id="viewer",
    )


def encode(payload: dict[str, Any]) -> str:
    """Payload -> the viewer's value."""
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False)
