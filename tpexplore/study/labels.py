"""The class label of a user's clip, taken from its folder or its name."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tpexplore.model.config import ModelConfig
from tpexplore.study.uploads import OwnFile

_ESC50_NAME = re.compile(r"(\d)-(\d+)-([A-Z])-(\d{1,2})")  # FOLD-SRC-TAKE-TARGET
_UNNAMED = re.compile(r"class \d+")


@dataclass(frozen=True)
class LabelledClip:
    """A file and its class label.

    Attributes
    ----------
    path : Path
    name : str
        The user's name for the file.
    label_text : str
        The label as the person gave it; empty if none was found.
    target : int or None
        Index of that class of the model; None if the model has no such class.
    """

    path: Path
    name: str
    label_text: str
    target: int | None


def label_clips(files: Iterable[OwnFile], config: ModelConfig) -> list[LabelledClip]:
    """Find the class of each file among those that a model knows.

    The folders a file lies in count first: the nearest one that is called like a class. Else its name:
    FOLD-SRC-TAKE-TARGET as in ESC-50, for a model of ESC-50, or a label with anything after it ("dog.wav",
    "dog_2.wav", "dog bark 03.wav" for "dog bark"; the longest label that fits). Case, and whether words are
    joined by spaces, _ or -, do not matter. Where no class fits, the label is the folder of the level on
    which most other clips have theirs, or the nearest one.

    Parameters
    ----------
    files : iterable of OwnFile
    config : ModelConfig

    Returns
    -------
    list of LabelledClip
        One for each file, in the same order; ``target`` is None if the model has no such label.
    """
    classes = {_plain(label): i for i, label in enumerate(config.labels)}
    files = list(files)
    levels = Counter(_known_level(file.name, classes) for file in files)
    levels.pop(None, None)
    level = max(levels, key=levels.get) if levels else -1
    return [LabelledClip(file.path, file.name, *_label(file.name, classes, config, level)) for file in files]


def knows_esc50(config: ModelConfig) -> bool:
    """Whether a model's classes are ESC-50's, in its order: by its task, or 50 classes without names."""
    unnamed = all(_UNNAMED.fullmatch(label) for label in config.labels)
    return config.classes == 50 and (unnamed or config.task.startswith("ESC-50"))


def _known_level(name: str, classes: dict[str, int]) -> int | None:
    """Which folder of a name, counted from the outermost, is a class: the nearest one; None if none is."""
    folders = PurePosixPath(name).parts[:-1]
    return next((i for i in reversed(range(len(folders))) if _plain(folders[i]) in classes), None)


def _label(name: str, classes: dict[str, int], config: ModelConfig, level: int) -> tuple[str, int | None]:
    path = PurePosixPath(name)
    folders = path.parts[:-1]
    if (own_level := _known_level(name, classes)) is not None:
        return folders[own_level], classes[_plain(folders[own_level])]
    folder = folders[min(level, len(folders) - 1)] if folders else ""
    if (esc50 := _ESC50_NAME.fullmatch(path.stem)) and int(esc50[4]) < 50:
        if knows_esc50(config):
            return config.labels[int(esc50[4])], int(esc50[4])
        return folder or f"ESC-50 target {esc50[4]}", None
    words = _plain(path.stem)
    fits = [x for x in classes if words.startswith(x) and not words[len(x) : len(x) + 1].isalpha()]
    if fits:
        best = max(fits, key=len)
        return config.labels[classes[best]], classes[best]
    return folder, None


def _plain(label: str) -> str:
    """A label in lower case with words joined in one way, for comparing."""
    return " ".join(re.split(r"[\s_\-]+", unicodedata.normalize("NFC", label).casefold().strip()))
