"""The Explore tab: the viewer with its reading, and beside it the choice of clip and model."""

from __future__ import annotations

import html
import logging
from pathlib import Path

import gradio as gr

from ..audio import MAX_FILE_BYTES
from ..bundled import Example, example_clips
from ..errors import InputError
from .analysis import ModelChoice, analyse_clip
from .viewer import create_viewer, encode

log = logging.getLogger(__name__)

NO_MODEL = "No model is bundled with this copy: start the app with --checkpoint FILE to explore your own."
NO_CLIP = "Choose a clip first: upload or record one, or pick an example."

UPLOAD_HINT = f"Any common format up to {MAX_FILE_BYTES // 10**6} MB, removed from the server after a day."

HELP = """
**What the picture shows.** The model does not hear the clip but reads this spectrogram, cut into patches
of 0.16 s by 16 mel bands. Blocks 4, 7 and 10 each keep only the best-ranked share of the patches still
there, and drop the rest for good.

**Warm patches** inside the white lines are still there after the block named above a panel; **cool ones**
are gone, coloured by the block that dropped them. **Hatching** marks padding after the end of the clip.

Drag the keep-rate: fewer patches cost less, until the answer changes.
"""


def build(choices: list[ModelChoice]) -> None:
    """Lay out the tab inside the current `gr.Blocks`.

    Parameters
    ----------
    choices : list of ModelChoice
        Models to choose from; the first one analyses the first example while the app is built.
    """
    examples = example_clips()
    by_path = {str(example.path): example for example in examples}
    by_source = {choice.source: choice for choice in choices}

    def analyse(path: str | None, model: str | None, start: float | None, progress=gr.Progress()):  # noqa: B008 (Gradio's way)
        """Analyse a clip at every keep-rate with all three scores; returns the viewer's JSON."""
        try:
            if not model:
                raise InputError(NO_MODEL)
            if not path:
                raise InputError(NO_CLIP)
            progress(0, desc="Reading the clip")
            payload, longer = analyse_clip(
                path,
                by_source[model],
                start,
                **_captions(by_path.get(path)),
                progress=lambda done, total: progress((done, total), desc="Analysing"),
            )
        except InputError as error:
            return gr.skip(), _sentence(str(error)), gr.skip()
        except Exception:
            log.exception("analysing %s with %s failed", path, model)
            name = Path(path).name
            return gr.skip(), _sentence(f"{name} could not be analysed; the app's log says why."), gr.skip()
        return encode(payload), "", gr.update(visible=longer)

    first_payload, problem = _first_analysis(examples, choices)

    with gr.Row(equal_height=False, elem_id="explore"):
        with gr.Column(scale=7, min_width=340):
            viewer = create_viewer(first_payload)
        with gr.Column(scale=3, min_width=300, elem_id="controls"):
            audio = gr.Audio(
                value=str(examples[0].path) if first_payload else None,
                sources=["upload", "microphone"],
                type="filepath",
                label="Your sound: drop a file, or record",
                editable=False,
                buttons=[],
                elem_id="clip",
            )
            gr.Markdown(UPLOAD_HINT, elem_classes="hint")
            status = gr.HTML(
                _sentence(problem),
                html_template='<div class="message" role="alert">${value}</div>',
                elem_id="status",
            )
            with gr.Row(visible=False, equal_height=False, elem_id="start-row") as start_row:
                start = gr.Number(
                    label="Start at (s)",
                    info="Empty: the loudest part.",
                    minimum=0,
                    step=0.1,
                    min_width=120,
                )
                go = gr.Button("Analyse from there", size="sm", min_width=120)
            picks = gr.Dataset(
                label="Examples made by this project",
                components=[gr.Textbox(visible=False)],
                samples=[[example.title] for example in examples],
                type="index",
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
            gr.Markdown(HELP, elem_id="help")

    request = {
        "fn": analyse,
        "inputs": [audio, model, start],
        "outputs": [viewer, status, start_row],
        "show_progress_on": [status],
        "concurrency_limit": 1,
        "concurrency_id": "model",
    }
    hidden = {"api_visibility": "private"}
    # A new clip starts at its loudest part, whatever was typed for the one before.
    forget_start = {"fn": lambda: None, "outputs": start, "queue": False, "show_progress": "hidden", **hidden}

    gr.on([go.click, start.submit], **request, api_name="analyse")
    model.input(**request, trigger_mode="always_last", **hidden)
    gr.on([audio.upload, audio.stop_recording], **forget_start).then(**request, **hidden)
    picks.click(
        lambda index: (str(examples[index].path), None),
        picks,
        [audio, start],
        show_progress="hidden",
        **hidden,
    ).then(**request, **hidden)


def _first_analysis(examples: list[Example], choices: list[ModelChoice]) -> tuple[dict | None, str]:
    """Analyse the first example, so that the page opens with a picture: (payload, what went wrong)."""
    if not choices:
        return None, NO_MODEL
    if not examples:
        return None, NO_CLIP
    payload, _ = analyse_clip(examples[0].path, choices[0], **_captions(examples[0]))
    return payload, ""


def _captions(example: Example | None) -> dict[str, str]:
    return {"title": example.title, "about": example.description} if example else {}


def _sentence(text: str) -> str:
    return html.escape(text)
