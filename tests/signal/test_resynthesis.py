"""What is kept and what is removed, as audio: sums, selectivity, edges, level."""

import math

import numpy as np
import pytest
import torch

from tests.signal.listening import listen_tracks, resynthesise
from tpexplore.errors import InputError
from tpexplore.signal.resynthesis import patch_gains
from tpexplore.signal.spectrogram import log_mel, samples_for

FRAMES = 128
SAMPLES = 400 + 127 * 160
PATCHES = 64
COLUMN, ROW = np.divmod(np.arange(PATCHES), 8)
SECONDS = np.arange(SAMPLES) / 16_000


def mel(hertz):
    return 1127 * np.log(1 + np.asarray(hertz) / 700)


LOWEST, HIGHEST = mel(20), mel(8000)
STEP = (HIGHEST - LOWEST) / 129
"""Distance in mel between the centres of neighbouring filters; filter i (from 1) is at LOWEST + i STEP."""


def row_centre(row: int) -> float:
    """Hz in the middle of the 16 filters of a patch row."""
    return 700 * math.expm1((LOWEST + (16 * row + 8.5) * STEP) / 1127)


def tone(hertz: float) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * SECONDS)).astype(np.float32)


def click(sample: int) -> np.ndarray:
    wave = np.zeros(SAMPLES, np.float32)
    wave[sample] = 0.9
    return wave


def noise(samples: int = SAMPLES) -> np.ndarray:
    return (0.2 * np.random.default_rng(0).standard_normal(samples)).astype(np.float32)


def speech_like() -> np.ndarray:
    """A buzzing voice whose pitch glides and whose loudness follows syllables."""
    phase = 2 * np.pi * (120 * SECONDS + 15 * np.sin(2 * np.pi * 1.5 * SECONDS))
    voice = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 40))
    return (0.3 * voice * np.sin(2 * np.pi * 2 * SECONDS) ** 2).astype(np.float32)


def clicks() -> np.ndarray:
    wave = np.zeros(SAMPLES, np.float32)
    wave[::997] = 0.8
    return wave


SOUNDS = {"noise": noise, "speech-like": speech_like, "clicks": clicks, "tone": lambda: tone(440)}
MAPS = {
    "random": np.random.default_rng(1).random(PATCHES) < 0.5,
    "columns": COLUMN % 2 == 0,
    "rows": ROW % 2 == 0,
    "checkerboard": (COLUMN + ROW) % 2 == 0,
    "one patch": np.arange(PATCHES) == 27,
}


def decibels(part: np.ndarray, whole: np.ndarray) -> float:
    """Energy of a part relative to that of the whole."""
    energy, reference = (np.square(wave, dtype=np.float64).sum() for wave in (part, whole))
    return 10 * math.log10(energy / reference) if energy else -math.inf


def audible(wave: np.ndarray) -> np.ndarray:
    """Spectrum from 20 Hz to 8 kHz."""
    spectrum = np.fft.rfft(wave.astype(np.float64))
    return np.abs(spectrum[np.fft.rfftfreq(len(wave), 1 / 16_000) >= 20])


@pytest.mark.parametrize("frames", [16, 128, 512, 1008])
def test_gains_of_complementary_maps_add_up_exactly(frames):
    kept = np.random.default_rng(2).random(frames // 2) < 0.4
    gains = patch_gains(kept, frames)
    assert gains.shape == (257, 1 + samples_for(frames) // 128)
    assert gains.dtype == np.float32
    assert gains.min() == 0
    assert gains.max() == 1
    np.testing.assert_array_equal(patch_gains(~kept, frames), 1 - gains)
    np.testing.assert_array_equal(patch_gains(torch.from_numpy(kept), frames), gains)


def test_single_patches_share_every_point_of_the_transform():
    gains = np.stack([patch_gains(np.arange(PATCHES) == patch, FRAMES) for patch in range(PATCHES)])
    np.testing.assert_array_equal(gains.sum(axis=0), 1)
    # Only neighbours overlap: two rows by two columns at most.
    assert (gains > 0).sum(axis=0).max() == 4


def test_rows_follow_the_triangles_of_the_filter_bank():
    bins = mel(np.arange(1, 256) * 31.25)
    centres = LOWEST + STEP * np.arange(1, 129)
    triangles = np.maximum(0, 1 - np.abs(bins - centres[:, None]) / STEP)
    for row in range(8):
        share = triangles[16 * row : 16 * row + 16].sum(axis=0) / triangles.sum(axis=0)
        gains = patch_gains(row == ROW, FRAMES)
        np.testing.assert_array_equal(gains, np.repeat(gains[:, :1], gains.shape[1], axis=1))
        np.testing.assert_allclose(gains[1:256, 0], share, atol=5e-4)
    assert (patch_gains(ROW == 0, FRAMES)[0] == 1).all()
    assert (patch_gains(ROW == 7, FRAMES)[256] == 1).all()


def test_columns_meet_halfway_between_frames_and_fade_in_25_ms():
    gains = patch_gains(COLUMN == 3, FRAMES)
    np.testing.assert_array_equal(gains, np.repeat(gains[:1], 257, axis=0))
    centre = 128 * np.arange(gains.shape[1])
    start, end = 160 * 47.5 + 200, 160 * 63.5 + 200  # frame i is centred at 160 i + 200
    assert (gains[0, (centre > start + 200) & (centre < end - 200)] == 1).all()
    assert (gains[0, (centre < start - 200) | (centre > end + 200)] == 0).all()
    fading = np.abs(centre - start) < 200
    raised_cosine = 0.5 + 0.5 * np.sin(np.pi * (centre[fading] - start) / 400)
    assert fading.sum() >= 3
    np.testing.assert_allclose(gains[0, fading], raised_cosine, atol=5e-4)
    # The first and the last column reach to the ends.
    assert (patch_gains(COLUMN == 0, FRAMES)[:, 0] == 1).all()
    assert (patch_gains(COLUMN == 7, FRAMES)[:, -1] == 1).all()


@pytest.mark.parametrize("kept", MAPS.values(), ids=MAPS)
@pytest.mark.parametrize("sound", SOUNDS.values(), ids=SOUNDS)
def test_kept_and_removed_add_up(sound, kept):
    wave = sound()
    kept_audio, removed_audio = resynthesise(wave, kept, FRAMES)
    assert kept_audio.dtype == removed_audio.dtype == np.float32
    assert decibels(audible(kept_audio + removed_audio - wave), audible(wave)) < -50
    # What is removed is no mere remainder: it is what keeping the complement keeps.
    complement, _ = resynthesise(wave, ~kept, FRAMES)
    assert decibels(audible(complement - removed_audio), audible(wave)) < -50


@pytest.mark.parametrize("sound", SOUNDS.values(), ids=SOUNDS)
def test_all_and_nothing(sound):
    wave = sound() + np.float32(0.01)
    everything = np.ones(PATCHES, bool)
    kept, removed = resynthesise(wave, everything, FRAMES)
    np.testing.assert_array_equal(kept, wave)
    assert not removed.any()
    kept, removed = resynthesise(wave, ~everything, FRAMES)
    assert not kept.any()
    np.testing.assert_allclose(removed, wave - wave.mean(), atol=1e-6)


def test_the_mean_that_the_model_never_hears_is_not_removed():
    wave = noise() + np.float32(0.1)
    kept, removed = resynthesise(wave, MAPS["columns"], FRAMES)
    plain_kept, plain_removed = resynthesise(noise(), MAPS["columns"], FRAMES)
    np.testing.assert_allclose(removed, plain_removed, atol=1e-5)
    np.testing.assert_allclose(kept, plain_kept + 0.1, atol=1e-5)


@pytest.mark.parametrize("row", range(8))
def test_a_tone_follows_its_row(row):
    wave = tone(row_centre(row))
    for other in range(8):
        alone, rest = resynthesise(wave, other == ROW, FRAMES)
        if other == row:
            assert -1 < decibels(alone, wave) < 0.1
            assert decibels(rest, wave) < -20
        else:
            assert decibels(alone, wave) < -20
            assert -1 < decibels(rest, wave) < 0.1


@pytest.mark.parametrize("column", range(8))
def test_a_click_follows_its_column(column):
    wave = click(200 + 160 * 16 * column + 160 * 8)
    for other in range(8):
        alone, rest = resynthesise(wave, other == COLUMN, FRAMES)
        present, absent = (alone, rest) if other == column else (rest, alone)
        assert -1 < decibels(present, wave) < 0.1
        assert decibels(absent, wave) < -30


def test_the_front_end_finds_a_kept_patch_where_it_was():
    wave = noise()
    to_decibels = 10 / math.log(10)
    before = log_mel(wave).numpy() * to_decibels
    for column, row in [(0, 0), (0, 7), (3, 2), (4, 5), (7, 0), (7, 7)]:
        kept, removed = resynthesise(wave, (column == COLUMN) & (row == ROW), FRAMES)
        kept_change = (log_mel(kept).numpy() * to_decibels - before).reshape(8, 16, 8, 16)
        removed_change = (log_mel(removed).numpy() * to_decibels - before).reshape(8, 16, 8, 16)
        inner = np.s_[column, 3:13, row, 3:13]
        assert abs(np.median(kept_change[inner])) < 1
        assert np.median(removed_change[inner]) < -20
        apart = (np.abs(column - COLUMN) > 1) | (np.abs(row - ROW) > 1)
        medians = np.median(kept_change, axis=(1, 3)).ravel()
        assert medians[apart].max() < -20
        medians = np.median(removed_change, axis=(1, 3)).ravel()
        assert np.abs(medians[apart]).max() < 1


@pytest.mark.parametrize("kept", MAPS.values(), ids=MAPS)
@pytest.mark.parametrize("hertz", [60, 150, 440, 2000])
def test_masks_make_no_clicks(hertz, kept):
    wave = tone(hertz)
    largest_step = np.abs(np.diff(wave)).max()
    for part in resynthesise(wave, kept, FRAMES):
        # At the ends the tone turns into its mirror image; turning into zeros there gave steps of 2 to 8.
        assert np.abs(np.diff(part)).max() < 1.5 * largest_step
        assert np.abs(np.diff(part[600:-600])).max() < 1.02 * largest_step


def test_tracks_are_aligned_and_named_by_stage():
    wave = noise()
    maps = {10: MAPS["one patch"], 4: MAPS["random"] | MAPS["one patch"]}
    tracks = listen_tracks(wave, maps, FRAMES)
    assert list(tracks) == ["original", "kept 4", "removed 4", "kept 10", "removed 10"]
    np.testing.assert_array_equal(tracks["original"], wave)
    for stage, kept in maps.items():
        kept_audio, removed_audio = resynthesise(wave, kept, FRAMES)
        np.testing.assert_allclose(tracks[f"kept {stage}"], kept_audio, atol=1e-6)
        np.testing.assert_allclose(tracks[f"removed {stage}"], removed_audio, atol=1e-6)
    assert {(track.shape, track.dtype) for track in tracks.values()} == {(wave.shape, wave.dtype)}


def test_without_pruning_there_is_the_original_alone():
    tracks = listen_tracks(noise(), {}, FRAMES)
    assert list(tracks) == ["original"]


@pytest.mark.parametrize("peak", [0.5, 1.0, 1.7])
def test_one_gain_keeps_all_tracks_within_full_scale(peak):
    # A square wave without some of its harmonics peaks above it.
    wave = (peak * np.sign(np.sin(2 * np.pi * 110 * SECONDS + 0.1))).astype(np.float32)
    parts = {stage: resynthesise(wave, MAPS[name], FRAMES) for stage, name in ((4, "rows"), (7, "random"))}
    largest = max(np.abs(part).max() for pair in parts.values() for part in pair)
    assert largest > 1.2 * peak
    tracks = listen_tracks(wave, {4: MAPS["rows"], 7: MAPS["random"]}, FRAMES)
    gain = min(1, 1 / largest)
    assert max(np.abs(track).max() for track in tracks.values()) <= 1
    np.testing.assert_allclose(tracks["original"], gain * wave, rtol=1e-5)
    for stage, (kept, removed) in parts.items():
        np.testing.assert_allclose(tracks[f"kept {stage}"], gain * kept, atol=1e-5)
        np.testing.assert_allclose(tracks[f"removed {stage}"], gain * removed, atol=1e-5)


@pytest.mark.parametrize("samples", [1, 2, 10, 128, 400, 4800])
def test_short_clips(samples):
    wave = noise(samples)
    kept, removed = resynthesise(wave, MAPS["checkerboard"], FRAMES)
    assert kept.shape == removed.shape == (samples,)
    np.testing.assert_allclose(kept + removed, wave, atol=1e-5)
    in_the_padding = resynthesise(wave, COLUMN >= 4, FRAMES)[0]
    np.testing.assert_allclose(in_the_padding, wave.mean(), atol=1e-5)


def test_nothing_after_the_last_frame_is_heard():
    wave = noise(3 * SAMPLES)
    louder = wave.copy()
    louder[SAMPLES:] *= 4
    for part, same in zip(
        resynthesise(wave, MAPS["random"], FRAMES),
        resynthesise(louder, MAPS["random"], FRAMES),
        strict=True,
    ):
        assert part.shape == (SAMPLES,)
        np.testing.assert_array_equal(part, same)
    assert listen_tracks(wave, {4: MAPS["random"]}, FRAMES)["original"].shape == (SAMPLES,)


@pytest.mark.parametrize("level", [0.0, 0.25, 1e-30])
def test_silence_stays_silent(level):
    wave = np.full(SAMPLES, level, np.float32)
    tracks = listen_tracks(wave, {4: MAPS["random"], 7: np.zeros(PATCHES, bool)}, FRAMES)
    np.testing.assert_allclose(tracks["kept 4"], wave, atol=1e-6)
    for name in ("removed 4", "kept 7", "removed 7"):
        np.testing.assert_allclose(tracks[name], 0, atol=1e-6)


def test_same_input_same_samples_and_untouched_input():
    wave, kept = noise(), MAPS["random"].copy()
    tracks = [listen_tracks(wave, {4: kept}, FRAMES) for _ in range(2)]
    for name, track in tracks[0].items():
        np.testing.assert_array_equal(track, tracks[1][name])
        track += 1  # the caller's own copy
    np.testing.assert_array_equal(wave, noise())
    np.testing.assert_array_equal(kept, MAPS["random"])


@pytest.mark.parametrize(
    ("wave", "message"),
    [
        (np.zeros((2, 1600), np.float32), r"shape \(2, 1600\); expected \(samples,\)"),
        (np.zeros(0, np.float32), r"shape \(0,\); expected"),
        (np.zeros(1600, np.int16), "dtype int16; expected floats"),
        (np.array([0.0, np.nan], np.float32), "NaN or infinite values; expected"),
        (np.array([0.0, np.inf], np.float32), "NaN or infinite values; expected"),
    ],
)
def test_unusable_clips_are_refused(wave, message):
    with pytest.raises(InputError, match=message):
        resynthesise(wave, MAPS["random"], FRAMES)
    with pytest.raises(InputError, match=message):
        listen_tracks(wave, {4: MAPS["random"]}, FRAMES)


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        (np.ones(63, bool), r"shape \(63,\) and dtype bool; expected \(64,\)"),
        (np.ones((8, 8), bool), r"shape \(8, 8\)"),
        (np.arange(64), "dtype int64; expected .* bool"),
    ],
)
def test_unusable_maps_are_refused(kept, message):
    for call in (
        lambda: patch_gains(kept, FRAMES),
        lambda: resynthesise(noise(), kept, FRAMES),
        lambda: listen_tracks(noise(), {4: MAPS["random"], 7: kept}, FRAMES),
    ):
        with pytest.raises(InputError, match=message):
            call()


@pytest.mark.parametrize("frames", [0, -16, 100, 128.0, None])
def test_unusable_frames_are_refused(frames):
    with pytest.raises(InputError, match=f"frames = {frames}; expected a positive multiple of 16"):
        resynthesise(noise(), MAPS["random"], frames)


def test_seven_tracks_take_one_transform_and_one_inverse(monkeypatch):
    """What they cost; seconds would depend on the machine."""
    wave = noise(samples_for(512))
    generator = np.random.default_rng(3)
    maps = {stage: generator.random(256) < rate for stage, rate in ((4, 0.7), (7, 0.49), (10, 0.34))}
    calls = []

    def counted(name):
        inner = getattr(torch, name)

        def call(*arguments, **options):
            calls.append(name)
            return inner(*arguments, **options)

        return call

    for name in ("stft", "istft"):
        monkeypatch.setattr(torch, name, counted(name))
    assert len(listen_tracks(wave, maps, 512)) == 7
    assert calls == ["stft", "istft"]
