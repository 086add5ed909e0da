"""Sound at any rate as sound at 16 kHz: against scipy, tones at the edge, edges and lengths."""

import numpy as np
import pytest
import scipy.signal

from tpexplore.signal.resampling import Resampler, resample

RATES = (8_000, 11_025, 22_050, 32_000, 44_100, 48_000, 96_000, 192_000)


def level(tone: float, rate: int) -> float:
    """Level in dB of a tone of amplitude 1 after resampling."""
    at = np.arange(2 * rate) / rate
    out = resample(np.sin(2 * np.pi * tone * at).astype(np.float32), rate)
    middle = out[4_000:-4_000].astype(float)
    return 10 * np.log10(2 * np.mean(np.square(middle)) + 1e-30)


@pytest.mark.parametrize("rate", [32_000, 44_100, 48_000, 96_000])
def test_what_sound_at_16_khz_can_hold_is_kept_and_the_rest_is_not(rate):
    for tone in (100, 3_000, 7_400, 7_700, 7_850):
        assert level(tone, rate) == pytest.approx(0, abs=0.05), tone
    for tone in (8_100, 9_000, 12_000):
        assert level(tone, rate) < -75, tone


@pytest.mark.parametrize("rate", RATES)
def test_below_the_edge_it_is_what_scipy_makes_of_it(rate):
    rng = np.random.default_rng(0)
    spectrum = np.fft.rfft(rng.standard_normal(rate))
    spectrum[min(rate // 2, 7_000) * 9 // 10 :] = 0  # in steps of 1 Hz
    sound = np.fft.irfft(spectrum, rate).astype(np.float32)
    expected = scipy.signal.resample(sound.astype(float), 16_000)  # exact: the second repeats
    out = resample(sound, rate)
    assert len(out) == 16_000 and out.dtype == np.float32
    error = (out - expected)[2_000:-2_000]
    assert np.sqrt(np.mean(np.square(error))) < 1e-3 * np.std(expected)


@pytest.mark.parametrize("rate", RATES)
def test_lengths_are_those_of_the_same_time(rate):
    for count in (1, 7, 100, 1_001, rate + 1):
        out = resample(np.ones(count, np.float32), rate)
        assert abs(len(out) - count * 16_000 / rate) <= 1
        assert np.isfinite(out).all()


def test_sound_at_16_khz_stays_as_it_is_and_silence_silent():
    sound = np.random.default_rng(1).standard_normal(5_000).astype(np.float32)
    assert resample(sound, 16_000) is sound
    assert not resample(np.zeros(44_100, np.float32), 44_100).any()


@pytest.mark.parametrize("rate", [16_000, *RATES])
def test_pieces_give_what_the_whole_gives(rate):
    rng = np.random.default_rng(2)
    sound = rng.standard_normal(2 * rate + 17).astype(np.float32)
    edges = np.sort(rng.integers(0, len(sound), 30))
    resampler = Resampler(rate)
    pieces = [resampler.add(piece) for piece in np.split(sound, edges)]
    came = sum(map(len, pieces))
    pieces.append(resampler.add(sound[:0], last=True))
    whole = resample(sound, rate)
    np.testing.assert_allclose(np.concatenate(pieces), whole, rtol=0, atol=1e-5)
    assert len(whole) - came <= 0.09 * 16_000  # what is still in the filters
