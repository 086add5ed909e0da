"""New clips made from training clips: changed in speed, tone and room, and mixed.

The tagger hears the mixed clip. Blending its stored answers to the parts would only approximate that, and a
student learns more from a teacher that hears the same input [Beyer et al. 2022].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import soxr
from scipy import fft
from scipy.signal import fftconvolve

from tpexplore.signal.decode import SAMPLE_RATE
from training.data.clip_files import levelled

SOUNDS = (0.3, 0.45, 0.25)
"""Shares of mixtures of one, two and three sounds."""
SPEED = 1.3
"""A sound is played up to this many times faster or slower, which also shifts its pitch."""
TILT_DB = 3.0
"""Largest change of a sound's spectrum in dB an octave, either way."""
SOFTER_DB = 15.0
"""Further sounds are up to this many dB softer than the first."""
ROOM_SHARE = 0.3
"""Share of the mixtures that get a room's echoes."""
DECAY = (0.1, 0.8)
"""Seconds in which a room's echoes fall by 60 dB."""


def mixture(
    rng: np.random.Generator,
    datasets: Sequence[Sequence[Callable[[], np.ndarray]]],
    samples: int,
) -> np.ndarray:
    """A clip of ``samples`` at 16 kHz, of one to three sounds.

    Parameters
    ----------
    datasets : sequence of sequences of callables
        Functions that read the training clips of each dataset; all datasets are drawn equally often.
    """
    mixed = np.zeros(samples, np.float32)
    for position in range(rng.choice(len(SOUNDS), p=SOUNDS) + 1):
        clips = datasets[rng.integers(len(datasets))]
        sound = changed(rng, clips[rng.integers(len(clips))]())
        loudness = np.sqrt(np.mean(sound**2))
        if loudness == 0:
            continue
        softer = rng.uniform(0, SOFTER_DB) if position else 0.0
        _add(mixed, sound * (10 ** (-softer / 20) / loudness), rng)
    if rng.random() < ROOM_SHARE:
        mixed = in_a_room(rng, mixed)
    return levelled(rng, mixed)


def changed(rng: np.random.Generator, sound: np.ndarray) -> np.ndarray:
    """A sound at another speed and pitch, with another tone."""
    speed = SPEED ** rng.uniform(-1, 1)
    sound = soxr.resample(sound, SAMPLE_RATE * speed, SAMPLE_RATE)
    size = fft.next_fast_len(len(sound), real=True)
    octaves = np.log2(np.maximum(fft.rfftfreq(size, 1 / SAMPLE_RATE), 50) / 1000).astype(np.float32)
    tilt = 10 ** (rng.uniform(-TILT_DB, TILT_DB) * octaves / 20)
    return fft.irfft(fft.rfft(sound, size) * tilt, size)[: len(sound)]


def in_a_room(rng: np.random.Generator, sound: np.ndarray) -> np.ndarray:
    """A sound with the echoes of a drawn room, as decaying noise [Moorer 1979]; its length stays."""
    seconds = rng.uniform(*DECAY)
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    echoes = rng.standard_normal(len(time)) * 10 ** (-3 * time / seconds)
    echoes *= rng.uniform(0.1, 1) / np.sqrt(np.sum(echoes**2))  # power relative to the direct sound
    echoes[0] = 1
    return fftconvolve(sound, echoes.astype(np.float32))[: len(sound)]


def _add(mixed: np.ndarray, sound: np.ndarray, rng: np.random.Generator) -> None:
    """Add a sound at a drawn time; up to a quarter of the shorter of both may be cut off at either end."""
    cut = min(len(sound), len(mixed)) // 4
    ends = sorted((-cut, len(mixed) - len(sound) + cut))
    begin = int(rng.integers(ends[0], ends[1] + 1))
    first, last = max(begin, 0), min(begin + len(sound), len(mixed))
    mixed[first:last] += sound[first - begin : last - begin]
