"""Checks of what callers pass as a path, window, sample rate or array: a value or one sentence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tpexplore.errors import InputError, shown
from tpexplore.signal.source import MARGIN_SECONDS, first_frame

MIN_RATE, MAX_RATE = 4_000, 384_000
"""Sample rates accepted, in Hz. Anything else is a broken header rather than a recording."""

MAX_CHANNELS = 8
"""Most channels accepted: 7.1 surround."""

SECONDS_LIMIT = 1e9
"""Keeps every position, in any file's time base, far inside 64 bits; no source is that long."""

LARGEST_VALUE = 1e12
"""Unscaled 32-bit integers stored as floats (2.1e9) still pass; well above that the power spectrum
overflows float32 and every score would become NaN."""


@dataclass(frozen=True)
class Window:
    """The part of a source to read, in seconds."""

    offset: float
    duration: float

    @classmethod
    def checked(cls, offset: Any, duration: Any) -> Window:
        window = cls(check_seconds(offset, "offset"), check_seconds(duration, "duration"))
        if window.duration == 0:
            raise InputError(f"duration is {duration!r}; expected more than 0 seconds.")
        return window

    def span(self, rate: int) -> tuple[int, int, int]:
        """Frames at `rate`: first to read, first of the window itself, end of what to read."""
        start = round(self.offset * rate)
        length = math.ceil(self.duration * rate) + math.ceil(MARGIN_SECONDS * rate)
        return first_frame(self.offset, rate), start, start + length


def is_sound(samples: np.ndarray) -> bool:
    """Whether all samples are numbers that a sound could have: not NaN, not infinite, not absurdly large."""
    return bool(np.abs(samples).max(initial=0) <= LARGEST_VALUE)  # NaN compares false, too


def check_seconds(value: Any, name: str) -> float:
    """A number of seconds from 0 to a billion, or InputError."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):  # RuntimeError: a tensor of several values
        number = math.nan
    if not 0 <= number < SECONDS_LIMIT:
        raise InputError(
            f"{name} is {shown(value)}; expected a number of seconds, not negative and below 1e9."
        )
    return number + 0.0  # −0.0 becomes 0.0


def check_path(value: Any) -> Path:
    """An existing file that is not empty, or InputError."""
    try:
        path = Path(value)
        size = path.stat().st_size
    except TypeError as error:
        raise InputError(f"Got {shown(value)} as an audio file; expected a path.") from error
    except FileNotFoundError as error:
        raise InputError(f"{str(value)!r} does not exist; expected an audio file.") from error
    except (OSError, ValueError) as error:  # no permission, name too long, null character, ...
        raise InputError(f"{str(value)!r} cannot be opened; expected an audio file.") from error
    if not path.is_file():
        raise InputError(f"{str(value)!r} is not a file; expected an audio file.")
    if size == 0:
        raise InputError(f"{path.name!r} is empty; expected an audio file.")
    return path


def check_rate(value: Any) -> int:
    """A whole number of Hz, or InputError."""
    try:
        rate = int(value)
    except Exception:  # texts, NaN, tensors of several values, a masked value, …
        rate = None
    if rate is None or rate != value:
        raise InputError(f"The sample rate is {shown(value)}; expected a whole number of Hz.")
    return rate


def check_format(rate: int, channels: int, name: str) -> None:
    """Raise InputError unless the rate and the number of channels are those of a recording."""
    if not MIN_RATE <= rate <= MAX_RATE:
        expected = f"expected {MIN_RATE} to {MAX_RATE} Hz"
        raise InputError(f"{name} has a sample rate of {shown(rate)} Hz; {expected}.")
    if not 1 <= channels <= MAX_CHANNELS:
        raise InputError(f"{name} has {channels} channels; expected 1 to {MAX_CHANNELS}.")


def plain_array(values: Any) -> np.ndarray:
    """What NumPy takes as an array, and tensors on any device, with a gradient or without."""
    # Does not import torch, because reading files does not need it.
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)


def check_numbers(samples: Any, name: str) -> np.ndarray:
    """Samples as an array of a dtype that `to_float` knows, or InputError.

    Takes what numpy takes, and PyTorch tensors on any device, with a gradient, of any floating dtype.
    """
    is_bytes = isinstance(samples, memoryview) and samples.itemsize == 1
    if is_bytes or isinstance(samples, (str, bytes, bytearray)):  # whose bytes numpy would take for samples
        raise InputError(f"{name} is of {type(samples)}; expected numbers of shape (n,).")
    if np.ma.is_masked(samples):  # numpy would use the masked values
        raise InputError(f"{name} has masked samples; expected numbers everywhere, such as .filled(0) gives.")
    try:
        if hasattr(samples, "detach"):  # a tensor; torch itself is not needed to read files
            samples = samples.detach().cpu().resolve_conj().resolve_neg()
            samples = samples.float() if samples.dtype.is_floating_point else samples
        array = np.asarray(samples)
    except Exception as error:  # ragged lists, sparse tensors, objects that refuse
        raise InputError(f"{name} is not an array; expected numbers of shape (n,).") from error
    kind = f"{array.dtype.kind}{array.dtype.itemsize}"  # whatever the byte order
    if array.dtype.kind != "f" and kind not in ("i1", "i2", "i4", "u1"):
        raise InputError(f"{name} has dtype {array.dtype}; expected floats, int8, int16, int32 or uint8.")
    return array
