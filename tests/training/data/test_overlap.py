"""Finding clips in others: copies at any delay, level and tone, but not sounds that are only similar."""

from __future__ import annotations

import numpy as np
import pytest

from tpexplore.signal.spectrogram import fit_frames, log_mel, samples_for
from training.data import overlap
from training.data.overlap import COPY, most_alike

RATE = 16_000
FRAMES = 256


def picture(samples: np.ndarray) -> np.ndarray:
    return fit_frames(log_mel(samples.astype(np.float32)), FRAMES).numpy()


def barks(seed: int) -> np.ndarray:
    """Bursts of rough tones at drawn times: clips of one kind of sound."""
    rng = np.random.default_rng(seed)
    samples = 0.002 * rng.standard_normal(samples_for(FRAMES))
    for begin in rng.integers(0, len(samples) - RATE // 4, 4):
        size = int(rng.integers(RATE // 10, RATE // 4))
        time = np.arange(size) / RATE
        tone = np.sin(2 * np.pi * rng.uniform(400, 700) * time + 3 * rng.standard_normal(size))
        samples[begin : begin + size] += 0.3 * tone * np.exp(-12 * time)
    return samples


CLIPS = [barks(seed) for seed in range(12)]
PICTURES = np.stack([picture(clip) for clip in CLIPS])


def test_clips_of_one_kind_are_no_copies():
    assert most_alike(PICTURES[:6], PICTURES[6:]).max() < COPY - 0.05


def test_a_clip_is_its_own_copy():
    np.testing.assert_allclose(most_alike(PICTURES, PICTURES), 1, atol=1e-3)


@pytest.mark.parametrize("seconds", [-1.2, -0.37, 0.0, 0.53, 1.1])
@pytest.mark.parametrize("gain", [0.05, 1.0])
def test_copies_are_found_at_any_delay_and_level(seconds, gain):
    """Noise fills what the shift leaves empty; the copy is duller and has almost nothing above 6 kHz."""
    rng = np.random.default_rng(7)
    noise = 0.002 * rng.standard_normal(abs(round(seconds * RATE)))
    for clip in CLIPS[:4]:
        kept = clip[len(noise) :] if seconds < 0 else clip[: len(clip) - len(noise)]
        moved = np.concatenate([kept, noise] if seconds < 0 else [noise, kept])
        spectrum = np.fft.rfft(moved)
        hertz = np.fft.rfftfreq(len(moved), 1 / RATE)
        spectrum *= np.where(hertz > 6000, 1e-3, (np.maximum(hertz, 50) / 1000) ** -0.3)
        copy = picture(gain * np.fft.irfft(spectrum, len(moved)))
        assert most_alike(copy[None], PICTURES)[0] > COPY


def test_correlations_equal_those_of_a_slow_loop(monkeypatch):
    monkeypatch.setattr(overlap, "CLIPS_AT_ONCE", 2)
    rng = np.random.default_rng(3)
    clips, others = rng.normal(-6, 2, (3, 32, 128)), rng.normal(-6, 2, (2, 32, 128))
    others[0, :16] = clips[1, 16:]
    got = most_alike(clips, others)
    # The compared values, from their spectra back in the time domain.
    values = [np.fft.irfft(overlap._prepared(p)[0], 32, axis=1)[:, :16] for p in (clips, others)]
    for clip, best in zip(values[0], got, strict=True):
        expected = 0.0
        for other in values[1]:
            for delay in range(-15, 16):
                pairs = [(clip[t], other[t - delay]) for t in range(16) if 0 <= t - delay < 16]
                product = sum(float(a @ b) for a, b in pairs)
                own = max(sum(float(a @ a) for a, _ in pairs), overlap.LEAST_SHARE * float((clip**2).sum()))
                its = max(sum(float(b @ b) for _, b in pairs), overlap.LEAST_SHARE * float((other**2).sum()))
                expected = max(expected, product / np.sqrt(own * its))
        assert best == pytest.approx(expected, abs=1e-4)


def test_silence_is_like_nothing():
    silent = np.full((1, FRAMES, 128), -15.0)
    assert most_alike(silent, PICTURES)[0] == 0
    assert most_alike(PICTURES[:1], silent)[0] == 0
