"""The Explore tab: the viewer with its reading."""

from __future__ import annotations

from collections.abc import Iterator

import gradio as gr

from tpexplore.checkpoints.bundled import example_clips
from tpexplore.model.plan import METHODS
from tpexplore.ui import attention_layer, faithfulness_button, takeaway_button
from tpexplore.ui.analysis import analyse_clip
from tpexplore.ui.choices import ModelChoice, cached_model, check_request
from tpexplore.ui.plan_text import read_plan
from tpexplore.ui.takeaway_button import Seen
from tpexplore.ui.viewer import create_viewer, encode

from . import Tab, page_settings


def build(choices: list[ModelChoice]) -> Tab:
    """Lay out the tab inside the current `gr.Tab`, the first example already analysed by the first model."""
    examples = example_clips()
    viewer = create_viewer(analyse_clip(examples[0].path, choices[0]) if examples and choices else ())
    read = page_settings()  # the current view is analysed first
    viewed = 'document.querySelector("#viewer .tp").dataset'
    method, control = gr.Textbox(METHODS[0], visible=False), gr.Textbox("", visible=False)
    read |= {method: f"({viewed}.method ?? {METHODS[0]!r})", control: f"({viewed}.control ?? '')"}
    blocks, rates = gr.Textbox("", visible=False), gr.Textbox("", visible=False)
    read |= {blocks: f"({viewed}.blocks ?? '')", rates: f"({viewed}.rates ?? '')"}
    seen = gr.State(Seen(str(examples[0].path), choices[0], None) if examples and choices else None)
    takeaway_button.wire(viewer, seen)
    faithfulness_button.wire(viewer, seen)
    attention_layer.wire(viewer, seen)
    return Tab(
        [viewer, seen],
        refresh,
        list(read),
        read,
        again=viewer.again,
        request=[method, control, blocks, rates],
    )


def refresh(
    path: str,
    choice: ModelChoice,
    start: float | None,
    score: str,
    keep_rate: float,
    method: str = METHODS[0],
    control: str = "",
    blocks: str = "",
    rates: str = "",
) -> Iterator[tuple[str, Seen]]:
    """Analyse a clip at every keep-rate with all scores: the viewer's value as it grows, and its source.

    ``control`` is a ranking that is compared with, where one is chosen instead of the page's score;
    ``blocks`` and ``rates`` are texts, see `read_plan`.
    """
    check_request(path, choice)
    plan = read_plan(blocks, rates, cached_model(choice).config.depth)
    score = control or score
    messages = analyse_clip(path, choice, start, score=score, keep_rate=keep_rate, method=method, plan=plan)
    for value in encode(messages):
        yield value, Seen(path, choice, start)
