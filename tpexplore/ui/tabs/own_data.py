"""The My data tab: labelled clips of the person's own, and how often the pruned model gets them right."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import gradio as gr
from gradio.context import Context

from tpexplore.errors import InputError
from tpexplore.figures.accuracy import accuracy_figure
from tpexplore.figures.titles import clips_text
from tpexplore.model.plan import KEEP_RATES, SCORES
from tpexplore.study.own_data import AccuracyCurve
from tpexplore.study.uploads import MAX_FILES, MAX_TOTAL_BYTES
from tpexplore.ui.choices import NO_MODEL, ModelChoice
from tpexplore.ui.clips import check_uploads
from tpexplore.ui.events import AT_ONCE, MODEL_QUEUE, QUIET
from tpexplore.ui.plots import FigureBox

from . import SCORE_CHOICES, Tab
from .held_uploads import HeldUploads
from .own_data_run import OwnDataRun
from .own_data_text import accuracy_table, labels_html, left_html
from .running import RunBar, progress_html
from .table import table_box

log = logging.getLogger(__name__)

HELP = f"""
How often is the model right on your own clips, and what does pruning cost? Drop a ZIP with one folder per
class, such as `dog/anything.wav`, or files named after their class, such as `dog.wav` and `dog_2.wav`: up to
{MAX_FILES} clips, {MAX_TOTAL_BYTES // 10**6} MB unpacked. They are deleted when you remove them or leave this
page.
"""
STAYING = "Your files stay for another run; they are deleted when you remove them or leave this page."
NO_FILES = "Choose labelled clips, or a ZIP of them, first."
RATES = {"Every 10 %": KEEP_RATES[::2], "Every 5 %": KEEP_RATES}
SLICE_SECONDS = 1.5
"""A run comes back to the queue's end this often, so that a long one keeps nobody waiting for long."""

_jobs: WeakValueDictionary[str, OwnDataRun] = WeakValueDictionary()
"""Session -> its run, to end it when the page is left."""
_held = HeldUploads()


def build(choices: list[ModelChoice]) -> Tab:
    """Lay out the tab inside the current `gr.Tab`."""
    gr.Markdown(HELP, elem_classes="tab-help")
    labels = gr.HTML(apply_default_css=False, elem_id="own-labels", elem_classes="message-box")
    form = Form()
    result = Result()
    # The model and the page's clip; and the run, with how far it is.
    chosen, job = gr.State(None), gr.State(None)

    def refresh(path: str | None, choice: ModelChoice | None, start: float | None) -> tuple:
        if choice is None:
            raise InputError(NO_MODEL)
        return (choice, path), labels_html(choice)

    _wire(form, result, chosen, job)
    return Tab([chosen, labels], refresh, hears_clip=False)


class Form:
    """The fields to fill in, and the buttons of the run."""

    def __init__(self):
        self.files = gr.File(
            file_count="multiple", label="Labelled clips, or a ZIP of them", height=150, elem_id="own-files"
        )
        with gr.Row(elem_classes="settings"):
            self.scores = gr.CheckboxGroup(
                SCORE_CHOICES,
                value=[SCORES[0]],
                label="Rank patches by",
                info="One curve for each; every further one takes as long again.",
                min_width=260,
                elem_id="own-scores",
            )
            self.rates = gr.Radio(
                list(RATES),
                value="Every 10 %",
                label="Keep-rates, 30 to 100 %",
                info="More of them draw a finer curve and take longer.",
                min_width=260,
                elem_id="own-rates",
            )
        self.bar = RunBar("own", "Run")


class Result:
    """The figure, the table and what was left out; hidden until there is one."""

    def __init__(self):
        with gr.Column(visible=False, elem_id="own-result", elem_classes="figure") as self.column:
            self.box = FigureBox("own-accuracy")
            self.table = table_box("own-table")
            self.left = gr.HTML(apply_default_css=False, elem_id="own-left")
        self.outputs = [self.column, *self.box.outputs, self.table, self.left]

    def show(self, curve: AccuracyCurve) -> dict[Any, Any]:
        """Values of the outputs."""
        if curve.answers:
            figure = self.box.show(accuracy_figure(curve))
            cells = accuracy_table(curve)
        else:
            figure = self.box.miss(
                "No clip could be counted", "None of the clips has a label the model knows."
            )
            cells = ""
        values = dict(zip(self.box.outputs, figure, strict=True))
        return {
            **values,
            self.table: cells,
            self.left: left_html(curve),
            self.column: gr.update(visible=True),
        }


def _wire(form: Form, result: Result, chosen: gr.State, job: gr.State) -> None:
    """Connect the events: a run comes back to the queue after every slice."""
    bar = form.bar

    def on_files(uploads: list[str] | None, choice_and_clip: tuple | None, request: gr.Request) -> None:
        path = choice_and_clip and choice_and_clip[1]
        # Gradio stores equal files once, so the page's clip must not count as this tab's file.
        _held.hold(request.session_hash, {Path(upload) for upload in uploads or [] if upload != path})

    def on_start() -> dict:
        return {**bar.waiting(), result.column: gr.update(visible=False)}

    def on_run(choice_and_clip: tuple | None, uploads, scores, rates, request: gr.Request) -> dict:
        _stop(request)  # a run that this page lost sight of
        if problem := missing(choice_and_clip, uploads, scores):
            return bar.failed(problem)
        try:
            check_uploads(uploads)
        except InputError as error:
            return {**bar.failed(str(error)), form.files: None}
        try:
            work = OwnDataRun(choice_and_clip[0], [Path(upload) for upload in uploads], scores, RATES[rates])
        except InputError as error:
            return bar.failed(str(error))
        except Exception:
            log.exception("an upload of %d files could not be read", len(uploads))
            return bar.failed("The upload could not be read; the app's log says why.")
        _jobs[request.session_hash] = work
        return {job: (work, 0), bar.status: waiting(work)}

    def waiting(work: OwnDataRun) -> str:
        return progress_html(work.done, len(work.clips), f"{work.done} of {len(work.clips)} clips")

    def on_slice(state: tuple | None) -> dict:
        if state is None:
            return {job: gr.skip()}
        work, _ = state
        try:
            work.run_for(SLICE_SECONDS)
        except Exception:
            log.exception("a run over own clips with %s failed", work.choice.label)
            work.stop()
            return {**bar.failed("The clips could not be analysed; the app's log says why."), job: None}
        if not work.finished:
            # A new value, so that the change calls for the next slice.
            return {job: (work, work.done), bar.status: waiting(work)}
        work.stop()
        sentence = f"{clips_text(len(work.clips))} analysed. {STAYING}"
        return {**result.show(work.curve), **bar.done(sentence), job: None}

    def on_stop(state: tuple | None) -> dict:
        if state is None:
            return bar.stopped("Stopped.")
        work, _ = state
        work.stop()
        sentence = f"Stopped after {work.done} of {len(work.clips)} clips. {STAYING}"
        return {**result.show(work.curve), **bar.stopped(sentence), job: None}

    form.files.change(on_files, [form.files, chosen], None, **AT_ONCE)
    begun = bar.run.click(on_start, None, [*bar.outputs, result.column], **AT_ONCE).then(
        on_run,
        [chosen, form.files, form.scores, form.rates],
        [*bar.outputs, form.files, job],
        **MODEL_QUEUE,
        **QUIET,
    )
    sliced = job.change(on_slice, job, [job, *bar.outputs, *result.outputs], **MODEL_QUEUE, **QUIET)
    ends = [job, *bar.outputs, *result.outputs]
    bar.stop.click(on_stop, job, ends, cancels=[begun, sliced], **AT_ONCE)
    Context.root_block.unload(_leave)


def missing(chosen: tuple | None, uploads: list[str] | None, scores: list[str]) -> str:
    """A sentence about what is missing for a run; empty if nothing is."""
    if chosen is None:
        return NO_MODEL
    if not uploads:
        return NO_FILES
    return "" if scores else "Choose at least one ranking."


def _stop(request: gr.Request) -> None:
    """End what this page runs."""
    if work := _jobs.pop(request.session_hash, None):
        work.stop()


def _leave(request: gr.Request) -> None:
    """The page was left or reloaded: end its run, and remove the user's files."""
    _stop(request)
    _held.release(request.session_hash)
