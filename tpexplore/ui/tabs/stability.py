"""The Robustness tab: how often each patch survives when the clip is changed slightly."""

from __future__ import annotations

import hashlib
import html
import logging
import math
from collections.abc import Iterator

import gradio as gr

from tpexplore.errors import InputError
from tpexplore.figures.stability import stability_figure
from tpexplore.model.plan import PRUNE_BLOCKS, SCORES
from tpexplore.numbers import number, percent
from tpexplore.study.stability import Stability, stability_steps
from tpexplore.ui.board import create_board
from tpexplore.ui.choices import NO_CLIP, ModelChoice, check_request
from tpexplore.ui.clips import written_at
from tpexplore.ui.events import AT_ONCE, MODEL_QUEUE, QUIET
from tpexplore.ui.payload import hertz_ticks
from tpexplore.ui.plots import FigureBox
from tpexplore.ui.trace import ClipTrace, traced

from . import SCORE_CHOICES, Setting, Tab, keep_rate_slider
from .running import RunBar, progress_html
from .table import table_box, table_html

log = logging.getLogger(__name__)

HELP = """
Would the model keep the same patches if you had pressed record a moment earlier, stood nearer, or had a
little noise in the room? The clip runs again up to 80 ms earlier and later, 6 dB louder and quieter, and with
faint noise.
"""

NOTE = """
IoU: patches kept in both runs, divided by patches kept in either, after block 10. τ: how far the rankings at
block 4 agree, before any patch is dropped. Both are 1 if nothing changes. Patches are compared by their place
in the picture. A shift moves the sound by up to half a patch, and this alone changes some choices.
"""


def build(choices: list[ModelChoice]) -> Tab:
    """Lay out the tab inside the current `gr.Tab`."""
    gr.Markdown(HELP, elem_classes="tab-help")
    with gr.Row(elem_classes="settings"):
        keep_rate = keep_rate_slider(min_width=260, elem_id="stability-rate")
        score = gr.Radio(
            SCORE_CHOICES,
            value=SCORES[0],
            label="Rank patches by",
            info="What decides which patches stay.",
            min_width=260,
            elem_id="stability-score",
        )
    bar = RunBar("stability", "Run again", by_itself=True)
    with gr.Column(visible=False, elem_id="stability-result", elem_classes="figure") as result:
        box = FigureBox("stability")
        table = table_box("stability-changes")
        gr.Markdown(NOTE, elem_classes="tab-note")
    request = gr.State(None)
    starter = create_board("stability-starter", "shared/starter.js", events=["run"], visible="hidden")
    hidden = {result: gr.update(visible=False)}  # the shown result belongs to another request

    def refresh(path, choice, start, keep_rate: float, score: str) -> tuple:
        check_request(path, choice)
        settings = (path, choice, start, keep_rate, score)
        name = hashlib.sha256(repr((written_at(path), *settings)).encode()).hexdigest()[:16]
        return settings, name  # another name starts the run

    def on_run(settings: tuple | None) -> Iterator[dict]:
        # A generator: between two batches Gradio can end it, when Stop is pressed or the page is left.
        try:
            if settings is None:
                raise InputError(NO_CLIP)
            *clip, keep_rate, score = settings
            trace, results = traced(*clip), []
            for done, total in _followed(trace, keep_rate, score, results):
                yield {bar.status: progress_html(done, total, f"{done} of {total} versions of the clip")}
            ticks = [(tick["label"], tick["at"]) for tick in hertz_ticks()]
            shown = box.show(stability_figure(results[0], trace.spec.numpy(), ticks, trace.start), trace)
            yield {
                **bar.done(),
                result: gr.update(visible=True),
                **dict(zip(box.outputs, shown, strict=True)),
                table: changes_table(results[0]),
            }
        except InputError as error:
            yield {**bar.failed(str(error)), **hidden}
        except Exception:
            log.exception("the stability of %s failed", settings)
            yield {**bar.failed("The clip could not be analysed; the app's log says why."), **hidden}

    starts = [starter.run, bar.run.click]
    filled = [*bar.outputs, result, *box.outputs, table]
    runs = []
    for starting in starts:
        begun = starting(bar.waiting, None, bar.outputs, trigger_mode="always_last", **AT_ONCE)
        runs.append(begun.then(on_run, request, filled, **MODEL_QUEUE, **QUIET))
    # The previous request need not be finished.
    for starting in starts:
        starting(None, cancels=runs, **QUIET)

    def on_stop() -> dict:
        return {**bar.stopped("Stopped."), **hidden}

    bar.stop.click(on_stop, None, [*bar.outputs, result], cancels=runs, **AT_ONCE)
    link = {"keep-rate": Setting.of(keep_rate), "score": Setting.of(score)}
    shared = {keep_rate: "rate", score: "score"}
    return Tab([request, starter], refresh, [keep_rate, score], link=link, page=shared)


def _followed(trace: ClipTrace, keep_rate: float, score: str, results: list) -> Iterator[tuple[int, int]]:
    """The steps of the run; its result is added to ``results``."""
    results.append((yield from stability_steps(trace.model, trace.samples, keep_rate, score)))


# -- output


def changes_table(result: Stability) -> str:
    """What each change did, as an HTML table; answers that differ are bold."""
    last = PRUNE_BLOCKS[-1]
    rows = [["none", _answer(result, result.answer, result.probability), "1", "1"]]
    for outcome in result.outcomes:
        answer = _answer(result, outcome.answer, outcome.probability)
        rows.append([outcome.change.name, answer, _cell(outcome.iou[last]), _cell(outcome.tau)])
    return table_html("What each change did to answer and choice", ["Change", "Answer", "IoU", "τ"], rows, 2)


def _answer(result: Stability, index: int, probability: float) -> str:
    text = f"{html.escape(result.config.labels[index])}, {percent(probability)}"
    return text if index == result.answer else f"<strong>{text}</strong>"


def _cell(value: float) -> str:
    return "–" if math.isnan(value) else number(value)
