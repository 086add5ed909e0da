"""A file, recording or array -> a checked mono 16 kHz waveform.

Only the analysed window is kept, and only that part is decoded if the reader can seek exactly. Any problem
with a file raises one `InputError`. What a user should know about a usable file is in `Clip.notes`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from tpexplore.errors import InputError
from tpexplore.signal.checks import Window, check_format, check_numbers, check_path, check_rate, is_sound
from tpexplore.signal.readers import read_source
from tpexplore.signal.resampling import SAMPLE_RATE, resample
from tpexplore.signal.source import FileSummary, SoundSource, to_float

ANALYSIS_WINDOW = 400
"""Samples in one 25 ms window of the front end: the shortest clip that gives a frame."""

HOP = 160
"""Samples between two windows: 10 ms."""

MAX_SECONDS = (ANALYSIS_WINDOW + 1023 * HOP) / SAMPLE_RATE
"""The longest window that a supported model reads: 1024 frames, 10.255 s."""

MAX_UPLOAD_BYTES = 120_000_000
"""Largest clip the app takes: an hour of 16-bit mono sound at 16 kHz, and a little more."""

MAX_FILE_BYTES = 25_000_000
"""Largest of several clips that the app takes. Nothing here enforces it: only a window is ever read."""

_SILENT_PEAK = 1e-5
_CANCELLED = 0.01


@dataclass(frozen=True, eq=False)
class Clip:
    """A checked piece of audio, ready for the front end.

    Attributes
    ----------
    samples : np.ndarray
        float32, shape (n,), mono, 16 kHz; finite, n >= 400. Usually within ±1, but values beyond in
        a file of floats are left as they are.
    file_seconds : float or None
        Duration of the whole source in seconds; None unless its end was reached or its header's length was
        checked.
    source_rate : int
        Sample rate of the source in Hz.
    source_channels : int
        Channels of the source.
    offset : float
        Where in the source the clip begins, in seconds.
    notes : tuple of str
        Plain sentences about anything a person should know; empty when all is well.
    part_note : str
        The note that says which part of the source this is; empty if it is the whole source.
    """

    samples: np.ndarray
    file_seconds: float | None
    source_rate: int
    source_channels: int
    offset: float
    notes: tuple[str, ...]
    part_note: str = ""

    @property
    def seconds(self) -> float:
        """Length of `samples` in seconds."""
        return len(self.samples) / SAMPLE_RATE


def load_audio(
    path: str | os.PathLike[str], *, offset: float = 0.0, duration: float = MAX_SECONDS
) -> np.ndarray:
    """Read a window of an audio file as a waveform.

    Parameters
    ----------
    path, offset, duration :
        As for `read_clip`.

    Returns
    -------
    np.ndarray
        float32, shape (n,), mono, 16 kHz.

    Raises
    ------
    InputError
        As `read_clip`, which also returns facts about the file.

    Examples
    --------
    >>> import numpy as np, soundfile, tempfile
    >>> path = tempfile.mkdtemp() + "/tone.wav"
    >>> soundfile.write(path, 0.5 * np.sin(2 * np.pi * 440 * np.arange(44_100) / 44_100), 44_100)
    >>> samples = load_audio(path)
    >>> samples.shape, samples.dtype
    ((16000,), dtype('float32'))
    """
    return read_clip(path, offset=offset, duration=duration).samples


def read_clip(path: str | os.PathLike[str], *, offset: float = 0.0, duration: float = MAX_SECONDS) -> Clip:
    """Read a window of an audio file, with its duration, sample rate and notes.

    Only the window is read and checked, so the length of the file does not matter.

    Parameters
    ----------
    path : str or os.PathLike
        An audio file in any common format, also the sound of a video.
    offset : float
        Where to begin, in seconds.
    duration : float
        How much to read at most, in seconds. The default is the longest window a model reads.

    Returns
    -------
    Clip
        The channels' mean, resampled to 16 kHz. A damaged or truncated file gives what can be read.

    Raises
    ------
    InputError
        If the file is missing, empty or not decodable, holds no audio at `offset`, has a sample rate
        outside 4-384 kHz, more than 8 channels, or values that are not finite; or if `offset` or
        `duration` is not a sensible number of seconds.

    Examples
    --------
    >>> import numpy as np, soundfile, tempfile
    >>> path = tempfile.mkdtemp() + "/long.flac"
    >>> soundfile.write(path, np.full((8_000 * 20, 2), 0.25), 8_000)
    >>> clip = read_clip(path, offset=4.0, duration=1.0)
    >>> clip.seconds, clip.file_seconds, clip.source_channels
    (1.0, 20.0, 2)
    >>> clip.notes[0]
    'Showing 1.00 s (4.00 to 5.00 s) of your 20.00 s clip.'
    """
    window = Window.checked(offset, duration)
    path = check_path(path)
    name = repr(path.name)
    excerpt = read_source(path, name, window.offset, lambda source: _collect(source, window))
    return _finish(excerpt, window, name)


def clip_from_array(
    samples: np.ndarray, sample_rate: int, *, offset: float = 0.0, duration: float = MAX_SECONDS
) -> Clip:
    """Make a clip of samples that are already in memory, such as a recording.

    Parameters
    ----------
    samples : np.ndarray
        Shape (n,) or (n, channels). Floats are taken as they are; int8, int16, int32 and uint8
        (centred on 128) are scaled to ±1.
    sample_rate : int
        In Hz, 4 to 384 kHz.
    offset, duration : float
        The window to use, in seconds.

    Returns
    -------
    Clip
        A copy; `samples` is not changed or kept.

    Raises
    ------
    InputError
        As for a file.

    Examples
    --------
    >>> import numpy as np
    >>> clip = clip_from_array(np.full((24_000, 2), 16_384, dtype=np.int16), 48_000)
    >>> clip.samples.shape, clip.source_channels
    ((8000,), 2)
    """
    window = Window.checked(offset, duration)
    name = "The recording"
    frames = _checked_frames(samples, name)
    rate = check_rate(sample_rate)
    check_format(rate, frames.shape[1], name)
    first, _, stop = window.span(rate)
    return _finish(_Excerpt(to_float(frames[first:stop]), rate, FileSummary(len(frames))), window, name)


@dataclass(frozen=True)
class _Excerpt:
    """Frames that were read for a window, see `Window.span`; fewer if the source ends early."""

    frames: np.ndarray  # (n, channels) float32
    rate: int
    summary: FileSummary


def _checked_frames(samples: object, name: str) -> np.ndarray:
    """Samples in memory as (n, channels)."""
    array = check_numbers(samples, name)
    if array.ndim not in (1, 2):
        raise InputError(f"{name} has shape {array.shape}; expected (n,) or (n, channels).")
    return array if array.ndim == 2 else array[:, None]


def _collect(source: SoundSource, window: Window) -> _Excerpt:
    first, _, stop = window.span(source.rate)
    pieces, end = [], 0
    for place, block in source.blocks:
        # A copy, or the frames before the window would stay in memory.
        pieces.append(block[max(0, first - place) : max(0, stop - place)].copy())
        end = place + len(block)
        if end >= stop:
            break
    return _Excerpt(np.concatenate(pieces), source.rate, source.summary(end, end < stop))


def _finish(excerpt: _Excerpt, window: Window, name: str) -> Clip:
    """Check what was read and turn it into a clip; used for both files and arrays."""
    rate, channels = excerpt.rate, excerpt.frames.shape[1]
    file_seconds = None if excerpt.summary.total is None else excerpt.summary.total / rate
    first, start, _ = window.span(rate)
    _check_frames(excerpt, first, start, name)
    mono, mixing_note = mix(excerpt.frames)
    # To the nearest sample of the result: at 44.1 kHz, say, a window may begin between two.
    skip = round((start - first) * SAMPLE_RATE / rate)
    length = max(1, round(window.duration * SAMPLE_RATE))
    resampled = resample(mono, rate)[skip:]
    samples = resampled[:length]
    notes, part_note = list(excerpt.summary.notes), ""
    if start > 0 or len(resampled) - length >= HOP:
        seconds = len(samples) / SAMPLE_RATE
        end = window.offset + seconds
        whole = "a longer clip" if file_seconds is None else f"your {file_seconds:.2f} s clip"
        part_note = f"Showing {seconds:.2f} s ({window.offset:.2f} to {end:.2f} s) of {whole}."
        notes.append(part_note)
    notes += mixing_note
    if len(samples) < ANALYSIS_WINDOW:
        samples = np.pad(samples, (0, ANALYSIS_WINDOW - len(samples)))
        notes.append("Shorter than one 25 ms analysis window: padded with zeros.")
    if is_silent(samples):
        notes.append("This clip is silent, so the answer means nothing.")
    return Clip(samples, file_seconds, rate, channels, window.offset, tuple(notes), part_note)


def _check_frames(excerpt: _Excerpt, first: int, start: int, name: str) -> None:
    """Refuse an excerpt, read from `first` on, with nothing from `start` on, or without finite values."""
    if excerpt.summary.total == 0:
        raise InputError(f"{name} contains no audio; expected at least one sample.")
    if len(excerpt.frames) <= start - first:
        # The sample nearest to the offset: 1.99999 s of 2 s is the end, and not less than it.
        place, end = start / excerpt.rate, excerpt.summary.total / excerpt.rate
        raise InputError(f"offset is {place:g} s; expected less than the {end:.6g} s of {name}.")
    if not is_sound(excerpt.frames):
        raise InputError(f"{name} holds NaN, infinite or absurdly large values; expected about ±1.")


def is_silent(samples: np.ndarray) -> bool:
    """Whether samples (n,) hold no sound: nothing but a constant."""
    return bool(np.abs(samples - samples.mean()).max() < _SILENT_PEAK)


def mix(frames: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return the mean of (n, channels), or one channel where they cancel out; and a note if so."""
    # Channel by channel: NumPy is ten times slower at reducing an axis of two values.
    channels = np.ascontiguousarray(frames.T)
    mono = channels.mean(axis=0)
    peaks = np.abs(channels).max(axis=1)
    if np.abs(mono).max() >= _CANCELLED * peaks.max():
        return mono, []
    channel = int(np.argmax(peaks > peaks.max() / 2))  # the first that is not faint itself
    return frames[:, channel], [f"Channels cancel out when mixed; channel {channel + 1} is used."]
