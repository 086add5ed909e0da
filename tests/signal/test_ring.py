"""The live buffer: whatever pieces come in, it holds the last frames of the sound, and no more."""

from __future__ import annotations

import numpy as np
import pytest
import soxr

from tpexplore import InputError
from tpexplore.signal.ring import RingBuffer
from tpexplore.signal.spectrogram import log_mel, samples_for


def filled(sound: np.ndarray, frames: int, rate: int = 16_000, seed: int = 0) -> RingBuffer:
    """A buffer that has heard a sound in pieces of random lengths."""
    ring, rng, at = RingBuffer(frames, rate), np.random.default_rng(seed), 0
    while at < len(sound):
        step = int(rng.integers(0, rate // 5))
        ring.add(sound[at : at + step])
        at += step
    return ring


@pytest.mark.parametrize("samples", [0, 399, 400, 559, 560, 8_000, 20_000, 33_333, 160_000])
def test_it_holds_the_last_whole_frames(samples):
    sound = np.random.default_rng(samples).normal(0, 0.1, samples).astype(np.float32)
    ring = filled(sound, 100)
    frames = max(0, (samples - 400) // 160 + 1)
    assert ring.end == frames
    shown = min(frames, 100)
    expected = sound[(frames - shown) * 160 :][: samples_for(shown)] if shown else sound[:0]
    np.testing.assert_array_equal(ring.clip(), expected)
    if shown:
        assert len(log_mel(ring.clip())) == shown


def test_it_never_holds_more_than_a_window():
    ring = filled(np.zeros(400_000, np.float32), 50)
    assert len(ring._samples) <= samples_for(50) + 160


@pytest.mark.parametrize("tone", [440, 7_700])
def test_another_rate_is_resampled_as_files_are(tone):
    at = np.arange(44_100 * 2) / 44_100
    sound = (0.5 * np.sin(2 * np.pi * tone * at)).astype(np.float32)
    clip = filled(sound, 100, 44_100).clip()
    # That of a library, its own edge far above the tone: every second sample of twice the rate.
    whole = soxr.resample(sound, 44_100, 32_000, quality="VHQ")[::2]
    # The last samples are still in the resampler.
    starts = range(0, len(whole) - len(clip), 160)
    errors = [np.abs(whole[start : start + len(clip)] - clip)[200:-200].max() for start in starts]
    assert min(errors) < 1e-3


def test_what_is_no_sound_is_refused():
    for rate in (0, 1_000, 1e6, "fast", None, 44_100.5):
        with pytest.raises(InputError):
            RingBuffer(100, rate)
    with pytest.raises(InputError):
        RingBuffer(100, 16_000).add(np.array([0, np.nan], np.float32))
