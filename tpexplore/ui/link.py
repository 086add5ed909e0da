"""The link to what is seen: what it may name, and what the page does with one that it is opened by.

The browser reads the address, keeps it up to date and hands out the link (link.js, sharing.js); Python is
asked only for what the page was not built with. A person's own clip never gets into a link.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from ..audio import read_clip
from ..bundled import Example
from ..plan import KEEP_RATES, PRUNE_BLOCKS, SCORES
from .analysis import ModelChoice
from .controls import Controls

OPENED = "() => { document.dispatchEvent(new Event('tp-opened')); return []; }"
"""Tells link.js that what it asked for has been shown, or could not be."""

_BROWSER_ONLY = {"fn": None, "queue": False, "show_progress": "hidden", "api_visibility": "private"}


@dataclass(frozen=True)
class Place:
    """What of a link the server has to do something for."""

    path: str | None
    source: str | None
    start: float | None
    tab: str


def create_link(choices: Sequence[ModelChoice], examples: Sequence[Example], tabs: Sequence[str]) -> gr.HTML:
    """Place the line that tells what of a link was not understood; it is seldom there.

    Parameters
    ----------
    choices, examples, tabs :
        What a link may name; the first of each is what a link need not name.
    """
    known = {
        "examples": {
            _example_name(example): {
                "path": str(example.path),
                "title": example.title,
                "seconds": read_clip(example.path).file_seconds,
            }
            for example in examples
        },
        "models": {_model_name(choice): choice.source for choice in choices},
        "tabs": list(tabs),
        "scores": list(SCORES),
        "rates": list(KEEP_RATES),
        "blocks": list(PRUNE_BLOCKS),
    }
    return gr.HTML(
        value="",
        html_template='<p class="message" role="alert"></p>',
        js_on_load=(Path(__file__).parent / "link.js").read_text(encoding="utf-8"),
        apply_default_css=False,
        elem_id="link",
        elem_classes="message-box",
        known=json.dumps(known),
    )


def read_place(
    asked: Any, choices: Sequence[ModelChoice], examples: Sequence[Example], tabs: Sequence[str]
) -> Place:
    """What the browser asks for, checked again: of anything that is not known the first takes its place."""
    asked = asked if isinstance(asked, dict) else {}
    paths = {_example_name(example): str(example.path) for example in examples}
    sources = {_model_name(choice): choice.source for choice in choices}
    start = asked.get("start")
    fits = isinstance(start, int | float) and math.isfinite(start) and start >= 0
    return Place(
        path=_named(paths, asked.get("example")),
        source=_named(sources, asked.get("model")),
        start=float(start) if fits else None,
        tab=_named({tab: tab for tab in tabs}, asked.get("tab")),
    )


def note(chosen: Controls, tabs: Mapping[str, gr.Tab]) -> None:
    """Have the browser tell itself which clip and model are chosen and which tab is open; asks no server."""
    gr.on(
        [chosen.audio.change, chosen.model.change],
        inputs=[chosen.audio, chosen.model],
        js=_tell("(audio, model) =>", "tp-request", "{ path: audio?.path, model }"),
        **_BROWSER_ONLY,
    )
    # Only when it is asked for, not while it is typed.
    gr.on(
        [chosen.model.input, chosen.go.click, chosen.start.submit],
        inputs=chosen.start,
        js=_tell("(start) =>", "tp-start", "start"),
        **_BROWSER_ONLY,
    )
    # A new clip starts at its loudest part, whatever still stands in the field.
    gr.on(
        [chosen.picks.click, chosen.audio.upload, chosen.audio.stop_recording],
        js=_tell("() =>", "tp-start", "null"),
        **_BROWSER_ONLY,
    )
    for id, tab in tabs.items():
        tab.select(js=_tell("() =>", "tp-tab", json.dumps(id)), **_BROWSER_ONLY)


def _tell(arguments: str, event: str, detail: str) -> str:
    return (
        f"{arguments} {{ document.dispatchEvent(new CustomEvent('{event}', {{ detail: {detail} }}));"
        " return []; }"
    )


def _named(known: Mapping[str, Any], name: Any) -> Any:
    return known[name] if isinstance(name, str) and name in known else next(iter(known.values()), None)


def _example_name(example: Example) -> str:
    return example.path.stem


def _model_name(choice: ModelChoice) -> str:
    # Of a checkpoint file only the name is told, of one on the hub the name without its owner.
    return Path(choice.source).name
