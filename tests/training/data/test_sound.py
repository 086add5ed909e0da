"""Sound is read again by the clips' names in features."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tpexplore.errors import InputError
from training.data.datasets.base import Item
from training.data.sound import files_of, paths_by_name, sound_of

RATE = 16_000


def test_names_of_clips_can_be_taken_apart(tmp_path):
    paths = (tmp_path / "a+b" / "one+two@3.wav", tmp_path / "c" / "d.wav")
    known = {f"{p.parent.name}/{p.name}": p for p in (*paths, tmp_path / "a+b" / "one")}
    for start in (0.0, 5.135):
        name = Item(paths, (), "train", "x", start).name
        assert files_of(name, known) == [(p, start) for p in paths]
    with pytest.raises(InputError, match=r"e/f\.wav is not in the audio folder"):
        files_of("e/f.wav", known)


def test_joined_files_are_read_though_their_names_hold_the_signs(tmp_path: Path):
    folder = tmp_path / "a+b"
    folder.mkdir()
    waves = np.linspace(-0.5, 0.5, 2 * RATE, dtype=np.float32).reshape(2, RATE)
    files = (folder / "one+two@3.wav", folder / "four.wav")
    for file, wave in zip(files, waves, strict=True):
        soundfile.write(file, wave, RATE, subtype="FLOAT")
    name = Item(files, (), "train", "x", 0.25).name
    samples = sound_of(name, paths_by_name(tmp_path), frames=400)
    np.testing.assert_array_equal(samples, np.concatenate([wave[RATE // 4 :] for wave in waves]))


def test_audio_that_is_missing_or_ambiguous_is_named(tmp_path):
    with pytest.raises(InputError, match="is not a folder"):
        paths_by_name(tmp_path / "absent")
    (tmp_path / "a" / "x").mkdir(parents=True)
    (tmp_path / "b" / "x").mkdir(parents=True)
    for side in ("a", "b"):
        (tmp_path / side / "x" / "1.wav").touch()
    with pytest.raises(InputError, match="have the same name"):
        paths_by_name(tmp_path)
