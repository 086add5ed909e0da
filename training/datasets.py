"""Datasets in their own folder layouts, as lists of labelled clips with a split."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tpexplore.errors import InputError

AUDIO_SUFFIXES = (".wav", ".opus", ".flac", ".ogg", ".mp3")


@dataclass(frozen=True)
class Item:
    """One clip: its file, class index, split ("train", "valid" or "test") and source.

    ``source`` is what must not be shared between splits: the speaker, or the original recording.
    """

    path: Path
    label: int
    split: str
    source: str


@dataclass(frozen=True)
class Dataset:
    """A task: labelled clips, class names, and how many frames a model of it reads."""

    name: str
    task: str
    split: str
    labels: tuple[str, ...]
    frames: int
    items: tuple[Item, ...]

    def indices(self, split: str) -> list[int]:
        """Positions in ``items`` of one split."""
        return [i for i, item in enumerate(self.items) if item.split == split]


def speech_commands(root: Path) -> Dataset:
    """Speech Commands, every word folder present, by its validation and testing lists [Warden 2018].

    Lists may name .wav files while the folders hold another format: clips are matched by stem.
    """
    lists = {"valid": root / "validation_list.txt", "test": root / "testing_list.txt"}
    words = sorted(p.name for p in root.iterdir() if p.is_dir() and not p.name.startswith("_"))
    split_of = {}
    for split, path in lists.items():
        _need(path)
        for line in path.read_text().split():
            split_of[str(Path(line).with_suffix(""))] = split
    items = []
    for label, word in enumerate(words):
        for path in _audio_files(root / word):
            split = split_of.get(f"{word}/{path.stem}", "train")
            items.append(Item(path, label, split, path.stem.split("_nohash_")[0]))
    return Dataset(
        name=f"spc{len(words)}",
        task=f"Speech Commands, {len(words)} words (spc-{len(words)})",
        split="speakers of the testing list",
        labels=tuple(words),
        frames=128,
        items=tuple(items),
    )


ESC50_TEST_FOLD = 5


def esc50(root: Path) -> Dataset:
    """ESC-50 [Piczak 2015]: folds 1-4 train, fold 5 tests; there is no validation split."""
    meta = root / "meta" / "esc50.csv"
    _need(meta)
    with meta.open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = {int(row["target"]): row["category"].replace("_", " ") for row in rows}
    files = {path.stem: path for path in _audio_files(root / "audio")}
    missing = [row["filename"] for row in rows if Path(row["filename"]).stem not in files]
    if missing:
        raise InputError(
            f"{len(missing)} clips of {meta.name} are not in {root / 'audio'}, e.g. {missing[0]}."
        )
    items = [
        Item(
            files[Path(row["filename"]).stem],
            int(row["target"]),
            "test" if int(row["fold"]) == ESC50_TEST_FOLD else "train",
            row["src_file"],
        )
        for row in rows
    ]
    return Dataset(
        name="esc50",
        task="ESC-50 (at 16 kHz)",
        split=f"fold {ESC50_TEST_FOLD}",
        labels=tuple(names[i] for i in sorted(names)),
        frames=512,
        items=tuple(items),
    )


ATTRIBUTION = {
    "spc12": "Speech Commands, P. Warden 2018, CC BY 4.0; 12 of its 35 words, splits made anew by speaker",
    "esc50": "ESC-50, K. J. Piczak 2015, CC BY-NC 3.0; at 16 kHz, reassembled, Opus 64 kbit/s",
}

DATASETS: dict[str, Callable[[Path], Dataset]] = {"speech_commands": speech_commands, "esc50": esc50}


def load_dataset(name: str, root: Path) -> Dataset:
    """The named dataset under ``root``; InputError says what is missing."""
    if name not in DATASETS:
        raise InputError(f"Dataset {name!r} is unknown; expected one of {', '.join(DATASETS)}.")
    if not root.is_dir():
        raise InputError(f"{root} is not a folder; expected the {name} dataset there.")
    return DATASETS[name](root)


def _need(path: Path) -> None:
    if not path.is_file():
        raise InputError(f"{path} is missing; the folder is not in the dataset's official layout.")


def _audio_files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.suffix in AUDIO_SUFFIXES)
