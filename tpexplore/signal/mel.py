"""The mel axis: where the front end's filters lie in hertz."""

from __future__ import annotations

import numpy as np

MEL_BINS = 128
LOWEST_HERTZ, HIGHEST_HERTZ = 20.0, 8000.0
"""Range of the Kaldi filter bank at 16 kHz."""


def _mel(hertz: np.ndarray | float) -> np.ndarray:
    return 1127 * np.log1p(np.asarray(hertz, np.float64) / 700)  # Kaldi's scale, which is HTK's


_LOWEST = _mel(LOWEST_HERTZ)
_STEP = (_mel(HIGHEST_HERTZ) - _LOWEST) / (MEL_BINS + 1)


def hertz_at(place: np.ndarray | float) -> np.ndarray:
    """Frequency at a place on the mel axis, in Hz.

    Parameters
    ----------
    place : array_like
        In bins: bin ``i`` reaches from ``i`` to ``i + 1``, with its filter's centre in the middle. A whole
        number is half way, in mel, between two neighbouring filters' centres.

    Examples
    --------
    >>> hertz_at(64).round(1)
    np.float64(1802.8)
    """
    return 700 * np.expm1((_LOWEST + (np.asarray(place) + 0.5) * _STEP) / 1127)


def place_of(hertz: np.ndarray | float) -> np.ndarray:
    """Place of a frequency on the mel axis, in bins: the inverse of `hertz_at`."""
    return (_mel(hertz) - _LOWEST) / _STEP - 0.5
