"""The last seconds of a live sound: takes pieces as they arrive, returns a clip of whole frames."""

from __future__ import annotations

import numpy as np

from tpexplore.errors import InputError
from tpexplore.signal.checks import check_format, check_rate, is_sound
from tpexplore.signal.decode import ANALYSIS_WINDOW, HOP
from tpexplore.signal.resampling import Resampler


class RingBuffer:
    """Holds as many samples as a model reads.

    Parameters
    ----------
    frames : int
        Frames of the front end, 10 ms apart, that a clip has at most.
    sample_rate : int
        Sample rate of the incoming pieces, in Hz.

    Raises
    ------
    InputError
        If the rate is not that of a recording.

    Examples
    --------
    >>> ring = RingBuffer(frames=100, sample_rate=16_000)
    >>> for _ in range(30):
    ...     ring.add(np.zeros(1_600, np.float32))
    >>> ring.clip().shape, ring.end
    ((16240,), 298)
    """

    def __init__(self, frames: int, sample_rate: int):
        self.frames = frames
        rate = check_rate(sample_rate)
        check_format(rate, 1, "The microphone")
        self._resampler = Resampler(rate)
        # Enough for a clip that begins at a frame: the samples after the last whole frame come on top.
        self._samples = np.zeros(0, np.float32)
        self._longest = ANALYSIS_WINDOW + frames * HOP
        self._total = 0

    def add(self, samples: np.ndarray) -> None:
        """Take in the next samples (n,), float32.

        Raises
        ------
        InputError
            If they are not numbers that a sound could have.
        """
        if not is_sound(samples):
            raise InputError("The microphone sent values that are not sound; please start it again.")
        samples = self._resampler.add(samples)
        self._total += len(samples)
        self._samples = np.concatenate([self._samples, samples])[-self._longest :]

    @property
    def end(self) -> int:
        """Frames since the beginning, including those already discarded."""
        return max(0, (self._total - ANALYSIS_WINDOW) // HOP + 1)

    def clip(self) -> np.ndarray:
        """The last frames' samples, (n,) float32; empty until there is one frame.

        It ends at a whole frame counted from the beginning, so that sound still on screen keeps the same
        frames.
        """
        frames = min(self.frames, self.end)
        if not frames:
            return np.zeros(0, np.float32)
        first = (self.end - frames) * HOP - (self._total - len(self._samples))
        return self._samples[first : first + ANALYSIS_WINDOW + (frames - 1) * HOP]
