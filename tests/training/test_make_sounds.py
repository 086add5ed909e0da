"""Sounds made by programs: the score, and the output of fluidsynth and espeak-ng if installed."""

from __future__ import annotations

import shutil
import sys

import numpy as np
import pytest
import soundfile

from tpexplore.errors import InputError
from training import make_sounds
from training.data import rendered
from training.data.clip_files import PEAKS


@pytest.mark.parametrize("number", range(20))
def test_a_score_lasts_for_the_clip_and_keeps_to_one_scale(number):
    score = rendered.draw_music(np.random.default_rng(number))
    again = rendered.draw_music(np.random.default_rng(number))
    assert [str(message) for message in score] == [str(message) for message in again]
    notes = [message for track in score.tracks for message in track if message.type == "note_on"]
    assert notes and score.length == pytest.approx(rendered.SECONDS, abs=5)
    assert {n.note for n in notes if n.channel == rendered.DRUMS} <= set(rendered.DRUM_KEYS)
    tones = {n.note % 12 for n in notes if n.channel != rendered.DRUMS}
    assert not tones or any(
        tones <= {(root + step) % 12 for step in scale} for scale in rendered.SCALES for root in range(12)
    )
    sounding: dict = {}
    for message in score:
        if message.type in ("note_on", "note_off"):
            sounding[message.channel, message.note] = message.type == "note_on"
    assert not any(sounding.values())  # no note is left hanging


def run(monkeypatch, *words) -> None:
    monkeypatch.setattr(sys, "argv", ["training.make_sounds", *map(str, words)])
    make_sounds.main()


def test_missing_programs_end_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(make_sounds.shutil, "which", lambda name: None)
    with pytest.raises(InputError, match="fluidsynth is not installed"):
        run(monkeypatch, tmp_path)
    with pytest.raises(InputError, match="espeak-ng is not installed"):
        run(monkeypatch, tmp_path, "--music", 0)
    monkeypatch.setattr(make_sounds.shutil, "which", lambda name: name)
    with pytest.raises(InputError, match=r"The soundfont .* is missing"):
        run(monkeypatch, tmp_path, "--soundfont", tmp_path / "none.sf2")
    assert not list(tmp_path.iterdir())


def test_no_clips_of_either_kind_end_in_a_sentence(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="are both 0"):
        run(monkeypatch, tmp_path / "out", "--music", 0, "--voices", 0)


def test_music_of_another_soundfont_does_not_mix_with_existing_clips(tmp_path, monkeypatch):
    monkeypatch.setattr(make_sounds.shutil, "which", lambda name: name)
    monkeypatch.setattr(rendered, "render_music", lambda rng, soundfont: np.zeros(400, np.float32))
    for name in ("first.sf2", "other.sf2"):
        (tmp_path / name).write_text(name)
    call = (tmp_path / "out", "--music", 1, "--voices", 0, "--soundfont")
    run(monkeypatch, *call, tmp_path / "first.sf2")
    with pytest.raises(InputError, match="music were made of something else"):
        run(monkeypatch, *call, tmp_path / "other.sf2")


@pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng is not installed")
def test_voices_are_written_once_and_alike(tmp_path, monkeypatch):
    run(monkeypatch, tmp_path, "--music", 0, "--voices", 2)
    first, second = sorted((tmp_path / "voices").glob("*.flac"))
    samples, rate = soundfile.read(first)
    assert (rate, len(samples)) == (16_000, 160_000)
    assert PEAKS[0] <= np.abs(samples).max() <= PEAKS[1] + 1e-3
    written = first.stat().st_mtime_ns
    content = second.read_bytes()
    second.unlink()
    run(monkeypatch, tmp_path, "--music", 0, "--voices", 2)
    assert first.stat().st_mtime_ns == written and second.read_bytes() == content


@pytest.mark.skipif(
    not (shutil.which("fluidsynth") and rendered.SOUNDFONT.is_file()),
    reason="fluidsynth or its soundfont is not installed",
)
def test_music_sounds_and_a_broken_soundfont_ends_in_a_sentence(tmp_path):
    samples = rendered.render_music(np.random.default_rng(0), rendered.SOUNDFONT)
    assert len(samples) == 160_000 and np.isfinite(samples).all()
    assert PEAKS[0] <= np.abs(samples).max() <= PEAKS[1] + 1e-3
    assert np.sqrt(np.mean(samples**2)) > 0.005
    broken = tmp_path / "broken.sf2"
    broken.write_bytes(b"no soundfont")
    with pytest.raises(InputError, match=r"fluidsynth made no sound of .*broken\.sf2"):
        rendered.render_music(np.random.default_rng(0), broken)
