"""The Long recording tab: every window of the page's clip, with all patches and pruned, as a strip over time.

The browser requests one slice of windows after the other, through the queue that all model work shares, so
that an hour of sound keeps nobody else waiting for long. A run stops when the browser sends no further
request.
"""

from __future__ import annotations

import hashlib
import logging
import math
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np

from tpexplore.checkpoints.bundled import example_clips
from tpexplore.errors import InputError
from tpexplore.model.vit import check_classifier
from tpexplore.signal.decode import ANALYSIS_WINDOW, SAMPLE_RATE
from tpexplore.signal.excerpt import SEARCHED_SECONDS
from tpexplore.study.window_table import WindowRow, label_lines, rows_of, table_text
from tpexplore.study.windows import WindowResult, explore_windows
from tpexplore.ui.board import create_board
from tpexplore.ui.choices import ModelChoice, cached_model, check_request
from tpexplore.ui.clips import check_uploads, clip_name, file_seconds, written_at
from tpexplore.ui.events import MODEL_QUEUE, QUIET
from tpexplore.ui.payload import base64_of, compact, decibels
from tpexplore.ui.plan_text import read_way

from . import Tab

log = logging.getLogger(__name__)

SLICE_SECONDS = 1.0
"""A run returns to the end of the queue this often."""

BATCH_PATCHES = 1024
"""About as many patches go through the model together: with more, a processor's caches no longer help."""

LEVEL_STEPS, LEVEL_FLOOR = 2, -90.0
"""Loudness is sent in half decibels above this."""


@dataclass(frozen=True, eq=False)
class LongRecording:
    """The recording and model of the tab."""

    stamp: str
    path: str
    choice: ModelChoice


class LongRecordingRun:
    """The windows of one recording, analysed slice by slice.

    Attributes
    ----------
    rows : list of WindowRow
        Of all windows so far, in the one schema of tables of windows.
    finished : bool
    """

    def __init__(self, recording: LongRecording, request: Mapping[str, Any]):
        self.recording = recording
        self.rows: list[WindowRow] = []
        self.finished = False
        model = cached_model(recording.choice)
        self._windows = explore_windows(
            model,
            recording.path,
            **read_way(request, model.config.depth),
            batch=max(1, BATCH_PATCHES // model.config.patches),
        )
        self._lock = threading.Lock()

    def run_for(self, seconds: float) -> Iterator[WindowResult]:
        """Windows until the time is over; at least one, if there is one left."""
        until = time.monotonic() + seconds
        with self._lock:
            for window in self._windows:
                if window.start >= SEARCHED_SECONDS:
                    break
                self.rows += rows_of(window, clip_name(self.recording.path))
                yield window
                if time.monotonic() >= until:
                    return
            self.finished = True


def build(choices: list[ModelChoice]) -> Tab:
    """Lay out the tab inside the current `gr.Tab`."""
    board = create_board(
        "long",
        "long/start.js",
        html="long/long.html",
        styles=["shared/board.css", "long/long.css"],
        events=["ask", "pick"],
        reply="",
    )
    recording, run = gr.State(None), gr.State(None)

    def refresh(path: str | None, choice: ModelChoice | None, start: float | None) -> tuple:
        check_request(path, choice)
        now = LongRecording(stamp_of(path, choice), path, choice)
        return compact(describe(now)), now

    def reply(recording: LongRecording | None, run: LongRecordingRun | None, event: gr.EventData):
        run, answer = respond(recording, run, event._data)
        return gr.update(reply=compact(answer)), run

    board.ask(
        reply,
        [recording, run],
        [board, run],
        trigger_mode="multiple",  # the browser never sends two requests at once
        **MODEL_QUEUE,
        **QUIET,
    )
    return Tab([board, recording], refresh, pick=board.pick)


def stamp_of(path: str, choice: ModelChoice) -> str:
    """An identifier of a file and a model; it changes whenever the file changes."""
    return hashlib.sha256(repr((path, written_at(path), choice)).encode()).hexdigest()[:16]


def describe(recording: LongRecording) -> dict[str, Any]:
    """What the browser shows before anything is analysed.

    Raises
    ------
    InputError
        If the file or the model cannot be used.
    """
    check_uploads([recording.path])
    check_classifier(model := cached_model(recording.choice))
    config = model.config
    seconds, is_whole = file_seconds(recording.path)
    return {
        "stamp": recording.stamp,
        "clip": {"name": clip_name(recording.path), "seconds": round(seconds, 3), "whole": is_whole},
        "model": {"name": config.name, "seconds": round(config.seconds, 3), "patches": config.patches},
        "windows": window_count(seconds, config.seconds),
        # One that no single label describes holds several sounds after each other.
        "example": next((e.title for e in example_clips() if not any(e.labels.values())), None),
    }


def window_count(seconds: float, window: float) -> int:
    """Number of windows side by side in a recording; a rest too short for a frame is left out."""
    return max(1, math.ceil((seconds - ANALYSIS_WINDOW / SAMPLE_RATE) / window))


def respond(
    recording: LongRecording | None, run: LongRecordingRun | None, request: Any
) -> tuple[LongRecordingRun | None, dict[str, Any]]:
    """Answer one request of the browser; a problem is returned as a sentence.

    Returns
    -------
    run : LongRecordingRun or None
        The one to go on with.
    answer : dict
    """
    request = request if isinstance(request, dict) else {}
    head = {"id": request.get("id")}
    try:
        if recording is None or request.get("stamp") != recording.stamp:
            raise InputError("The clip or model has changed. Please analyse it again.")
        if request.get("do") == "start":
            check_uploads([recording.path])
            run = LongRecordingRun(recording, request)
        if run is None or run.recording.stamp != recording.stamp:
            raise InputError("The server has forgotten this run. Please start it again.")
        match request.get("do"):
            case "start" | "next":
                windows = [window_message(window) for window in run.run_for(SLICE_SECONDS)]
                return run, {**head, "windows": windows, "finished": run.finished}
            case "csv":
                return run, {**head, "text": table_text(run.rows)}
            case "labels":
                return run, {**head, "text": label_lines(run.rows)}
        raise InputError("The app does not understand the page's request. Please reload the page.")
    except InputError as error:
        return run, {**head, "problem": str(error)}
    except Exception:
        log.exception("the windows of a recording could not be analysed")
        return run, {**head, "problem": "The recording could not be analysed; the app's log says why."}


def window_message(window: WindowResult) -> dict[str, Any]:
    """One window as the strip draws it.

    Returns
    -------
    dict
        ``level`` and ``kept`` have one byte a column of patches, base64: loudness, see `LEVEL_STEPS`, and the
        share of the column's patches that are left in the end.
    """
    (point,) = window.points
    exploration = window.exploration
    config = exploration.config
    rows = config.grid.rows
    columns = max(1, math.ceil(exploration.real_frames / config.grid.time_stride))
    loudest = exploration.intensity.reshape(-1, rows).max(1)[:columns]
    level = np.clip((decibels(loudest, config) - LEVEL_FLOOR) * LEVEL_STEPS, 0, 255)
    kept = (point.fate.block == 0).reshape(-1, rows).mean(1)[:columns]
    return {
        "start": round(window.start, 4),
        "end": round(window.end, 4),
        "silent": window.silent,
        "before": _answer(window, window.unpruned),
        "after": _answer(window, point),
        "share": round(window.share_kept(point), 4),
        "level": base64_of(np.round(level).astype(np.uint8)),
        "kept": base64_of(np.round(255 * kept).astype(np.uint8)),
    }


def _answer(window: WindowResult, point) -> list:
    return [window.label(point), round(float(point.probabilities[point.answer]), 4)]
