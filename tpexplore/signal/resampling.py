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

    soxr alone fades from 7.4 kHz on, 14 dB at 7.7 kHz, and takes away the two highest mel bins, which sound
    that was recorded or kept at 16 kHz has. So it goes to twice the rate, and a steep filter halves that.

    Examples
    --------
    >>> resample(np.zeros(44_100, np.float32), 44_100).shape
    (16000,)
    """
    import soxr

    if rate == SAMPLE_RATE:
        return mono
    twice = soxr.resample(np.ascontiguousarray(mono), rate, 2 * SAMPLE_RATE, quality="HQ")
    return _filtered(twice)[::2][: round(len(mono) * SAMPLE_RATE / rate)]


def _filtered(samples: np.ndarray) -> np.ndarray:
    """Linear convolution with the filter, without its delay, by the Fourier transform."""
    length = len(samples) + _TAPS - 1
    size = 1 << (length - 1).bit_length()
    spectrum = np.fft.rfft(samples, size) * np.fft.rfft(_filter(), size)
    delay = _TAPS // 2
    return np.fft.irfft(spectrum, size)[delay : delay + len(samples)].astype(np.float32)


@cache
def _filter() -> np.ndarray:
    """A windowed sinc of unit gain."""
    at = np.arange(_TAPS) - _TAPS // 2
    share = 2 * _CUTOFF_HERTZ / (2 * SAMPLE_RATE)
    taps = share * np.sinc(share * at) * np.kaiser(_TAPS, _KAISER_BETA)
    return taps / taps.sum()
