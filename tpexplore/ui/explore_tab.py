"""The Explore tab: the viewer with its reading."""

from __future__ import annotations

import gradio as gr

from ..bundled import example_clips
from .analysis import ModelChoice, analyse_clip, check_request
from .tabs import Tab
from .viewer import create_viewer, encode

HELP = """
The model does not hear the clip but reads this spectrogram, cut into patches of 0.16 s by 16 mel bands.
Blocks 4, 7 and 10 each keep only the best-ranked share of the patches still there, and drop the rest for
good.

**Warm patches** inside the white lines are still there after the block named above a panel; **cool ones**
are gone, coloured by the block that dropped them. **Hatching** marks padding after the end of the clip.

Drag the keep-rate: fewer patches cost less, until the answer changes.
"""


def build(choices: list[ModelChoice]) -> Tab:
    """Lay out the tab inside the current `gr.Tab`, the first example already analysed by the first model."""
    examples = example_clips()
    first = analyse_clip(examples[0].path, choices[0]) if examples and choices else None
    viewer = create_viewer(first)
    with gr.Accordion("What the picture shows", open=False, elem_id="help"):
        gr.Markdown(HELP)
    return Tab("explore", [viewer], refresh)


def refresh(path: str, choice: ModelChoice, start: float | None) -> tuple[str]:
    """Analyse a clip at every keep-rate with all three scores: the viewer's JSON."""
    check_request(path, choice)
    progress = gr.Progress()
    progress(0, desc="Reading the clip")
    payload = analyse_clip(
        path, choice, start, progress=lambda done, total: progress((done, total), desc="Analysing")
    )
    return (encode(payload),)
