"""Your own clips: one folder per class, already split or split here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from tpexplore.errors import InputError
from tpexplore.signal.spectrogram import PATCH
from training.data.datasets.base import Dataset, Item, all_audio_files

SPLIT_FOLDERS = {
    "train": "train",
    "valid": "valid",
    "val": "valid",
    "validation": "valid",
    "test": "test",
}
TRAIN_SHARE, VALID_SHARE = 0.8, 0.1
LONGEST = 1024
"""Frames that the largest supported model reads."""


def folders(root: Path, *, frames: int = 512, source: str | None = None) -> Dataset:
    """Clips of ``root/CLASS/…``, or of ``root/{train,valid,test}/CLASS/…``.

    Without split folders, a hash of each clip's source decides its split: 80 % training, 10 % validation
    and 10 % testing. The same clip always gets the same split, whatever other clips there are.

    Parameters
    ----------
    frames : int
        Frames of 10 ms that a model of these clips reads; a multiple of 16, at most 1024.
    source : str, optional
        Regular expression that finds the source in a file's name without its ending: the speaker, the
        recording, or anything else that must not be in two splits. The source is its first group, or
        without groups the whole match. By default every name is its own source.
    """
    check_frames(frames)
    find_source = _source_finder(source)
    split_folders = _split_folders(root)
    entries = [  # (class, split or None, path)
        (name, split, path)
        for folder, split in (split_folders or {root: None}).items()
        for name, path in _clips(folder)
    ]
    labels = tuple(sorted({name for name, _, _ in entries}))
    if len(labels) < 2:
        raise InputError(
            f"Classes with clips in {root}: {len(labels)}; expected 2 or more, a folder of audio files each."
        )
    items = []
    for name, split, path in entries:
        # In split folders dog/1.wav is often in train/ and, as another clip, in test/.
        key = find_source(path) if source or not split else str(path.relative_to(root))
        items.append(Item((path,), (labels.index(name),), split or dealt_split(key), key))
    title = root.resolve().name
    dataset = Dataset(
        name=re.sub(r"[^\w-]+", "-", title).strip("-").lower() or "folders",
        task=f"{title}, {len(labels)} classes",
        split="test folder" if split_folders else "a tenth of the sources, chosen by hash",
        labels=labels,
        frames=frames,
        items=tuple(items),
        attribution=f"audio of the folder {title}",
    )
    _check_complete(dataset, root)
    return dataset


def check_frames(frames: int) -> None:
    """Raise InputError unless a model can read this many frames."""
    if frames not in range(PATCH, LONGEST + 1, PATCH):
        raise InputError(f"frames = {frames}; expected a multiple of {PATCH}, at most {LONGEST}.")


def _split_folders(root: Path) -> dict[Path, str]:
    """The split folders with their splits; {} if ``root`` holds the classes themselves."""
    present = _subfolders(root)
    splits = {p: SPLIT_FOLDERS[p.name.lower()] for p in present if p.name.lower() in SPLIT_FOLDERS}
    splits = {p: split for p, split in splits.items() if _subfolders(p)}  # a class may be named "train"
    if "train" not in splits.values():
        return {}
    for other in present:
        if other not in splits and all_audio_files(other):
            raise InputError(f"{other} holds clips beside the split folders; expected all of them in those.")
    return splits


def _subfolders(folder: Path) -> list[Path]:
    return [p for p in sorted(folder.iterdir()) if p.is_dir() and not p.name.startswith(".")]


def _clips(folder: Path) -> list[tuple[str, Path]]:
    """Class and path of every clip in a folder of class folders."""
    return [(p.name, path) for p in _subfolders(folder) for path in all_audio_files(p)]


def _source_finder(pattern: str | None) -> Callable[[Path], str]:
    """A function from a path to its source."""
    if pattern is None:
        return lambda path: path.stem
    try:
        regex = re.compile(pattern)
    except re.error as error:
        raise InputError(f"source = {pattern!r} is no regular expression ({error}).") from error

    def find(path: Path) -> str:
        match = regex.search(path.stem)
        if not match or not (key := match[1] if regex.groups else match[0]):
            raise InputError(f"source = {pattern!r} finds nothing in the name of {path}.")
        return key

    return find


def dealt_split(source: str) -> str:
    """Split of a source, by its hash alone."""
    digest = hashlib.sha256(source.encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    if place < TRAIN_SHARE:
        return "train"
    return "valid" if place < TRAIN_SHARE + VALID_SHARE else "test"


def _check_complete(dataset: Dataset, root: Path) -> None:
    """InputError unless every class has a training clip and there is a test clip."""
    trained = {dataset.items[i].labels[0] for i in dataset.indices("train")}
    untrained = [name for i, name in enumerate(dataset.labels) if i not in trained]
    if untrained:
        raise InputError(f"No clip of {', '.join(untrained)} in {root} is for training; add more clips.")
    if not dataset.indices("test"):
        raise InputError(f"No clip in {root} is for testing; add more clips, or a folder test/.")
