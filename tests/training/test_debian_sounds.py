"""Sounds of Debian's packages: which files are copied, and which are deleted again."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tpexplore.errors import InputError
from training import debian_sounds
from training.data import debian_packages
from training.data.cache import cache_features
from training.data.datasets import load_dataset

RATE = 16_000
FRAMES = 128


def noise(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    slow = np.repeat(rng.uniform(0.01, 0.3, 30), 700)
    return slow * rng.standard_normal(len(slow))


def package(root: Path, files: dict[str, np.ndarray | None]) -> Path:
    """The .deb of a package with these files; a file without samples holds text."""
    tree = root / "tree"
    for name, samples in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if samples is None:
            path.write_text("text")
        else:
            soundfile.write(path, samples, RATE)
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN/control").write_text(
        "Package: game\nVersion: 1\nArchitecture: all\nMaintainer: nobody <n@example.org>\nDescription: x\n"
    )
    archive = root / "game_1_all.deb"
    subprocess.run(["dpkg-deb", "--build", tree, archive], check=True, capture_output=True)
    return archive


@pytest.fixture
def archive(tmp_path):
    if not shutil.which("dpkg-deb"):
        pytest.skip("dpkg-deb is not installed")
    return package(
        tmp_path / "built",
        {
            "usr/share/games/game/sounds/bark.wav": noise(0),
            "usr/share/games/game/sounds/rain.ogg": noise(1),
            "usr/share/games/game/sounds/cow_desc_fr.wav": noise(2),
            "usr/share/games/game/Music/theme.wav": noise(3),
            "usr/share/doc/game/copyright": None,
        },
    )


@pytest.fixture
def only_this_package(archive, monkeypatch):
    downloads = []

    def download(name: str, folder: Path) -> Path:
        if name != "game":
            raise InputError("apt-get failed: E: Unable to locate package")
        downloads.append(name)
        return Path(shutil.copy(archive, folder))

    monkeypatch.setattr(debian_packages, "_download", download)
    monkeypatch.setattr(debian_packages.shutil, "which", lambda program: program)
    monkeypatch.setattr(debian_sounds, "listed_packages", lambda: {"game": "*_desc*", "no-such-package": ""})
    return downloads


def run(monkeypatch, *words) -> None:
    monkeypatch.setattr(sys, "argv", ["training.debian_sounds", *map(str, words)])
    debian_sounds.main()


@pytest.fixture
def held_out(tmp_path):
    """Features of a dataset with the game's rain for testing and its bark for training."""
    clips = {("train", "dog"): 0, ("test", "dog"): 10, ("train", "rain"): 11, ("test", "rain"): 1}
    for (split, label), seed in clips.items():
        folder = tmp_path / "dataset" / split / label
        folder.mkdir(parents=True)
        soundfile.write(folder / f"{split}-{label}.wav", 0.5 * noise(seed)[2000:], RATE)
    dataset = load_dataset("folders", tmp_path / "dataset", frames=FRAMES)
    return cache_features(dataset, tmp_path / "features", workers=1)


def test_sounds_are_copied_except_those_in_a_test_split(
    only_this_package, held_out, tmp_path, monkeypatch, capsys
):
    out = tmp_path / "sounds"
    run(monkeypatch, out, "--held-out", held_out)
    printed = capsys.readouterr().out
    assert "1 sounds in" in printed and "1 sounds may hold held-out clips" in printed
    assert "no-such-package: apt-get failed" in printed
    assert [file.relative_to(out).as_posix() for file in out.rglob("*.*")] == ["game/game_sounds_bark.wav"]
    run(monkeypatch, out, "--held-out", held_out)
    assert only_this_package == ["game"]  # an existing package is not downloaded again
    assert "1 sounds in" in capsys.readouterr().out


def test_a_package_that_is_cut_short_leaves_nothing(only_this_package, archive, tmp_path):
    content = archive.read_bytes()
    archive.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="dpkg-deb cannot unpack game"):
        debian_packages.copy_sounds("game", "", tmp_path / "sounds")
    assert not list((tmp_path / "sounds").iterdir())


def test_without_debian_there_is_a_sentence(held_out, tmp_path, monkeypatch):
    monkeypatch.setattr(debian_packages.shutil, "which", lambda program: None)
    with pytest.raises(InputError, match="apt-get is not installed"):
        run(monkeypatch, tmp_path / "sounds", "--held-out", held_out)


def test_the_list_names_each_package_once():
    names = debian_packages.LIST.read_text().splitlines()[1:]
    assert len(names) == len(debian_packages.listed_packages()) and names == sorted(names)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("./usr/share/games/x/sounds/a b.wav", "x_sounds_a b.wav"),
        ("./usr/share/sounds/a.ogg", "sounds_a.ogg"),
        ("./usr/lib/games/share/a.ogg", "a.ogg"),
    ],
)
def test_a_path_becomes_a_name(path, name):
    assert debian_packages.flat_name(path) == name
