"""What the server does for one request: clip and model in, the viewer's message out. Knows no Gradio."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..audio import MAX_SECONDS, SAMPLE_RATE, loudest_start, read_clip
from ..bundled import bundled_models, measured_results
from ..checkpoints import load_model
from ..exploration import explore
from .payload import build_payload

FAMILY_NAMES = {"ast": "AST", "audiomae": "AudioMAE"}


@dataclass(frozen=True)
class ModelChoice:
    """One entry of the model menu."""

    label: str
    source: str
    frames: int | None = None


@dataclass(frozen=True)
class Excerpt:
    """The part of a file that a model reads."""

    samples: np.ndarray
    start: float
    sentences: tuple[str, ...]
    longer: bool
    """Whether the file goes on beyond the part, so that another start could be chosen."""


def model_choices(checkpoint: str | None = None, frames: int | None = None) -> list[ModelChoice]:
    """The models to choose from: a checkpoint file first, where one was given, then the bundled ones."""
    own = [ModelChoice(Path(checkpoint).name, str(checkpoint), frames)] if checkpoint else []
    return own + [ModelChoice(_label(model), model["name"]) for model in bundled_models()]


def _label(model: dict[str, Any]) -> str:
    return f"{FAMILY_NAMES[model['family']]} · {model['name']}"


@lru_cache(maxsize=4)
def cached_model(choice: ModelChoice):
    """Load a model, or hand back the one loaded before."""
    model = load_model(choice.source, frames=choice.frames)
    # The first pass of a process takes up to a second longer, which is not what a clip costs.
    explore(model, np.zeros(SAMPLE_RATE, np.float32), keep_rates=(0.5, 1.0), scores=("attention",))
    return model


def cut_excerpt(path: str | os.PathLike[str], seconds: float, start: float | None = None) -> Excerpt:
    """Read the part of a file that a model with a window of ``seconds`` is given.

    Parameters
    ----------
    path : str or os.PathLike
    seconds : float
        Length of the model's window.
    start : float or None
        Where to begin; None takes the loudest part of the file's first `MAX_SECONDS`.

    Raises
    ------
    InputError
        If the file cannot be used, or ends before ``start``.
    """
    loudest = start is None
    clip = read_clip(path, offset=start or 0.0, duration=MAX_SECONDS if loudest else seconds)
    window = round(seconds * SAMPLE_RATE)
    sentences = []
    if loudest and len(clip.samples) > window:
        start = loudest_start(clip.samples, window) / SAMPLE_RATE
        sentences.append(f"This is the loudest part of the first {clip.seconds:.2f} s.")
        clip = read_clip(path, offset=start, duration=seconds)
    longer = clip.file_seconds is None or clip.file_seconds > seconds
    return Excerpt(clip.samples, clip.offset, (*clip.notes, *sentences), longer)


def analyse_clip(
    path: str | os.PathLike[str],
    choice: ModelChoice,
    start: float | None = None,
    *,
    title: str | None = None,
    about: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[dict[str, Any], bool]:
    """Analyse one clip with one model.

    Parameters
    ----------
    path : str or os.PathLike
    choice : ModelChoice
    start : float or None
        Where in the file to begin, in seconds; None takes the loudest part.
    title, about : str or None
        What to call the clip (by default its file name), and a sentence on where it comes from.
    progress : callable or None
        Called with (passes done, passes in all).

    Returns
    -------
    payload : dict
        The viewer's message, see `build_payload`.
    longer : bool
        Whether the file is longer than the model's window.

    Raises
    ------
    InputError
        If the file or the model cannot be used.
    """
    model = cached_model(choice)
    excerpt = cut_excerpt(path, model.config.seconds, start)
    exploration = explore(model, excerpt.samples, progress=progress)
    payload = build_payload(
        exploration,
        samples=excerpt.samples,
        name=title or Path(path).name,
        start=excerpt.start,
        sentences=([about] if about else []) + list(excerpt.sentences),
        results=measured_results(model.config.name),
    )
    return payload, excerpt.longer
