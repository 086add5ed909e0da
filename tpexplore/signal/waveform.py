"""Convert any clip that a caller passes to samples in the one form that the rest of the code uses."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from tpexplore.errors import InputError
from tpexplore.signal.checks import check_numbers, is_sound
from tpexplore.signal.decode import Clip
from tpexplore.signal.source import to_float


def as_waveform(clip: Any) -> np.ndarray:
    """The samples of a clip.

    Parameters
    ----------
    clip : Clip, np.ndarray, Tensor or sequence of numbers
        Mono, 16 kHz. Arrays of any byte order and stride, tensors on any device, of any floating type,
        with or without a gradient; integers are scaled to ±1, as by `clip_from_array`.

    Returns
    -------
    np.ndarray
        Native float32, contiguous, shape (n,), finite. A copy.

    Raises
    ------
    InputError
        If it is a path or anything else than numbers, not one channel, empty, or not finite.

    Examples
    --------
    >>> as_waveform(np.array([16384, -16384], dtype=">i2"))
    array([ 0.5, -0.5], dtype=float32)
    """
    array = samples_of(clip)
    if array.ndim != 1 or not array.size:
        raise InputError(f"The clip has shape {array.shape}; expected (samples,), one channel, not empty.")
    wave = np.ascontiguousarray(to_float(array))
    if not is_sound(wave):
        raise InputError("The clip holds NaN, infinite or absurdly large values; expected about ±1.")
    return wave


def samples_of(clip: Any) -> np.ndarray:
    """The numbers of a clip as an array, of any shape and values; raises InputError if there are none."""
    if isinstance(clip, (str, bytes, os.PathLike)):
        raise InputError(f"The clip is the path {clip!r}; expected its samples: read them with load_audio.")
    if isinstance(clip, Clip):
        return clip.samples
    return check_numbers(clip, "The clip")
