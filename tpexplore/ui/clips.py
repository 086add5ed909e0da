"""The users' clips: the part of a file that a model reads, its loudness, its name."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tpexplore.checkpoints.bundled import Example, example_clips
from tpexplore.errors import InputError
from tpexplore.signal.checks import check_seconds
from tpexplore.signal.excerpt import Excerpt, LoudnessProfile, loudness_profile, read_excerpt

from .choices import ModelChoice, cached_model
from .payload import base64_of

RECORDING = "Your recording"
"""The page's file name for a recording made there, and how it is shown."""

WAVE_LEVELS = 600
"""Bars of a waveform, at most."""


def check_uploads(paths: Iterable[str | os.PathLike[str]]) -> None:
    """Raise InputError if a file that the page still refers to no longer exists."""
    for path in map(Path, paths):
        if not path.is_file():
            raise InputError(
                f"{path.name!r} is no longer here: uploads are removed after a while. Choose it again."
            )


def excerpt_of(path: str | os.PathLike[str], choice: ModelChoice, start: float | None = None) -> Excerpt:
    """`read_excerpt` for a model, of a file that is still there; the last few are kept."""
    check_uploads([path])
    start = None if start is None else check_seconds(start, "The start")
    return _excerpt(str(path), written_at(path), cached_model(choice).config.seconds, start)


def file_seconds(path: str | os.PathLike[str]) -> tuple[float, bool]:
    """Length of a file in seconds, an hour at most, and whether that is all of it."""
    profile = _profile(str(path), written_at(path))
    return profile.seconds, profile.is_whole


def written_at(path: str | os.PathLike[str]) -> int:
    """When a file was last written, so that cached results are not used after a change; 0 for no file."""
    return Path(path).stat().st_mtime_ns if Path(path).is_file() else 0


def sound_message(
    path: str | os.PathLike[str], choice: ModelChoice, start: float | None = None
) -> dict[str, Any]:
    """A clip's whole file, and which part of it the model gets.

    Raises
    ------
    InputError
        If the file cannot be used.
    """
    excerpt = excerpt_of(path, choice, start)
    profile = _profile(str(path), written_at(path))
    levels = np.round(255 * profile.levels(WAVE_LEVELS)).astype(np.uint8)
    return {
        "name": clip_name(path),
        "seconds": round(profile.seconds, 3),
        "window": round(cached_model(choice).config.seconds, 3),
        "start": round(excerpt.start, 3),
        "is_chosen": start is not None,
        "levels": base64_of(levels),
    }


@lru_cache(maxsize=8)
def _excerpt(path: str, written: int, seconds: float, start: float | None) -> Excerpt:
    return read_excerpt(path, seconds, start, profile=_profile(path, written) if start is None else None)


@lru_cache(maxsize=4)
def _profile(path: str, written: int) -> LoudnessProfile:
    """One search of a file serves models of every window."""
    return loudness_profile(path)


def example_at(path: str | os.PathLike[str] | None) -> Example | None:
    """The bundled example that lies at ``path``."""
    return next((example for example in example_clips() if str(example.path) == str(path)), None)


def clip_name(path: str | os.PathLike[str]) -> str:
    """What to call a clip: an example's title, "Your recording", else its file name."""
    example = example_at(path)
    if example:
        return example.title
    return RECORDING if Path(path).stem == RECORDING else Path(path).name
