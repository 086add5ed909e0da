"""The Live tab: the microphone's last seconds through the model, some times a second.

The browser sends sound and receives the new part of the picture. It sends the next piece only after the
answer to the last one, so nothing piles up. These calls bypass the queue and take turns among themselves.
"""

from __future__ import annotations

import base64
import binascii
import time
from typing import Any

import numpy as np

from tpexplore.errors import InputError
from tpexplore.model.vit import check_classifier
from tpexplore.signal.decode import is_silent
from tpexplore.signal.mel import MEL_BINS
from tpexplore.signal.ring import RingBuffer
from tpexplore.signal.spectrogram import HOP_SECONDS
from tpexplore.study.exploration import Exploration
from tpexplore.study.sweep import explore
from tpexplore.ui.board import create_board
from tpexplore.ui.choices import NO_MODEL, ModelChoice, cached_model
from tpexplore.ui.listeners import Listeners
from tpexplore.ui.payload import (
    TOP,
    base64_of,
    compact,
    decibels,
    grid_message,
    hertz_ticks,
    row_hertz,
)
from tpexplore.ui.plan_text import read_way
from tpexplore.ui.replies import reply_to

from . import Tab

TURN_SECONDS = 1.0
"""So long a browser waits for its turn before it hears that the app is busy."""

LONGEST_PIECE = 5.0
"""Seconds of sound that one call may bring."""

DECIBEL_STEPS, DECIBEL_FLOOR = 2, -100.0
"""The picture is sent in half decibels above this."""

BUSY = "The app is busy, so updates come late."

listeners = Listeners()
_choices: dict[str, ModelChoice] = {}
"""Source -> choice of the models that a page has shown: a browser may name no other."""


def build(choices: list[ModelChoice]) -> Tab:
    """Lay out the tab inside the current `gr.Tab`."""
    board = create_board(
        "live",
        "live/start.js",
        html="live/live.html",
        styles=["shared/board.css", "live/live.css"],
        server_functions=[hear, forget],
    )

    def refresh(path: str | None, choice: ModelChoice | None, start: float | None) -> tuple[str]:
        if choice is None:
            raise InputError(NO_MODEL)
        _choices[choice.source] = choice
        return (compact(describe(choice)),)

    return Tab([board], refresh, hears_clip=False)


def describe(choice: ModelChoice) -> dict[str, Any]:
    """What the browser knows before it sends any sound.

    Raises
    ------
    InputError
        If the model has no classifier.
    """
    check_classifier(model := cached_model(choice))
    config = model.config
    return {
        "source": choice.source,
        "model": config.name,
        "picture": {
            "frames": config.frames,
            "bins": MEL_BINS,
            "patches": config.patches,
            "real_frames": 0,
            "seconds": round(config.frames * HOP_SECONDS, 4),
            "decibels": [-80, 0],
            "grid": grid_message(config.grid),
            "row_hertz": row_hertz(config.grid),
            "hertz_ticks": hertz_ticks(),
        },
        "scale": [DECIBEL_FLOOR, DECIBEL_STEPS],
    }


def hear(request: Any) -> dict[str, Any]:
    """Add a piece of sound; returns the model's result for the last seconds, or a sentence about a problem.

    Called by the browser, outside of the queue.
    """
    return reply_to(request, answer, "The sound could not be analysed; the app's log says why.")


def forget(id: Any) -> dict[str, bool]:
    """The microphone was stopped: nothing of its sound is kept."""
    return {"gone": listeners.drop(str(id))}


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """`hear` of a request with these entries.

    ``id`` is the browser's random name, ``source`` a model, ``sampleRate`` in Hz, ``pcm`` 16-bit
    little-endian samples in base64, ``have`` the frames since the beginning that the browser has,
    and what `read_way` reads.

    Raises
    ------
    InputError
        If the request is not valid, or too many are listening.
    """
    choice = _choices.get(str(request.get("source")))
    if choice is None:
        raise InputError("The app has been restarted. Please reload the page.")
    rate, have = request.get("sampleRate"), request.get("have")
    samples = read_pcm(request.get("pcm"))
    model = cached_model(choice)
    way = read_way(request, model.config.depth)
    score = way.pop("score")
    listener = listeners.get(
        request.get("id"), (choice.source, rate), lambda: RingBuffer(model.config.frames, rate)
    )
    if len(samples) > LONGEST_PIECE * listener.source[1]:
        raise InputError(f"More than {LONGEST_PIECE:g} s of sound came at once; please start again.")
    with listener.busy:
        listener.ring.add(samples)
        clip, end = listener.ring.clip(), listener.ring.end
    if not len(clip):
        return {"end": 0}
    with listeners.turns.take(TURN_SECONDS) as has_turn:
        if not has_turn:
            return {"busy": BUSY}
        begun = time.perf_counter()
        exploration = explore(model, clip, scores=[score], **way)
        seconds = time.perf_counter() - begun
    new = min(end - have, exploration.real_frames) if isinstance(have, int) and 0 <= have <= end else None
    return {
        **picture_update(exploration, score, new),
        "end": end,
        "silent": is_silent(clip),
        "milliseconds": round(1000 * seconds, 1),
    }


def read_pcm(text: Any) -> np.ndarray:
    """Base64 of 16-bit little-endian samples -> (n,) float32 within ±1.

    Raises
    ------
    InputError
        If the text is not valid.
    """
    try:
        raw = base64.b64decode(text, validate=True)
        return np.frombuffer(raw, "<i2").astype(np.float32) / 32768
    except (TypeError, ValueError, binascii.Error):
        raise InputError("The page sent something that is not sound; please reload it.") from None


def picture_update(exploration: Exploration, score: str, new: int | None) -> dict[str, Any]:
    """What the browser draws: the last ``new`` frames (None: all of the sound), patches' fates, answers.

    Returns
    -------
    dict
        ``frames``: a byte for each frame and mel bin, see `DECIBEL_STEPS`; ``fate``: a byte a patch, see
        `Exploration.drop_stages`. Both base64.
    """
    config = exploration.config
    (point,) = exploration.points[score]
    real = exploration.real_frames
    sound = decibels(exploration.spectrogram[:real][real - (real if new is None else new) :], config)
    steps = np.clip((sound - DECIBEL_FLOOR) * DECIBEL_STEPS, 0, 255)
    before, after = exploration.unpruned.probabilities, point.probabilities
    rows = sorted({*exploration.unpruned.top(TOP), *point.top(TOP)}, key=lambda i: -before[i])
    return {
        "real": real,
        "frames": base64_of(np.round(steps).astype(np.uint8)),
        "fate": base64_of(exploration.drop_stages(score)[0]),
        "before": config.labels[exploration.unpruned.answer],
        "after": config.labels[point.answer],
        "rows": [[config.labels[i], round(float(before[i]), 4), round(float(after[i]), 4)] for i in rows],
        "saved": round(1 - point.macs / exploration.unpruned.macs, 4),
    }
