"""Find clips that others contain, such as a recording used in both a dataset and a game.

Log-mel pictures are correlated at every delay, after subtracting the local mean along time and then along
pitch. The fine structure that remains is shared by a copy, even a compressed, softer or duller one, but not
by two recordings of the same kind of sound. A sound of a fraction of a second has little of it, and can
resemble another by chance.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import fft
from scipy.ndimage import uniform_filter

FRAMES, BINS = 2, 4
"""Averaged into one value: 20 ms, and a thirty-second of the mel axis."""
AROUND_TIME, AROUND_PITCH = 15, 7
"""Number of values around each one whose mean is subtracted."""
DEPTH = 12.0
"""Values this far below a clip's loudest, in natural logarithms of power (52 dB), count as silent."""
COPY = 0.3
"""A clip whose correlation is above this counts as a copy."""
LEAST_SHARE = 0.4
"""Where two clips overlap, each counts with at least this share of its variance."""
CLIPS_AT_ONCE = 64


def most_alike(pictures: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Correlation of each clip with the most similar of others, at the best delay.

    Parameters
    ----------
    pictures, others : (clips, frames, 128)
        Log-mel before normalisation.

    Returns
    -------
    (clips,) float32
        Highest correlation; 1 where the clip is one of the others.
    """
    known, known_power = _prepared(others)
    return np.concatenate([_correlations(*_prepared(part), known, known_power) for part in _parts(pictures)])


def _parts(pictures: np.ndarray) -> Iterator[np.ndarray]:
    for begin in range(0, len(pictures), CLIPS_AT_ONCE):
        yield pictures[begin : begin + CLIPS_AT_ONCE]


def _prepared(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Spectra over time (clips, frequencies, bands), and variance up to each time (clips, times + 1)."""
    clips, frames, bins = pictures.shape
    times, bands = frames // FRAMES, bins // BINS
    blocks = pictures[:, : times * FRAMES].reshape(clips, times, FRAMES, bands, BINS)
    pooled = blocks.astype(np.float32).mean((2, 4))
    pooled = np.maximum(pooled, pooled.max((1, 2), keepdims=True) - DEPTH)
    for around in ((0, AROUND_TIME, 0), (0, 0, AROUND_PITCH)):
        pooled -= uniform_filter(pooled, around)
    pooled -= pooled.mean(1, keepdims=True)
    power = np.pad((pooled**2).sum(2).cumsum(1), ((0, 0), (1, 0)))
    return fft.rfft(pooled, 2 * times, axis=1), power


def _correlations(
    spectra: np.ndarray, power: np.ndarray, known: np.ndarray, known_power: np.ndarray
) -> np.ndarray:
    times = power.shape[1] - 1
    products = np.einsum("ifb,jfb->ijf", spectra, known.conj(), optimize=True)
    summed = fft.irfft(products, 2 * times, axis=2)
    best = np.zeros(len(power), np.float32)
    for delay in range(-times + 1, times):
        # Compare the clip from `delay` on with the known one from its beginning, or the other way round.
        own = _between(power, max(delay, 0), min(times, times + delay))
        other = _between(known_power, max(-delay, 0), min(times, times - delay))
        scale = np.sqrt(own[:, None] * other[None])
        best = np.maximum(best, (summed[:, :, delay] / np.maximum(scale, 1e-6)).max(1))
    return best


def _between(power: np.ndarray, begin: int, end: int) -> np.ndarray:
    return np.maximum(power[:, end] - power[:, begin], LEAST_SHARE * power[:, -1])
