"""The Own data tab: labelled clips of the person's own, and how often the pruned model gets them right."""

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
import plotly.graph_objects as go
from gradio.context import Context

from tpexplore.errors import InputError
from tpexplore.figures.plots import CLIP, DATASET, SOUND, finish, label_axes
from tpexplore.figures.titles import percent
from tpexplore.model.plan import KEEP_RATES, SCORES
from tpexplore.model.vit import AudioViT
from tpexplore.study.labels import LabelledClip, label_clips
from tpexplore.study.own_data import AccuracyCurve, Row, accuracy_csv, answers_csv
from tpexplore.study.uploads import MAX_FILES, MAX_TOTAL_BYTES, take_uploads
from tpexplore.ui.analysis import NO_MODEL, ModelChoice, cached_model, check_uploads
from tpexplore.ui.plots import FigureBox

from . import Tab
from .stability import message_html, progress_html, table_box, table_html, told_html

log = logging.getLogger(__name__)

HELP = f"""
Drop your own labelled clips, and see what pruning does to the accuracy on them. Either a ZIP with one folder
per class (`dog/anything.wav`; of folders in folders the nearest named like a class counts), or single
files named after their class (`dog.wav`, `dog_2.wav`); for a model of ESC-50 also files as ESC-50 names them
(`5-9032-A-0.wav`). Up to {MAX_FILES} clips and {MAX_TOTAL_BYTES // 10**6} MB unpacked. They are removed from
the server as soon as the run ends.
"""

NO_FILES = "No clip was chosen; drop labelled clips or a ZIP of them first."
RATES = {"every 10 %": KEEP_RATES[::2], "every 5 %": KEEP_RATES}
SLICE_SECONDS = 1.5
"""A run comes back to the queue's end this often, so that a long one keeps nobody waiting for long."""

COLOURS = {"attention": DATASET, "intensity": CLIP, "variation": SOUND}
MARKERS = {"attention": "circle", "intensity": "square", "variation": "diamond"}
LISTED = 12
"""Most unknown labels and unreadable files told one by one."""


class Job:
    """One run over a person's clips: in slices, so that it can be left between any two passes.

    Parameters
    ----------
    choice : ModelChoice
    uploads : list of Path
        As Gradio stored them; removed here, whatever comes of it.
    scores, rates :
        As for `AccuracyCurve`.
    spared : Path or None
        An upload that is not removed, since the page shows it as its clip: Gradio stores equal files once.
    """

    def __init__(
        self,
        choice: ModelChoice,
        uploads: list[Path],
        scores: list[str],
        rates: tuple[float, ...],
        spared: Path | None = None,
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
        finally:
            for path in uploads:
                if path != spared:
                    path.unlink(missing_ok=True)

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
        """End the slice that runs, and remove the clips."""
        self.stopped.set()
        with self.busy:
            self.folder.cleanup()


class _StoppedError(Exception):
    """Leaves a sweep between two of its passes."""


_jobs: WeakValueDictionary[str, Job] = WeakValueDictionary()
"""Session -> its run, to end it when the page is left."""


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
    with gr.Row():
        run = gr.Button("Run", variant="primary", scale=0, min_width=130, elem_id="own-run")
        stop = gr.Button("Stop", interactive=False, scale=0, min_width=130, elem_id="own-stop")
    status = gr.HTML(elem_id="own-status", elem_classes="message-box")
    with gr.Column(visible=False, elem_id="own-result", elem_classes="figure") as result:
        box = FigureBox("own-accuracy")
        table = table_box("own-table")
        left = gr.HTML(apply_default_css=False, elem_id="own-left")
    chosen = gr.State(None)
    job = gr.State(None)

    shown = [result, *box.outputs, table, left]
    idle = {run: gr.update(interactive=True), stop: gr.update(interactive=False)}

    def results_of(work: Job, sentence: str) -> dict:
        values = {
            **idle,
            status: told_html(sentence),
            left: left_html(work.curve),
        }
        if work.curve.answers:
            figure = box.show(accuracy_figure(work.curve))
            values |= dict(zip(box.outputs, figure, strict=True))
            values[table] = accuracy_table(work.curve)
        else:
            missing = box.miss("No clip could be counted", "None of the clips has a label the model knows.")
            values |= dict(zip(box.outputs, missing, strict=True))
            values[table] = ""
        return {**values, result: gr.update(visible=True)}

    def refresh(path: str | None, choice: ModelChoice | None, start: float | None) -> tuple:
        if choice is None:
            raise InputError(NO_MODEL)
        return (choice, path), labels_html(choice)

    def on_start() -> dict:
        return {
            run: gr.update(interactive=False),
            stop: gr.update(interactive=True),
            result: gr.update(visible=False),
            status: progress_html(0, 1, "Waiting for its turn"),
        }

    def on_run(asked: tuple | None, uploads, scores, rates, request: gr.Request) -> dict:
        _leave(request)  # a run that this page lost sight of
        try:
            if asked is None:
                raise InputError(NO_MODEL)
            if not uploads:
                raise InputError(NO_FILES)
            if not scores:
                raise InputError("No ranking was chosen; expected at least one.")
            check_uploads(uploads)
            choice, path = asked
            spared = Path(path) if path else None
            work = Job(choice, [Path(upload) for upload in uploads], scores, RATES[rates], spared)
        except InputError as error:
            return {**idle, status: message_html(str(error)), files: None}
        except Exception:
            log.exception("an upload of %d files could not be taken", len(uploads))
            sentence = "The upload could not be read; the app's log says why."
            return {**idle, status: message_html(sentence), files: None}
        _jobs[request.session_hash] = work
        return {job: (work, 0), files: None, status: waiting(work)}

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
            sentence = "The clips could not be run; the app's log says why. They were removed."
            return {**idle, job: None, status: message_html(sentence)}
        if not work.finished:
            # A new value, so that the change calls for the next slice.
            return {job: (work, work.done), status: waiting(work)}
        work.stop()
        return {**results_of(work, f"Run and removed: {_clips(len(work.clips))}."), job: None}

    def on_stop(state: tuple | None) -> dict:
        if state is None:
            return {**idle, status: ""}
        work, _ = state
        work.stop()
        sentence = f"Stopped after {work.done} of {len(work.clips)} clips; all were removed."
        return {**results_of(work, sentence), job: None}

    quiet = {"show_progress": "hidden", "api_visibility": "private"}
    queued = {"concurrency_limit": 1, "concurrency_id": "model", **quiet}
    begun = run.click(on_start, None, [run, stop, result, status], queue=False, **quiet).then(
        on_run, [chosen, files, scores, rates], [run, stop, status, files, job], **queued
    )
    sliced = job.change(on_slice, job, [job, run, stop, status, *shown], **queued)
    stop.click(on_stop, job, [job, run, stop, status, *shown], cancels=[begun, sliced], queue=False, **quiet)
    Context.root_block.unload(_leave)
    return Tab("own", [chosen, labels], refresh)


def _leave(request: gr.Request) -> None:
    """The page was left or loaded anew: end what it ran."""
    if work := _jobs.pop(request.session_hash, None):
        work.stop()


# -- what is shown


def labels_html(choice: ModelChoice) -> str:
    """The labels that the chosen model knows."""
    names = cached_model(choice).config.labels
    listed = html.escape(", ".join(names))
    return (
        f"<details><summary>{html.escape(choice.label)} knows {len(names)} labels</summary>"
        f'<p style="overflow-wrap:anywhere;margin:4px 0 0">{listed}</p></details>'
    )


def accuracy_figure(curve: AccuracyCurve) -> go.Figure:
    """Accuracy over MACs, one line a score, with 95 % intervals."""
    figure = go.Figure()
    for score in curve.scores:
        rows = [row for row in curve.rows() if row.score == score]
        figure.add_trace(
            go.Scatter(
                x=[row.macs / 1e9 for row in rows],
                y=[100 * row.accuracy for row in rows],
                error_y={
                    "array": [100 * (row.interval[1] - row.accuracy) for row in rows],
                    "arrayminus": [100 * (row.accuracy - row.interval[0]) for row in rows],
                    "thickness": 1,
                    "width": 3,
                },
                name=f"by {score}",
                mode="lines+markers",
                line={"color": COLOURS[score], "width": 2},
                marker={"symbol": MARKERS[score], "size": 8},
                customdata=[(row.keep_rate, row.right, row.n, *row.interval) for row in rows],
                meta=["keep-rate", "right", "clips", "low 95 %", "high 95 %"],
                hovertemplate="keep-rate %{customdata[0]:.2f}: %{y:.1f} %"
                " (%{customdata[1]} of %{customdata[2]})<extra></extra>",
            )
        )
    label_axes(figure, "G MACs a clip", "accuracy, %")
    figure.update_yaxes(range=[0, 103])
    figure.update_layout(showlegend=True)
    return finish(figure, accuracy_title(curve), height=380)


def accuracy_title(curve: AccuracyCurve) -> str:
    """What a curve says, in one sentence."""
    rows = [row for row in curve.rows() if row.score == curve.scores[0]]
    pruned, full = min(rows, key=lambda row: abs(row.keep_rate - 0.5)), rows[-1]
    saved = percent(1 - pruned.macs / full.macs)
    points = round(100 * (full.accuracy - pruned.accuracy))
    cost = (
        f"costs {points} points"
        if points > 0
        else "costs nothing"
        if points == 0
        else f"wins {-points} points"
    )
    return (
        f"{percent(full.accuracy)} of {_clips(full.n)} right unpruned; keeping {percent(pruned.keep_rate)}"
        f" by {curve.scores[0]} {cost} and saves {saved} of the MACs"
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
    caption = (
        f"{html.escape(curve.config.name)}: accuracy on {_clips(len(curve.answers))}, with its 95 % interval"
    )
    return table_html(caption, head, lines)


def _clips(count: int) -> str:
    return f"{count} clip{'s' * (count != 1)}"


def _accuracy(row: Row) -> str:
    low, high = (f"{100 * value:.0f}" for value in row.interval)
    return f"{percent(row.accuracy)} ({low}–{high})"


def left_html(curve: AccuracyCurve) -> str:
    """What was not counted, and links that save what was."""
    parts = []
    if curve.unknown:
        told = Counter(clip.told or "no label" for clip in curve.unknown)
        listed = [f"{label} ({count})" for label, count in told.most_common(LISTED)]
        head = f"No label that this model knows: {_clips(len(curve.unknown))}"
        parts.append(_list(head, listed, len(told)))
    if curve.problems:
        count = len(curve.problems)
        parts.append(_list(f"Not readable: {_clips(count)}", curve.problems[:LISTED], count))
    if curve.answers:
        name = f"own-data-{curve.config.name}"
        parts.append(
            '<p style="display:flex;gap:16px;flex-wrap:wrap;margin:8px 0 0">'
            + _save_link("Save the table (CSV)", f"{name}-accuracy.csv", accuracy_csv(curve))
            + _save_link("Save every clip's answers (CSV)", f"{name}-answers.csv", answers_csv(curve))
            + "</p>"
        )
    return "".join(parts)


def _list(head: str, items: list[str], count: int) -> str:
    more = f"<li>and {count - len(items)} more</li>" if count > len(items) else ""
    lines = "".join(f"<li>{html.escape(item)}</li>" for item in items)
    return (
        f'<details open style="overflow-wrap:anywhere"><summary>{html.escape(head)}</summary>'
        f'<ul style="margin:4px 0 8px;padding-left:20px">{lines}{more}</ul></details>'
    )


def _save_link(words: str, name: str, text: str) -> str:
    # The file travels in the page itself: nothing about the person's clips stays on the server.
    data = base64.b64encode(text.encode()).decode()
    return (
        f'<a download="{html.escape(name)}" href="data:text/csv;charset=utf-8;base64,{data}"'
        f' style="text-decoration:underline">{html.escape(words)}</a>'
    )
