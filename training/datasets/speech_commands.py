"""Speech Commands [Warden 2018]: one folder a word, splits by its validation and testing lists."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tpexplore.errors import InputError

from .base import Dataset, Item, audio_files, need

ALL_WORDS = 35


def speech_commands(root: Path, *, words: Sequence[str] | None = None) -> Dataset:
    """Every word folder present, or the given words.

    Lists may name .wav files while the folders hold another format: clips are matched by stem.
    """
    present = sorted(p.name for p in root.iterdir() if p.is_dir() and not p.name.startswith(("_", ".")))
    if absent := set(words or ()) - set(present):
        raise InputError(f"{root} has no folder for {', '.join(sorted(absent))}.")
    chosen = sorted(words) if words else present
    split_of = {}
    for split, name in (("valid", "validation_list.txt"), ("test", "testing_list.txt")):
        for line in need(root / name).read_text().split():
            split_of[str(Path(line).with_suffix(""))] = split
    items = [
        Item((path,), (label,), split_of.get(f"{word}/{path.stem}", "train"), path.stem.split("_nohash_")[0])
        for label, word in enumerate(chosen)
        for path in audio_files(root / word)
    ]
    whole = len(chosen) == ALL_WORDS
    return Dataset(
        name=f"spc{len(chosen)}",
        task="Speech Commands V2" if whole else f"Speech Commands, {len(chosen)} words (spc-{len(chosen)})",
        split="testing list" if whole else "speakers of the testing list",
        labels=tuple(chosen),
        frames=128,
        items=tuple(items),
        attribution="Speech Commands, P. Warden 2018, CC BY 4.0; "
        + ("all 35 words" if whole else f"{len(chosen)} of its 35 words, splits by speaker"),
    )
