"""The column beside the tabs: choice of clip and model, shared by all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from tpexplore.checkpoints.bundled import Example
from tpexplore.signal.decode import MAX_FILE_BYTES

from .analysis import ModelChoice

UPLOAD_HINT = f"Any common format up to {MAX_FILE_BYTES // 10**6} MB, removed from the server after a day."
MESSAGE = '<div class="message" role="alert">${value}</div>'


@dataclass(frozen=True)
class Controls:
    """The components of the column."""

    audio: gr.Audio
    status: gr.HTML
    start_row: gr.Row
    start: gr.Number
    go: gr.Button
    picks: gr.Dataset
    model: gr.Dropdown

    @property
    def request(self) -> list[Any]:
        """What says which clip to run through which model."""
        return [self.audio, self.model, self.start]


def build(choices: list[ModelChoice], examples: list[Example], problem: str) -> Controls:
    """Lay out the controls inside the current column.

    Parameters
    ----------
    choices : list of ModelChoice
    examples : list of Example
    problem : str
        What the status says at first, as HTML; empty if the first example is shown.
    """
    audio = gr.Audio(
        value=str(examples[0].path) if examples and choices else None,
        sources=["upload", "microphone"],
        type="filepath",
        label="Your sound: drop a file, or record",
        editable=False,
        buttons=[],
        elem_id="clip",
    )
    gr.Markdown(UPLOAD_HINT, elem_classes="hint")
    status = gr.HTML(problem, html_template=MESSAGE, elem_id="status", elem_classes="message-box")
    with gr.Row(visible=False, equal_height=False, elem_id="start-row") as start_row:
        start = gr.Number(
            label="Start at (s)",
            info="Empty: the loudest part.",
            step=0.1,
            min_width=120,
        )
        go = gr.Button("Analyse from there", size="sm", min_width=120)
    picks = gr.Dataset(
        label="Examples: click one to analyse it",
        components=[gr.Textbox(visible=False)],
        samples=[[example.title] for example in examples],
        type="index",
        samples_per_page=max(1, len(examples)),
        visible=bool(examples),
        elem_id="examples",
    )
    model = gr.Dropdown(
        [(choice.label, choice.source) for choice in choices],
        value=choices[0].source if choices else None,
        label="Model",
        info="AST answers from its CLS token, AudioMAE from the mean of its patches.",
        elem_id="model",
    )
    return Controls(audio, status, start_row, start, go, picks, model)
