"""The viewer as a Gradio component, and the value that it draws."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import Any

import gradio as gr

from . import serving
from .board import create_board
from .payload import compact


def create_viewer(messages: Iterable[dict[str, Any]]) -> gr.HTML:
    """Place the viewer, showing ``messages`` from the first paint on, or an empty state for none."""
    *_, value = ["", *encode(_with_sound_apart(messages))]
    return create_board(
        "viewer",
        "explore/start.js",
        html="explore/explore.html",
        styles=["shared/board.css", *(f"explore/{name}.css" for name in ("details", "reading", "explore"))],
        events=["takeaway", "again", "hear", "attend"],
        value=value,
        reply="",
        heard="",
        attended="",
    )


def _with_sound_apart(messages: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The same messages with the sound in a separate file; inside, it would be half of the page's size."""
    for message in messages:
        if clip := message.get("clip"):
            sound = serving.publish("clip.pcm", base64.b64decode(clip["pcm"]))
            message = {**message, "clip": {**clip, "pcm": None, "sound": sound}}
        yield message


def encode(messages: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The viewer's value after each message: JSON lines.

    Each value continues the previous one, so Gradio sends the browser only the added part.
    """
    value = ""
    for message in messages:
        value += compact(message) + "\n"
        yield value
