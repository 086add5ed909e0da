"""What a dataset is: labelled clips, each in one split and from one source."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tpexplore.errors import InputError
from tpexplore.study.audio_files import AUDIO_SUFFIXES, is_recording, walk_recordings

SPLITS = ("train", "valid", "test")


@dataclass(frozen=True)
class Item:
    """One clip.

    Attributes
    ----------
    paths : tuple of Path
        Its file; several files are joined end to end.
    labels : tuple of int
        Class indices; exactly one unless the dataset is multi-label or has no classes.
    split : {"train", "valid", "test"}
    source : str
        What must not be shared between splits: the speaker, the original recording, the word.
    start : float
        Seconds from the beginning of each file at which the clip begins.
    """

    paths: tuple[Path, ...]
    labels: tuple[int, ...]
    split: str
    source: str
    start: float = 0.0

    @property
    def name(self) -> str:
        """Its name in features: "parent/file", "+" between joined files, "@seconds" after a file if not 0."""
        at = f"@{self.start:g}" if self.start else ""
        return "+".join(clip_name(path) + at for path in self.paths)


@dataclass(frozen=True)
class Dataset:
    """A task: labelled clips, class names, and how many frames a model of it reads.

    Attributes
    ----------
    name : str
        Short, for folders.
    task, split : str
        What the app calls the task, and the split that results are measured on.
    attribution : str
        Authors, year and licence, for the cards of models made from it.
    missing : int
        Clips that the dataset's lists name but the folder does not hold.
    """

    name: str
    task: str
    split: str
    labels: tuple[str, ...]
    frames: int
    items: tuple[Item, ...]
    attribution: str
    multilabel: bool = False
    missing: int = 0

    def __post_init__(self):
        if not self.items:
            raise InputError(f"The folder holds no clip of {self.task}.")
        check_no_leak(self)
        check_listed_once(self)

    def indices(self, split: str) -> list[int]:
        """Positions in ``items`` of one split."""
        return [i for i, item in enumerate(self.items) if item.split == split]


def check_no_leak(dataset: Dataset) -> None:
    """Raise InputError if a source or a file is in two splits."""
    splits: dict[str | Path, str] = {}
    for item in dataset.items:
        for what in (item.source, *item.paths):
            if splits.setdefault(what, item.split) != item.split:
                kind = "file" if isinstance(what, Path) else "source"
                raise InputError(
                    f"{dataset.name}: {kind} {str(what)!r} is in two splits,"
                    f" {splits[what]} and {item.split}; expected one."
                )


def check_listed_once(dataset: Dataset) -> None:
    """Raise InputError if a clip is listed twice: it would count twice, perhaps as two classes."""
    listed = set()
    for item in dataset.items:
        clip = (item.paths, item.start)
        if len(item.paths) == 1 and clip in listed:  # joined files are drawn, not listed
            raise InputError(f"{dataset.name}: {item.name} is listed twice; expected every clip once.")
        listed.add(clip)


def clip_name(path: Path) -> str:
    """A file's name in features: its folder's name and its own, nothing above."""
    return f"{path.parent.name}/{path.name}"


def need(path: Path) -> Path:
    """``path``, or InputError if no such file exists."""
    if not path.is_file():
        raise InputError(f"{path} is missing; the folder is not in the dataset's official layout.")
    return path


def need_folder(path: Path) -> Path:
    """``path``, or InputError if no such folder exists."""
    if not path.is_dir():
        raise InputError(f"{path} is missing; the folder is not in the dataset's official layout.")
    return path


def audio_files(folder: Path) -> list[Path]:
    """Audio files of a folder, sorted by name, without the videos that some datasets include."""
    return sorted(p for p in folder.iterdir() if is_recording(p.name, AUDIO_SUFFIXES))


def all_audio_files(folder: Path) -> list[Path]:
    """Audio files of a folder and of all folders in it, linked ones too, sorted by path."""
    return sorted(walk_recordings(folder, AUDIO_SUFFIXES))
