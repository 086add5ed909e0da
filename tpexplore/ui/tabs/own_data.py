"""The My data tab: labelled clips of the person's own, and how often the pruned model gets them right."""

from __future__ import annotations

import base64
import html
import logging
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from weakref import WeakValueDictionary

import gradio as gr
from gradio.context import Context

from tpexplore.errors import InputError
from tpexplore.figures.accuracy import accuracy_figure
from tpexplore.figures.titles import clips_text, percent
from tpexplore.model.plan import KEEP_RATES, SCORES
from tpexplore.model.vit import AudioViT
from tpexplore.study.labels import LabelledClip, label_clips
from tpexplore.study.own_data import AccuracyCurve, Row, accuracy_csv, answers_csv
from tpexplore.study.uploads import MAX_FILES, MAX_TOTAL_BYTES, take_uploads
from tpexplore.ui.choices import NO_MODEL, ModelChoice, cached_model
from tpexplore.ui.clips import check_uploads
from tpexplore.ui.events import AT_ONCE, MODEL_QUEUE, QUIET
from tpexplore.ui.plots import FigureBox

from . import Tab
from .held_uploads import HeldUploads
from .running import RunBar, progress_html
from .table import table_box, table_html

log = logging.getLogger(__name__)

HELP = f"""
How often is the model right on your own clips, and what does pruning cost? Drop a ZIP with one folder per
class (`dog/anything.wav`), or files named after their class (`dog.wav`, `dog_2.wav`): up to {MAX_FILES}
clips, {MAX_TOTAL_BYTES // 10**6} MB unpacked. They are deleted when you remove them or leave this page.
"""
STAYING = "Your files stay for another run; they are deleted when you remove them or leave this page."
NO_FILES = "Choose labelled clips, or a ZIP of them, first."
RATES = {"every 10 %": KEEP_RATES[::2], "every 5 %": KEEP_RATES}
SLICE_SECONDS = 1.5
"""A run comes back to the queue's end this often, so that a long one keeps nobody waiting for long."""

LISTED = 12
"""Most unknown labels and unreadable files that are listed one by one."""


class Job:
    """One run over a person's clips: in slices, so that it can be left between any two passes.

    Parameters
    ----------
    choice : ModelChoice
    uploads : list of Path
        As Gradio stored them; they are copied, and stay.
    scores, rates :
        As for `AccuracyCurve`.
    """

    def __init__(
        self,
        choice: ModelChoice,
        uploads: list[Path],
        scores: list[str],
        rates: tuple[float, ...],
    ):
        self.choice = choice
        self.model: AudioViT = cached_model(choice)
        self.folder = tempfile.TemporaryDirectory(prefix="tpexplore-")
        self.stopped = threading.Event()
        self.busy = threading.Lock()
        self.done = 0
        try:
            self.curve = AccuracyCurve.checked(self.model, scores, rates)
            files = take_uploads([(path.name, path) for path in uploads], Path(self.folder.name))
            if not files:
                raise InputError("The upload holds no clip; expected audio files, or a ZIP of them.")
            self.clips: list[LabelledClip] = label_clips(files, self.model.config)
        except BaseException:
            self.folder.cleanup()
            raise

    @property
    def finished(self) -> bool:
        """Whether every clip was run."""
        return self.done == len(self.clips)

    def run_for(self, seconds: float) -> None:
        """Run clips until the time is over, all are done, or somebody stops it."""
        until = time.monotonic() + seconds

        def check(_done: int, _total: int) -> None:
            if self.stopped.is_set():
                raise _StoppedError

        with self.busy:
            try:
                while not self.finished and time.monotonic() < until:
                    check(0, 0)
                    self.curve.add(self.model, self.clips[self.done], check)
                    self.done += 1
            except _StoppedError:
                pass

    def stop(self) -> None:
        """End the slice that runs, and remove the copies of the clips."""
        self.stopped.set()
        with self.busy:
            self.folder.cleanup()


class _StoppedError(Exception):
    """Leaves a sweep between two of its passes."""


_jobs: WeakValueDictionary[str, Job] = WeakValueDictionary()
"""Session -> its run, to end it when the page is left."""
_held = HeldUploads()


def build(choices: list[ModelChoice]) -> Tab:
    """Lay out the tab inside the current `gr.Tab`."""
    gr.Markdown(HELP, elem_classes="tab-help")
    labels = gr.HTML(apply_default_css=False, elem_id="own-labels", elem_classes="message-box")
    files = gr.File(
        file_count="multiple", label="Labelled clips, or a ZIP of them", height=150, elem_id="own-files"
    )
    with gr.Row(elem_classes="settings"):
        scores = gr.CheckboxGroup(
            list(SCORES),
            value=[SCORES[0]],
            label="Patches are ranked by",
            info="One curve for each; every further one takes as long again.",
            min_width=260,
            elem_id="own-scores",
        )
        rates = gr.Radio(
            list(RATES),
            value="every 10 %",
            label="Keep-rates, 30 to 100 %",
            info="More of them draw a finer curve and take longer.",
            min_width=260,
            elem_id="own-rates",
        )
    bar = RunBar("own", "Run")
    with gr.Column(visible=False, elem_id="own-result", elem_classes="figure") as result:
        box = FigureBox("own-accuracy")
        table = table_box("own-table")
        left = gr.HTML(apply_default_css=False, elem_id="own-left")
    chosen = gr.State(None)
    job = gr.State(None)

    shown = [result, *box.outputs, table, left]

    def results_of(curve: AccuracyCurve) -> dict:
        if curve.answers:
            figure = box.show(accuracy_figure(curve))
            cells = accuracy_table(curve)
        else:
            figure = box.miss("No clip could be counted", "None of the clips has a label the model knows.")
            cells = ""
        values = dict(zip(box.outputs, figure, strict=True))
        return {**values, table: cells, left: left_html(curve), result: gr.update(visible=True)}

    def refresh(path: str | None, choice: ModelChoice | None, start: float | None) -> tuple:
        if choice is None:
            raise InputError(NO_MODEL)
        return (choice, path), labels_html(choice)

    def on_files(uploads: list[str] | None, choice_and_clip: tuple | None, request: gr.Request) -> None:
        path = choice_and_clip and choice_and_clip[1]
        # Gradio stores equal files once: that of the page's clip is none of this tab's.
        _held.hold(request.session_hash, {Path(upload) for upload in uploads or [] if upload != path})

    def on_start() -> dict:
        return {**bar.waiting(), result: gr.update(visible=False)}

    def on_run(choice_and_clip: tuple | None, uploads, scores, rates, request: gr.Request) -> dict:
        _stop(request)  # a run that this page lost sight of
        try:
            if choice_and_clip is None:
                raise InputError(NO_MODEL)
            if not uploads:
                raise InputError(NO_FILES)
            if not scores:
                raise InputError("Choose at least one ranking.")
        except InputError as error:
            return bar.failed(str(error))
        try:
            check_uploads(uploads)
        except InputError as error:
            return {**bar.failed(str(error)), files: None}
        try:
            work = Job(choice_and_clip[0], [Path(upload) for upload in uploads], scores, RATES[rates])
        except InputError as error:
            return bar.failed(str(error))
        except Exception:
            log.exception("an upload of %d files could not be read", len(uploads))
            return bar.failed("The upload could not be read; the app's log says why.")
        _jobs[request.session_hash] = work
        return {job: (work, 0), bar.status: waiting(work)}

    def waiting(work: Job) -> str:
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
        return {**results_of(work.curve), **bar.done(sentence), job: None}

    def on_stop(state: tuple | None) -> dict:
        if state is None:
            return bar.stopped("Stopped.")
        work, _ = state
        work.stop()
        sentence = f"Stopped after {work.done} of {len(work.clips)} clips. {STAYING}"
        return {**results_of(work.curve), **bar.stopped(sentence), job: None}

    files.change(on_files, [files, chosen], None, **AT_ONCE)
    begun = bar.run.click(on_start, None, [*bar.outputs, result], **AT_ONCE).then(
        on_run, [chosen, files, scores, rates], [*bar.outputs, files, job], **MODEL_QUEUE, **QUIET
    )
    sliced = job.change(on_slice, job, [job, *bar.outputs, *shown], **MODEL_QUEUE, **QUIET)
    ends = [job, *bar.outputs, *shown]
    bar.stop.click(on_stop, job, ends, cancels=[begun, sliced], **AT_ONCE)
    Context.root_block.unload(_leave)
    return Tab("own", [chosen, labels], refresh)


def _stop(request: gr.Request) -> None:
    """End what this page runs."""
    if work := _jobs.pop(request.session_hash, None):
        work.stop()


def _leave(request: gr.Request) -> None:
    """The page was left or loaded anew: end what it ran, and remove the person's files."""
    _stop(request)
    _held.release(request.session_hash)


# -- what is shown


def labels_html(choice: ModelChoice) -> str:
    """The labels that the chosen model knows."""
    names = cached_model(choice).config.labels
    listed = html.escape(", ".join(names))
    return (
        f"<details><summary>{html.escape(choice.label)} knows {len(names)} labels</summary>"
        f"<p>{listed}</p></details>"
    )


def accuracy_table(curve: AccuracyCurve) -> str:
    """Accuracy with its interval at every keep-rate, as an HTML table."""
    cells = {(row.score, row.keep_rate): row for row in curve.rows()}
    lines = [
        [percent(rate), f"{cells[curve.scores[0], rate].macs / 1e9:.3f}"]
        + [_accuracy(cells[score, rate]) for score in curve.scores]
        for rate in reversed(curve.keep_rates)
    ]
    head = ["Keep-rate", "G MACs", *curve.scores]
    clips = clips_text(len(curve.answers))
    caption = f"{html.escape(curve.config.name)}: accuracy on {clips}, with its 95 % interval"
    return table_html(caption, head, lines)


def _accuracy(row: Row) -> str:
    low, high = (f"{100 * value:.0f}" for value in row.interval)
    return f"{percent(row.accuracy)} ({low}–{high})"


def left_html(curve: AccuracyCurve) -> str:
    """What was not counted, and links that save what was."""
    parts = []
    if curve.unknown:
        labels = Counter(clip.label_text or "no label" for clip in curve.unknown)
        listed = [f"{label} ({count})" for label, count in labels.most_common(LISTED)]
        head = f"No label that this model knows: {clips_text(len(curve.unknown))}"
        parts.append(_list(head, listed, len(labels)))
    if curve.problems:
        count = len(curve.problems)
        parts.append(_list(f"Not readable: {clips_text(count)}", curve.problems[:LISTED], count))
    if curve.answers:
        name = f"own-data-{curve.config.name}"
        parts.append(
            '<p class="own-saves">'
            + _save_link("Save the table (CSV)", f"{name}-accuracy.csv", accuracy_csv(curve))
            + _save_link("Save every clip's answers (CSV)", f"{name}-answers.csv", answers_csv(curve))
            + "</p>"
        )
    return "".join(parts)


def _list(head: str, items: list[str], count: int) -> str:
    more = f"<li>and {count - len(items)} more</li>" if count > len(items) else ""
    lines = "".join(f"<li>{html.escape(item)}</li>" for item in items)
    return f"<details open><summary>{html.escape(head)}</summary><ul>{lines}{more}</ul></details>"


def _save_link(words: str, name: str, text: str) -> str:
    # The file travels in the page itself: nothing about the person's clips stays on the server.
    data = base64.b64encode(text.encode()).decode()
    return (
        f'<a download="{html.escape(name)}" href="data:text/csv;charset=utf-8;base64,{data}">'
        f"{html.escape(words)}</a>"
    )
