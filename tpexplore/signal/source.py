"""An opened file, as both readers return it: frames with their positions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

# Read on either side of a window, so that the resampling filter sees the real neighbours.
MARGIN_SECONDS = 0.1
# Seek this much before the window, because a decoder's first packets come out wrong.
SEEK_AHEAD_SECONDS = 1.0


class UnreadableError(Exception):
    """This reader cannot give what the file holds; another one may."""


@dataclass(frozen=True)
class FileSummary:
    """What reading showed about a file.

    Attributes
    ----------
    total : int or None
        Frames in the whole file; None unless its end was reached or its header's length was checked.
    notes : tuple of str
    """

    total: int | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SoundSource:
    """A file that a reader has opened.

    Attributes
    ----------
    rate, channels : int
    blocks : iterator of (int, (n, channels) float32 array)
        Position of a block's first frame, counted from the file's first one, and the frames. The first
        block begins at or before the requested frame, and there are no gaps; the last block is empty, at
        the file's end.
    summary : callable
        To be called once after reading, with the place reached and whether the file ends there.
    """

    rate: int
    channels: int
    blocks: Iterator[tuple[int, np.ndarray]]
    summary: Callable[[int, bool], FileSummary]


def first_frame(start: float, rate: int) -> int:
    """The first frame to read for a window that begins at ``start`` seconds."""
    return max(0, round(start * rate) - math.ceil(MARGIN_SECONDS * rate))


def to_float(samples: np.ndarray) -> np.ndarray:
    """Native float32 in a new array, integers scaled to ±1 (uint8 is centred on 128)."""
    with np.errstate(over="ignore"):  # a float64 beyond float32 becomes inf, which is refused later
        floats = samples.astype(np.float32)
    if samples.dtype.kind == "f":
        return floats
    if samples.dtype == np.uint8:
        return (floats - 128) / 128
    return floats / 2 ** (8 * samples.dtype.itemsize - 1)
