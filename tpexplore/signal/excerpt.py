"""Read the loudest part of a file: the same rule for the app, the command line and own data.

The whole file is searched, in bounded memory, up to an hour.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tpexplore.errors import InputError
from tpexplore.signal.checks import Window, check_path, check_seconds, is_sound
from tpexplore.signal.decode import HOP, SAMPLE_RATE, mix, read_clip
from tpexplore.signal.readers import read_source
from tpexplore.signal.resampling import Resampler
from tpexplore.signal.source import SoundSource

SEARCHED_SECONDS = 3_600.0
"""How much of a file is searched at most."""

# Of files up to this length the samples themselves are compared, of longer ones sums over 10 ms.
_EXACT_SECONDS = 60.0
_BLOCK_SECONDS = 4.0


@dataclass(frozen=True)
class Excerpt:
    """The part of a file that a model reads.

    Attributes
    ----------
    samples : (n,) float32
        Mono, 16 kHz, see `Clip`.
    start : float
        Where in the file it begins, in seconds.
    sentences : tuple of str
        What a person should know about it.
    longer : bool
        Whether the file is longer than the part, so that another start could be chosen.
    """

    samples: np.ndarray
    start: float
    sentences: tuple[str, ...]
    longer: bool


@dataclass(frozen=True)
class LoudnessProfile:
    """How loud each moment of a file is; made by `loudness_profile`.

    Attributes
    ----------
    seconds : float
        How much of the file was searched: all of it, unless ``is_whole`` is false.
    is_whole : bool
    """

    seconds: float
    is_whole: bool
    _step: int
    _sums: np.ndarray
    _squares: np.ndarray
    _broken: np.ndarray

    def loudest(self, seconds: float) -> float:
        """Where the loudest window of ``seconds`` begins, in seconds; 0 where the file is not longer."""
        window = max(1, round(seconds * SAMPLE_RATE / self._step))
        if len(self._sums) <= window:
            return 0.0
        return _loudest_window(self._energy(), window, self._broken) * self._step / SAMPLE_RATE

    def levels(self, count: int) -> np.ndarray:
        """How loud the file is in each of ``count`` stretches of equal length.

        Parameters
        ----------
        count : int
            At least 1; where the file has fewer steps, there are as many levels as steps.

        Returns
        -------
        np.ndarray
            Shape (count,), root mean square as a share of the loudest stretch's, 0 to 1.
        """
        energy = self._energy()
        count = min(count, len(energy))
        edges = np.arange(count) * len(energy) // max(1, count)
        if not count:
            return np.zeros(1)
        power = np.add.reduceat(energy, edges) / np.diff(edges, append=len(energy))
        return np.sqrt(power / max(power.max(), np.finfo(float).tiny))

    def _energy(self) -> np.ndarray:
        # A constant offset is not sound: the front end removes it, too.
        mean = self._sums.sum() / (self._step * max(1, np.count_nonzero(~self._broken)))
        return np.maximum(self._squares - 2 * mean * self._sums + self._step * mean**2, 0)


def read_excerpt(
    path: str | os.PathLike[str],
    seconds: float,
    start: float | None = None,
    profile: LoudnessProfile | None = None,
) -> Excerpt:
    """Read the part of a file that a model with a window of ``seconds`` analyses.

    Parameters
    ----------
    path : str or os.PathLike
    seconds : float
        Length of the model's window.
    start : float or None
        Where to begin, in seconds; None takes the loudest part of the whole file.
    profile : LoudnessProfile or None
        The file's profile, if it was measured already.

    Returns
    -------
    Excerpt

    Raises
    ------
    InputError
        If the file cannot be used, or ends before ``start``.

    Examples
    --------
    >>> import soundfile, tempfile
    >>> path = tempfile.mkdtemp() + "/beep.wav"
    >>> samples = np.zeros(16_000 * 8)
    >>> samples[96_000:112_000] = 0.5 * np.sin(np.arange(16_000))
    >>> soundfile.write(path, samples, 16_000)
    >>> read_excerpt(path, 2.0).sentences
    ('Showing the loudest 2.00 s (5.50 to 7.50 s) of your 8.00 s clip.',)
    """
    seconds = Window.checked(0, seconds).duration
    if start is not None:
        start = check_seconds(start, "The start")
        clip = read_clip(path, offset=start, duration=seconds)
        return Excerpt(clip.samples, clip.offset, clip.notes, _is_longer(clip.file_seconds, seconds))
    profile = profile or loudness_profile(path)
    start = profile.loudest(seconds)
    clip = read_clip(path, offset=start, duration=seconds)
    notes = tuple(note for note in clip.notes if note != clip.part_note)
    if not _is_longer(profile.seconds if profile.is_whole else None, seconds):
        return Excerpt(clip.samples, start, notes, longer=False)
    end = start + clip.seconds
    whole = f"your {profile.seconds:.2f} s clip" if profile.is_whole else "the first hour"
    shown = f"Showing the loudest {clip.seconds:.2f} s ({start:.2f} to {end:.2f} s) of {whole}."
    return Excerpt(clip.samples, start, (shown, *notes), longer=True)


def _is_longer(file_seconds: float | None, seconds: float) -> bool:
    """Whether a file holds more than a window, by a frame at least, as `read_clip` counts."""
    return file_seconds is None or file_seconds - seconds >= HOP / SAMPLE_RATE


def loudness_profile(path: str | os.PathLike[str]) -> LoudnessProfile:
    """Measure how loud each moment of a file is.

    Raises
    ------
    InputError
        If the file cannot be used.
    """
    checked = check_path(path)
    return read_source(checked, repr(checked.name), 0.0, _profile)


def _loudest_window(energy: np.ndarray, window: int, broken: np.ndarray) -> int:
    """First index of the window with the most energy; one that holds a broken place only if all do.

    A word or a bark shorter than the window has its full energy in a whole range of windows. The middle of
    that range is chosen (all neighbours within 1 % of the highest energy count), which puts the sound in the
    middle of the window instead of at its edge.
    """
    total = np.concatenate([[0.0], np.cumsum(energy)])
    sums = total[window:] - total[:-window]  # of the window starting at each index
    if broken.any():
        count = np.concatenate([[0], np.cumsum(broken)])
        sums[count[window:] > count[:-window]] = -1.0
    best = int(np.argmax(sums))
    breaks = np.flatnonzero(sums < sums[best] - 0.01 * abs(sums[best]))
    after = int(np.searchsorted(breaks, best))
    left = int(breaks[after - 1]) + 1 if after > 0 else 0
    right = int(breaks[after]) - 1 if after < len(breaks) else len(sums) - 1
    return (left + right) // 2


def _profile(source: SoundSource) -> LoudnessProfile:
    steps, most = _Steps(), round(SEARCHED_SECONDS * source.rate)
    resampler = Resampler(source.rate)
    end, is_whole = 0, True
    for frames in _joined(source, round(_BLOCK_SECONDS * source.rate)):
        if end + len(frames) > most:
            frames, is_whole = frames[: most - end], False
        end += len(frames)
        is_broken = not is_sound(frames)
        mono = np.zeros(len(frames), np.float32) if is_broken else mix(frames)[0]
        steps.add(resampler.add(mono), is_broken)
        if not is_whole:
            break
    steps.add(resampler.add(np.empty(0, np.float32), last=True), is_broken=False)
    source.summary(end, is_whole)  # refuses files that are mostly damaged
    return steps.profile(end / source.rate, is_whole)


def _joined(source: SoundSource, length: int) -> Iterator[np.ndarray]:
    """The source's blocks joined to some ``length`` frames; ends early where the format changes midway."""
    pieces, size = [], 0
    blocks = iter(source.blocks)
    while True:
        try:
            _, block = next(blocks)
        except StopIteration:
            break
        except InputError:
            if not size:
                raise
            break
        pieces.append(block)
        size += len(block)
        if size >= length:
            yield np.concatenate(pieces)
            pieces, size = [], 0
    if size:  # the last block of a file is empty
        yield np.concatenate(pieces)


class _Steps:
    """Sums over short steps, collected while a file goes by: single samples at first, then 10 ms each."""

    def __init__(self):
        self._step = 1
        self._rest = np.empty(0)
        self._columns: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self._samples = 0

    def add(self, samples: np.ndarray, is_broken: bool) -> None:
        self._samples += len(samples)
        self._columns.append(self._summed(samples.astype(np.float64), is_broken))
        if self._step == 1 and self._samples > _EXACT_SECONDS * SAMPLE_RATE:
            samples, _, broken = self._joined()
            self._step, self._columns = HOP, []
            whole = len(samples) // HOP * HOP
            sums, squares, _ = self._summed(samples, False)
            self._columns.append((sums, squares, broken[:whole].reshape(-1, HOP).any(1)))

    def _summed(self, samples: np.ndarray, is_broken: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        samples = np.concatenate([self._rest, samples])
        whole = len(samples) // self._step * self._step
        self._rest, steps = samples[whole:], samples[:whole].reshape(-1, self._step)
        return steps.sum(1), np.square(steps).sum(1), np.full(len(steps), is_broken)

    def _joined(self) -> tuple[np.ndarray, ...]:
        return tuple(np.concatenate(column) for column in zip(*self._columns, strict=True))

    def profile(self, seconds: float, is_whole: bool) -> LoudnessProfile:
        return LoudnessProfile(seconds, is_whole, self._step, *self._joined())
