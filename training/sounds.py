"""Synthesised everyday sounds for the app's examples: 5 s each, mono, 16 kHz."""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, sosfilt

from tpexplore.signal.decode import SAMPLE_RATE

SECONDS = 5
SAMPLES = SECONDS * SAMPLE_RATE
PEAK = 0.7


def alarm_clock(seed: int) -> np.ndarray:
    """A digital alarm: four short beeps of 2050 Hz, then half a second of rest."""
    at = np.arange(SAMPLES) / SAMPLE_RATE
    gate = ((at % 1 < 0.5) & (at % 0.125 < 0.07)).astype(float)
    gate = np.convolve(gate, np.hanning(60) / 30, "same")  # no clicks where a beep begins
    beeps = _band(np.sign(np.sin(2 * np.pi * 2050 * at)) * gate, 800, 7500)
    return _levelled(beeps + 0.002 * _noise(seed))


def sea_waves(seed: int) -> np.ndarray:
    """Noise that swells every 3.6 s, brighter the louder it is."""
    at = np.arange(SAMPLES) / SAMPLE_RATE
    swell = np.clip(np.sin(2 * np.pi * 0.28 * at - 1), 0, None) ** 1.5
    roar = _low(_noise(seed), 1800) * (0.15 + swell)
    return _levelled(roar + 0.3 * _band(_noise(seed + 1), 1500, 6000) * (0.15 + swell) ** 2)


def crickets(seed: int) -> np.ndarray:
    """Bursts of four chirps at 4500 Hz in a quiet night."""
    at = np.arange(round(0.03 * SAMPLE_RATE)) / SAMPLE_RATE
    chirp = np.sin(2 * np.pi * 4500 * at) * np.hanning(len(at))
    out = 0.004 * _noise(seed)
    for burst in np.arange(0.1, SECONDS - 0.3, 0.55):
        for start in burst + 0.045 * np.arange(4):
            first = round(start * SAMPLE_RATE)
            out[first : first + len(chirp)] += chirp
    return _levelled(out)


def _noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(SAMPLES)


def _band(samples: np.ndarray, low: float, high: float) -> np.ndarray:
    return sosfilt(butter(4, [low, high], "bandpass", fs=SAMPLE_RATE, output="sos"), samples)


def _low(samples: np.ndarray, high: float) -> np.ndarray:
    return sosfilt(butter(4, high, "lowpass", fs=SAMPLE_RATE, output="sos"), samples)


def _levelled(samples: np.ndarray) -> np.ndarray:
    return (samples * (PEAK / np.abs(samples).max())).astype(np.float32)
