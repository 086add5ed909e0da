"""Mixtures: what changes in a sound, what stays, and which clips they are made from."""

from __future__ import annotations

import shutil
import sys

import numpy as np
import pytest
import soundfile

from tpexplore.errors import InputError
from training import make_mixtures
from training.data import mixtures
from training.data.cache import cache_features
from training.data.clip_files import NOTE, PEAKS
from training.data.datasets import load_dataset
from training.system.lock import lock_folder

RATE = 16_000
FRAMES = 128


def tone(hertz: float, seconds: float = 2.0) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE).astype(np.float32)


def loudest_hertz(samples: np.ndarray) -> float:
    return float(np.abs(np.fft.rfft(samples)).argmax() * RATE / len(samples))


@pytest.mark.parametrize("number", range(12))
def test_pitch_and_length_change_by_the_same_factor(number):
    sound = mixtures.changed(np.random.default_rng(number), tone(1000))
    speed = 2 * RATE / len(sound)
    assert 1 / mixtures.SPEED <= speed <= mixtures.SPEED
    assert loudest_hertz(sound) == pytest.approx(1000 * speed, abs=2)


def test_speeds_reach_both_ends():
    lengths = [len(mixtures.changed(np.random.default_rng(n), tone(1000, 0.1))) for n in range(200)]
    assert min(lengths) < 0.1 * RATE / 1.25 and max(lengths) > 0.1 * RATE * 1.25


@pytest.mark.parametrize("db", [-3.0, 0.0, 3.0])
def test_the_tilt_is_in_decibels_an_octave(monkeypatch, db):
    monkeypatch.setattr(mixtures, "SPEED", 1.0)
    noise = np.random.default_rng(0).standard_normal(8 * RATE).astype(np.float32)

    class Drawn:
        def uniform(self, low, high):
            return db if high == mixtures.TILT_DB else 0.0

    sound = mixtures.changed(Drawn(), noise)
    power = np.abs(np.fft.rfft(sound)) ** 2
    octaves = [np.mean(power[8 * low : 16 * low]) for low in (250, 500, 1000, 2000)]
    np.testing.assert_allclose(np.diff(10 * np.log10(octaves)), db, atol=0.3)


def test_a_room_keeps_the_direct_sound_and_its_echoes_die_away():
    click = np.zeros(RATE, np.float32)
    click[0] = 1
    for number in range(20):
        heard = mixtures.in_a_room(np.random.default_rng(number), click)
        assert len(heard) == RATE and heard[0] == pytest.approx(1, abs=1e-4)
        echoes = heard[1:] ** 2
        last = np.flatnonzero(echoes > 1e-12)[-1] + 1
        seconds = last / RATE
        assert seconds <= mixtures.DECAY[1]
        assert 0.005 < echoes.sum() < 1.1
        # Half of the decay is 30 dB.
        begin, middle = echoes[: last // 8].mean(), echoes[last // 2 : last // 2 + last // 8].mean()
        assert 10 * np.log10(begin / middle) == pytest.approx(30, abs=3)


@pytest.mark.parametrize("seconds", [0.01, 0.5, 1.3, 9.0])
def test_a_mixture_has_its_length_and_level(seconds):
    noise = np.random.default_rng(3).standard_normal(round(seconds * RATE)).astype(np.float32)
    for number in range(30):
        clip, again = (
            mixtures.mixture(np.random.default_rng(number), [[lambda: noise]], 20_000) for _ in range(2)
        )
        assert clip.dtype == np.float32 and len(clip) == 20_000
        assert PEAKS[0] - 1e-6 <= np.abs(clip).max() <= PEAKS[1]
        np.testing.assert_array_equal(clip, again)


def test_silent_clips_make_a_silent_mixture():
    clip = mixtures.mixture(np.random.default_rng(0), [[lambda: np.zeros(100, np.float32)]], 1000)
    assert not clip.any()


def test_one_to_three_sounds_are_heard_and_datasets_equally_often():
    heard = {"small": 0, "large": 0}
    numbers = []

    def sound(dataset: str) -> np.ndarray:
        heard[dataset] += 1
        return tone(400, 0.1)

    datasets = [[lambda: sound("small")], [lambda: sound("large")] * 50]
    for number in range(400):
        before = sum(heard.values())
        mixtures.mixture(np.random.default_rng(number), datasets, 2000)
        numbers.append(sum(heard.values()) - before)
    shares = np.bincount(numbers, minlength=4)[1:] / 400
    np.testing.assert_allclose(shares, mixtures.SOUNDS, atol=0.08)
    assert heard["small"] == pytest.approx(heard["large"], rel=0.15)


@pytest.fixture
def labelled(tmp_path):
    """Two classes of tones below 1 kHz to train on, and of tones near 5 kHz to test on."""
    root = tmp_path / "tones"
    for split, base in (("train", 300), ("test", 5000)):
        for number, label in enumerate(("low", "high")):
            folder = root / split / label
            folder.mkdir(parents=True)
            for take in range(2):
                wave = 0.5 * tone(base + 200 * number + 20 * take, 1.0)
                soundfile.write(folder / f"{split}{number}{take}.wav", wave, RATE)
    features = cache_features(load_dataset("folders", root, frames=FRAMES), tmp_path / "features", workers=1)
    return features, root


def run(monkeypatch, *words) -> None:
    monkeypatch.setattr(sys, "argv", ["training.make_mixtures", *map(str, words)])
    make_mixtures.main()


def test_mixtures_hold_training_clips_only_and_go_on_after_a_stop(labelled, tmp_path, monkeypatch, capsys):
    out = tmp_path / "mixed"
    run(monkeypatch, out, "--of", *labelled, "--clips", 12)
    assert "tones" in capsys.readouterr().out  # the attribution
    clips = sorted(out.iterdir())
    clips = [clip for clip in clips if clip.suffix == ".flac"]
    assert [clip.name for clip in clips] == [f"mixed{number:06d}.flac" for number in range(12)]
    for clip in clips:
        samples, rate = soundfile.read(clip)
        assert (rate, len(samples)) == (RATE, 20_720)  # what 128 frames are computed from
        power = np.abs(np.fft.rfft(samples)) ** 2
        hertz = np.fft.rfftfreq(len(samples), 1 / RATE)
        assert power[hertz > 3000].sum() < 0.02 * power.sum()
    written, content = clips[0].stat().st_mtime_ns, clips[1].read_bytes()
    clips[1].unlink()
    run(monkeypatch, out, "--of", *labelled, "--clips", 12)
    assert clips[0].stat().st_mtime_ns == written and clips[1].read_bytes() == content


def test_features_of_several_lengths_end_in_a_sentence(labelled, tmp_path, monkeypatch):
    features, root = labelled
    longer = cache_features(load_dataset("folders", root, frames=256), tmp_path / "longer", workers=1)
    with pytest.raises(InputError, match=r"have \[128, 256\] frames"):
        run(monkeypatch, tmp_path / "mixed", "--of", features, root, "--of", longer, root)


def test_clips_of_other_sounds_do_not_mix_with_existing_ones(labelled, tmp_path, monkeypatch):
    """Each clip would stay as it is, and the printed attribution would name the wrong dataset."""
    _, root = labelled
    out = tmp_path / "mixed"
    run(monkeypatch, out, "--of", *labelled, "--clips", 1)
    for number in range(2):
        soundfile.write(root / "train" / "low" / f"train0{number}.wav", tone(700), RATE)
    other = cache_features(load_dataset("folders", root, frames=FRAMES), tmp_path / "features", workers=1)
    with pytest.raises(InputError, match="mixed were made of something else"):
        run(monkeypatch, out, "--of", other, root, "--clips", 2)
    (out / NOTE).unlink()  # as an earlier version left it
    run(monkeypatch, out, "--of", other, root, "--clips", 2)
    (out / NOTE).write_text("{")
    with pytest.raises(InputError, match="mixed were made of something else"):
        run(monkeypatch, out, "--of", other, root, "--clips", 2)


def test_one_process_at_a_time_makes_clips_in_a_folder(labelled, tmp_path, monkeypatch):
    lock = lock_folder(tmp_path / "mixed")
    with pytest.raises(InputError, match="Another process is working in"):
        run(monkeypatch, tmp_path / "mixed", "--of", *labelled, "--clips", 1)
    lock.release()


def test_the_current_folder_has_a_name_too(labelled, tmp_path, monkeypatch):
    (tmp_path / "mixed").mkdir()
    monkeypatch.chdir(tmp_path / "mixed")
    run(monkeypatch, ".", "--of", *labelled, "--clips", 1)
    assert (tmp_path / "mixed" / "mixed000000.flac").is_file()


def test_clips_in_a_hidden_folder_are_not_hidden(labelled, tmp_path, monkeypatch):
    """A dataset that is read from the folder leaves out names that begin with a dot."""
    run(monkeypatch, tmp_path / ".mixed", "--of", *labelled, "--clips", 1)
    assert (tmp_path / ".mixed" / "mixed000000.flac").is_file()


def test_features_named_twice_end_in_a_sentence(labelled, tmp_path, monkeypatch):
    features, root = labelled
    copy = shutil.copytree(features, tmp_path / "copy")
    for again in (features, copy):
        with pytest.raises(InputError, match="are named twice"):
            run(monkeypatch, tmp_path / "mixed", "--of", features, root, "--of", again, root)


def test_missing_sound_is_reported_before_any_work(labelled, tmp_path, monkeypatch):
    features, root = labelled
    next((root / "train" / "high").iterdir()).unlink()
    with pytest.raises(InputError, match="is not in the audio folder"):
        run(monkeypatch, tmp_path / "mixed", "--of", features, root, "--clips", 1)
    assert not (tmp_path / "mixed").exists()


@pytest.mark.parametrize("place", ["file", "file/mixed", "x" * 300])
def test_an_unusable_place_is_reported_before_any_clip_is_made(labelled, tmp_path, monkeypatch, place):
    (tmp_path / "file").write_text("text")
    monkeypatch.setattr(make_mixtures, "mixture", lambda *_, **__: pytest.fail("a clip was made"))
    with pytest.raises(OSError):
        run(monkeypatch, tmp_path / place, "--of", *labelled)
