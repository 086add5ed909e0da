"""The bar on top of the page: choice of clip and model, shared by all tabs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import gradio as gr

from tpexplore.checkpoints.bundled import Example
from tpexplore.errors import InputError
from tpexplore.signal.decode import MAX_UPLOAD_BYTES

from .board import create_board
from .choices import ModelChoice
from .clips import sound_message
from .model_menu import menu_message

UPLOAD_HINT = f"or drop a file anywhere: up to {MAX_UPLOAD_BYTES // 10**6} MB, deleted after a day"
MESSAGE = '<div class="message" role="alert">${value}</div>'


@dataclass(frozen=True)
class Controls:
    """The components of the bar.

    Three of them are hidden: ``clip``, ``model`` and ``start`` hold the values that the two boards
    ``sound`` and ``menu`` show and change. They must be in the page, because Gradio reports changes only
    for components in it.
    """

    clip: gr.File
    model: gr.Dropdown
    start: gr.Textbox
    sound: gr.HTML
    menu: gr.HTML
    picks: gr.Dataset
    status: gr.HTML

    @property
    def request(self) -> list[Any]:
        """What says which clip to run through which model."""
        return [self.clip, self.model, self.start]


def build(
    choices: list[ModelChoice], examples: list[Example], problem: str, offers_own: bool = False
) -> Controls:
    """Lay out the bar inside the current column.

    Parameters
    ----------
    choices : list of ModelChoice
    examples : list of Example
    problem : str
        What the status says at first, as HTML; empty if the first example is shown.
    offers_own : bool
        Whether the menu offers a field for a person's own model.
    """
    first = str(examples[0].path) if examples and choices else None
    clip = gr.File(first, type="filepath", visible="hidden", elem_id="clip")
    # Gradio's own leaves an empty file behind at every event.
    clip.preprocess = lambda payload: payload.path if payload else None
    model = gr.Dropdown(
        [(choice.label, choice.source) for choice in choices],
        value=choices[0].source if choices else None,
        label="Model",
        visible="hidden",
        elem_id="model",
    )
    # A text: an empty number becomes 0 on its way, which is a start; an empty text stays none.
    start = gr.Textbox(label="Start at (s)", visible="hidden")
    start.preprocess = _start_of
    with gr.Row(elem_id="bar-row"):
        sound = create_board(
            "sound",
            "page/sound.js",
            html="page/sound.html",
            events=["clip", "move"],
            value=sound_value(first, choices[0] if choices else None, None),
            limit=MAX_UPLOAD_BYTES,
            hint=UPLOAD_HINT,
        )
        menu = create_board(
            "menu",
            "page/recognise.js",
            html="page/recognise.html",
            events=["choose"],
            value=menu_value(choices),
            own=offers_own,
        )
    picks = gr.Dataset(
        label="Examples",
        components=[gr.Textbox(visible=False)],
        samples=[[example.title] for example in examples],
        type="index",
        samples_per_page=max(1, len(examples)),
        visible=bool(examples),
        elem_id="examples",
    )
    status = gr.HTML(problem, html_template=MESSAGE, elem_id="status", elem_classes="message-box")
    return Controls(clip, model, start, sound, menu, picks, status)


def _start_of(text: str | None) -> float | str | None:
    """The start in seconds, or the text itself if it is not a number; the library's error then names it."""
    try:
        return float(text) if text else None
    except ValueError:
        return text


def sound_value(path: str | None, choice: ModelChoice | None, start: float | None) -> str:
    """The value of the board "sound" for a clip; empty if there is no readable clip."""
    if not path or choice is None:
        return ""
    try:
        return json.dumps(sound_message(path, choice, start))
    except InputError:
        return ""


def menu_value(choices: list[ModelChoice]) -> str:
    """What the board "menu" offers."""
    return json.dumps({"models": menu_message(choices)})
