"""Sound at any rate to the models' 16 kHz, with all that lies below 7.9 kHz."""

from __future__ import annotations

from functools import cache

import numpy as np

SAMPLE_RATE = 16_000
"""Samples per second of every clip."""

_TAPS = 1023
_CUTOFF_HERTZ = 7_950
_KAISER_BETA = 8.0  # 80 dB down outside, over some 160 Hz


def resample(mono: np.ndarray, rate: int) -> np.ndarray:
    """Samples (n,) float32 at ``rate`` Hz as those at 16 kHz.

    Examples
    --------
    >>> resample(np.zeros(44_100, np.float32), 44_100).shape
    (16000,)
    """
    return Resampler(rate).add(mono, last=True)


class Resampler:
    """Resample from any rate to 16 kHz, piece by piece; the result equals `resample` of the whole.

    soxr alone fades from 7.4 kHz on, 14 dB at 7.7 kHz, and takes away the two highest mel bins, which sound
    that was recorded or kept at 16 kHz has. So it goes to twice the rate, and a steep filter halves that.

    Parameters
    ----------
    rate : int
        Of the pieces, in Hz.
    """

    def __init__(self, rate: int):
        import soxr

        self._rate = rate
        self._to_twice = None
        if rate != SAMPLE_RATE:
            self._to_twice = soxr.ResampleStream(rate, 2 * SAMPLE_RATE, 1, dtype="float32", quality="HQ")
        # The filter is centred on a sample: before the first one it reads silence.
        self._unfiltered = np.zeros(_TAPS // 2, np.float32)
        self._samples_in = self._samples_out = 0

    def add(self, samples: np.ndarray, last: bool = False) -> np.ndarray:
        """What (n,) float32 samples add at 16 kHz: (m,) float32, up to 90 ms later than they came.

        With ``last`` the rest comes, too; nothing may be added then.
        """
        if self._to_twice is None:
            return samples
        from scipy.signal import oaconvolve  # costs a second at the first sound of another rate

        twice = self._to_twice.resample_chunk(np.ascontiguousarray(samples), last=last)
        after = np.zeros(_TAPS // 2 if last else 0, np.float32)
        sound = np.concatenate([self._unfiltered, twice, after])
        made = np.zeros(0, np.float32)
        if len(sound) >= _TAPS:
            made = oaconvolve(sound, _filter(), "valid")[::2].astype(np.float32)
        self._unfiltered = sound[2 * len(made) :]
        self._samples_in += len(samples)
        if last:
            made = made[: round(self._samples_in * SAMPLE_RATE / self._rate) - self._samples_out]
        self._samples_out += len(made)
        return made


@cache
def _filter() -> np.ndarray:
    """A windowed sinc of unit gain."""
    at = np.arange(_TAPS) - _TAPS // 2
    share = 2 * _CUTOFF_HERTZ / (2 * SAMPLE_RATE)
    taps = share * np.sinc(share * at) * np.kaiser(_TAPS, _KAISER_BETA)
    return taps / taps.sum()
