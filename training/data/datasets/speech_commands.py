"""Speech Commands [Warden 2018]: one folder a word, splits by its validation and testing lists."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from tpexplore.errors import InputError
from training.data.datasets.base import Dataset, Item, audio_files, need
from training.system.text import read_lines, same_name

ALL_WORDS = 35
LISTS = {"valid": "validation_list.txt", "test": "testing_list.txt"}


def speech_commands(root: Path, *, words: Sequence[str] | None = None) -> Dataset:
    """All word folders, or only those of ``words``; ``_background_noise_`` is not a word.

    A clip is for training unless one of the lists names it. They may name .wav files while the folders
    hold another format: clips are matched by stem. In the official lists a hash of the speaker decides,
    so a speaker in two splits means that the lists and the folders do not belong together.
    """
    present = sorted(p.name for p in root.iterdir() if p.is_dir() and not p.name.startswith(("_", ".")))
    if absent := set(words or ()) - set(present):
        raise InputError(f"{root} has no folder for {', '.join(sorted(absent))}.")
    chosen = sorted(set(words)) if words else present
    files = {same_name(f"{word}/{path.stem}"): path for word in chosen for path in audio_files(root / word)}
    split_of: dict[str, str] = {}
    missing = 0
    for split, name in LISTS.items():
        named = _read_list(need(root / name), chosen)
        missing += len(named - files.keys())
        listed = named & files.keys()
        if not listed:
            raise InputError(f"{root / name} names no clip of the folders beside it; expected WORD/CLIP.wav.")
        if twice := listed & split_of.keys():
            raise InputError(f"{min(twice)} is in two lists of {root}; expected every clip in one split.")
        split_of |= dict.fromkeys(listed, split)
    items = [
        Item((path,), (chosen.index(path.parent.name),), split_of.get(clip, "train"), _speaker(path))
        for clip, path in files.items()
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
        missing=missing,
    )


def _read_list(path: Path, words: Sequence[str]) -> set[str]:
    """WORD/CLIP, without the ending, of every line about the given words."""
    known = {same_name(word) for word in words}
    clips = (PurePosixPath(same_name(line)).with_suffix("") for _, line in read_lines(path))
    return {str(clip) for clip in clips if clip.parent.name in known}


def _speaker(path: Path) -> str:
    return path.stem.split("_nohash_")[0]
