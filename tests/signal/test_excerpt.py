"""The one rule for which part of a file is read: its loudest part."""

from __future__ import annotations

import json
import tempfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.signal.audio_files import lag_of, refusal, tone, wav_bytes, write_av
from tests.study.own_clips import accuracy_curve
from tpexplore import cli
from tpexplore.signal import excerpt
from tpexplore.signal.decode import SAMPLE_RATE, load_audio
from tpexplore.signal.excerpt import loudness_profile, read_excerpt
from tpexplore.study.labels import LabelledClip
from tpexplore.ui.choices import cached_model, model_choices
from tpexplore.ui.clips import excerpt_of


def quiet_but_for(seconds: float, at: float, rate: int = 16_000, length: float = 1.0) -> np.ndarray:
    samples = 0.001 * np.random.default_rng(0).standard_normal(round(seconds * rate))
    begin = round(at * rate)
    samples[begin : begin + round(length * rate)] += tone(rate, length)
    return samples.astype(np.float32)


def write_sparse(path: Path, seconds: int, at: int, rate: int = 16_000) -> Path:
    """Silence but for one second."""
    with path.open("wb") as file:
        file.write(wav_bytes(b"", rate=rate, claimed=seconds * rate * 2))
        file.truncate(44 + seconds * rate * 2)
        file.seek(44 + at * rate * 2)
        file.write(np.round(tone(rate, 1) * 32_767).astype("<i2").tobytes())
    return path


@pytest.mark.parametrize(
    ("name", "at"), [("a.wav", 2.0), ("a.wav", 36.0), ("a.mp3", 17.3), ("a.m4a", 36.0), ("a.webm", 31.0)]
)
def test_the_loudest_window_holds_the_sound_at_any_place(tmp_path: Path, name: str, at: float) -> None:
    rate = 48_000 if name == "a.webm" else 16_000
    path, samples = tmp_path / name, quiet_but_for(40, at, rate)
    encoders = {"a.m4a": ("aac", "ipod"), "a.webm": ("libopus", "webm"), "a.mp3": ("libmp3lame", "mp3")}
    if name in encoders:
        write_av(path, samples[:, None], rate, *encoders[name])
    else:
        soundfile.write(path, samples, rate)
    part = read_excerpt(path, 3.0)
    assert part.start == pytest.approx(at - 1, abs=0.1)
    assert len(part.samples) == 3 * SAMPLE_RATE
    end = part.start + 3
    expected = f"Showing the loudest 3.00 s ({part.start:.2f} to {end:.2f} s) of your 40.0"
    assert part.sentences[0].startswith(expected)
    assert part.longer


@pytest.mark.parametrize(("more", "longer"), [(0, False), (80, False), (400, True)])
def test_a_file_is_longer_by_the_same_rule_with_and_without_a_start(tmp_path, more, longer) -> None:
    path = tmp_path / "tone.wav"
    soundfile.write(path, 0.1 * np.sin(np.arange(16_000 + more)), 16_000)
    assert [read_excerpt(path, 1.0, start).longer for start in (None, 0.0)] == [longer, longer]


def test_short_files_are_searched_to_the_sample(tmp_path: Path) -> None:
    path, samples = tmp_path / "a.wav", quiet_but_for(9, 6.2)
    soundfile.write(path, samples, 16_000, subtype="FLOAT")
    for seconds in (0.5, 1.295, 5.135):
        window = round(seconds * SAMPLE_RATE)
        total = np.cumsum([0.0, *np.square(samples - samples.mean(dtype=float), dtype=float)])
        energy = total[window:] - total[:-window]
        loud = np.flatnonzero(energy >= 0.99 * energy.max())
        expected = (loud[0] + loud[-1]) // 2  # all of them lie side by side: there is one sound
        part = read_excerpt(path, seconds)
        assert part.start * SAMPLE_RATE == pytest.approx(expected, abs=1)
        assert np.array_equal(part.samples, load_audio(path, offset=part.start, duration=seconds))


def test_long_files_are_searched_to_10_ms_in_little_memory(tmp_path: Path) -> None:
    path = write_sparse(tmp_path / "long.wav", 3_000, at=2_900)
    loudness_profile(path)  # imports are not what is measured
    tracemalloc.start()
    profile = loudness_profile(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40_000_000  # its samples alone take 192 MB as floats
    assert (profile.seconds, profile.is_whole) == (3_000.0, True)
    assert profile.loudest(2.0) == pytest.approx(2_899.5, abs=0.02)
    assert profile.loudest(10.0) == pytest.approx(2_895.5, abs=0.02)


def test_both_ways_to_search_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    samples = random.standard_normal(30 * 16_000) * np.repeat(random.uniform(0, 0.1, 300), 1_600) + 0.2
    path = tmp_path / "a.wav"
    soundfile.write(path, samples, 16_000, subtype="FLOAT")
    exact = loudness_profile(path)
    monkeypatch.setattr(excerpt, "_EXACT_SECONDS", 7.0)
    coarse = loudness_profile(path)
    for seconds in (1.0, 5.135, 10.0):
        assert coarse.loudest(seconds) == pytest.approx(exact.loudest(seconds), abs=0.02)


def test_beyond_the_first_hour_nothing_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excerpt, "SEARCHED_SECONDS", 20.0)
    path = tmp_path / "a.wav"
    soundfile.write(path, quiet_but_for(40, 30) + quiet_but_for(40, 10) * 0.5, 16_000)
    part = read_excerpt(path, 3.0)
    assert part.start == pytest.approx(9, abs=0.1)
    assert part.sentences[0].endswith("of the first hour.")


def test_what_is_no_sound_is_not_chosen(tmp_path: Path) -> None:
    """NaN, and a constant offset; channels that cancel out are heard."""
    samples = quiet_but_for(30, 22)
    samples[5 * 16_000] = np.nan
    samples[9 * 16_000 : 9 * 16_000 + 10] = 1e30
    path = tmp_path / "a.wav"
    soundfile.write(path, samples + 0.25, 16_000, subtype="FLOAT")
    assert read_excerpt(path, 2.0).start == pytest.approx(21.5, abs=0.1)
    soundfile.write(path, np.stack([samples, -samples], axis=1), 16_000, subtype="FLOAT")
    part = read_excerpt(path, 2.0)
    assert part.start == pytest.approx(21.5, abs=0.1)
    assert np.isfinite(part.samples).all()


def test_a_file_that_is_nothing_but_nan_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.full(160_000, np.nan), 16_000, subtype="FLOAT")
    assert "NaN" in refusal(read_excerpt, path, 2.0)


def test_app_command_line_and_own_data_read_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, quiet_but_for(25, 19.4), 16_000)
    choice = next(entry for entry in model_choices() if entry.source == "ast-spc12")
    part = excerpt_of(path, choice)
    assert part.start == pytest.approx(19.25, abs=0.1)
    assert cli.main(["explore", str(path), "--model", "ast-spc12", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["notes"] == list(part.sentences)
    model = cached_model(choice)
    read = []
    monkeypatch.setattr(
        "tpexplore.study.own_data.read_excerpt", lambda *args: read.append(read_excerpt(*args)) or read[-1]
    )
    accuracy_curve(model, [LabelledClip(path, "a.wav", "zero", 0)], keep_rates=[1.0])
    assert lag_of(read[0].samples, part.samples) == 0
    assert read[0].start == part.start


def test_levels_are_the_root_mean_squares_of_equal_stretches(tmp_path):
    samples = np.repeat([0.1, 0.4, 0.2, 0.0], 4000) * np.tile([1, -1], 8000)
    soundfile.write(tmp_path / "steps.wav", samples + 0.3, 16_000)  # an offset is not sound
    levels = loudness_profile(tmp_path / "steps.wav").levels(4)
    assert levels == pytest.approx([0.25, 1.0, 0.5, 0.0], abs=2e-3)
    soundfile.write(tmp_path / "none.wav", np.zeros(100), 16_000)
    assert not loudness_profile(tmp_path / "none.wav").levels(600).any()


# --- the loudest window --------------------------------------------------------------------------


def loudest_start(samples: np.ndarray, window: int) -> int:
    """First sample of the loudest window of a file that holds the samples."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.wav")
        soundfile.write(path, samples, SAMPLE_RATE, subtype="FLOAT")
        return round(loudness_profile(path).loudest(window / SAMPLE_RATE) * SAMPLE_RATE)


def test_a_sound_is_put_in_the_middle_of_the_window() -> None:
    for begin in (3_000, 10_000, 15_000):
        samples = np.zeros(20_000, np.float32)
        samples[begin : begin + 1_000] = tone(16_000, 1)[:1_000]
        start = loudest_start(samples, 4_000)
        assert start == pytest.approx(begin + 500 - 2_000, abs=20)


def test_faint_noise_does_not_push_a_sound_to_the_edge() -> None:
    samples = 0.002 * np.random.default_rng(0).standard_normal(20_000)
    samples[8_000:9_000] += tone(16_000, 1)[:1_000]
    assert loudest_start(samples, 4_000) == pytest.approx(8_500 - 2_000, abs=20)


def test_a_sound_at_either_end_stays_inside() -> None:
    samples = np.zeros(20_000)
    samples[:500] = tone(16_000, 1)[:500]
    assert 0 <= loudest_start(samples, 4_000) <= 10
    assert 15_990 <= loudest_start(samples[::-1], 4_000) <= 16_000


def test_the_louder_of_two_sounds_is_chosen() -> None:
    samples = np.zeros(40_000)
    samples[5_000:6_000] = tone(16_000, 1)[:1_000]
    samples[30_000:31_000] = 1.1 * tone(16_000, 1)[:1_000]
    start = loudest_start(samples, 4_000)
    assert start <= 30_000
    assert start + 4_000 >= 31_000


@pytest.mark.parametrize("seed", range(5))
def test_the_window_has_the_highest_energy_within_one_per_cent(seed: int) -> None:
    random = np.random.default_rng(seed)
    samples = random.standard_normal(2_000) * random.uniform(0, 1, 2_000).repeat(1)
    samples *= np.repeat(random.uniform(0, 1, 20), 100)
    samples -= samples.mean()
    energy = [np.sum(samples[i : i + 300] ** 2) for i in range(1_701)]
    assert energy[loudest_start(samples, 300)] >= 0.99 * max(energy)


def test_an_even_clip_is_cut_in_its_middle() -> None:
    assert loudest_start(np.tile([1.0, -1.0], 5_000), 4_000) == pytest.approx(3_000, abs=50)
    assert loudest_start(np.zeros(10_000), 4_000) == 3_000


def test_a_constant_offset_is_not_taken_for_sound() -> None:
    samples = np.zeros(20_000)
    samples[2_000:3_000] = 0.1 * tone(16_000, 1)[:1_000]
    assert loudest_start(samples + 0.5, 4_000) == loudest_start(samples, 4_000)


@pytest.mark.parametrize("window", [100, 101, 10**9])
def test_a_clip_not_longer_than_the_window_begins_at_0(window: int) -> None:
    assert loudest_start(np.random.default_rng(0).standard_normal(100), window) == 0
