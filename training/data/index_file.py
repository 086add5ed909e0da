"""Read index.json of a feature folder, field by field; an error names the wrong field."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tpexplore.errors import UNREADABLE_JSON, InputError, shown
from tpexplore.text import load_json
from training.data.datasets.base import SPLITS

NAME = "index.json"

PER_CLIP = ("lengths", "labels", "splits", "sources", "files")
"""Entries of index.json with one value a clip."""

ABOUT = ("dataset", "task", "split", "class_names", "frames", "front_end", "attribution")
"""Entries of index.json about all clips; training needs every one of them."""

_OPTIONAL_TYPES = {"multilabel": bool, "key": str, "sha256": str}


def read_index(folder: Path) -> dict[str, Any]:
    """Fields of a feature folder's index.json, with their types and numbers of values checked.

    Raises
    ------
    InputError
        If the file is no JSON object, or a field is missing or wrong.
    """
    try:
        index = load_json(folder / NAME)
    except UNREADABLE_JSON as error:
        raise damaged(folder, f"{NAME} is not JSON") from error
    if not isinstance(index, dict):
        raise damaged(folder, f"{NAME} holds {shown(index)}, expected an object")
    for name in (*ABOUT, *PER_CLIP):
        if name not in index:
            raise damaged(folder, f"{NAME} lacks {name}")
    _check_whole(folder, index)
    _check_clips(folder, index)
    return index


def _check_whole(folder: Path, index: dict[str, Any]) -> None:
    """InputError if a field about all clips has the wrong type."""
    for name in ABOUT:
        if name not in ("class_names", "frames") and not isinstance(index[name], str):
            raise damaged(folder, f"{NAME} has {shown(index[name])} as {name}, expected text")
    for name, kind in _OPTIONAL_TYPES.items():
        # The first edition wrote none of these.
        if name in index and not isinstance(index[name], kind):
            expected = "true or false" if kind is bool else "text"
            raise damaged(folder, f"{NAME} has {shown(index[name])} as {name}, expected {expected}")
    if not _is_whole(index["frames"]) or index["frames"] < 1:
        raise damaged(
            folder, f"{NAME} has {shown(index['frames'])} as frames, expected a whole number above 0"
        )
    _check_each(folder, "class_names", index["class_names"], lambda name: isinstance(name, str), "text")


def _check_clips(folder: Path, index: dict[str, Any]) -> None:
    """InputError if a per-clip field has a wrong value, or not one value for each file."""
    frames, classes = index["frames"], len(index["class_names"])

    def is_length(value: object) -> bool:
        return _is_whole(value) and 0 <= value <= frames

    def is_labels(value: object) -> bool:
        return isinstance(value, list) and all(_is_whole(label) and 0 <= label < classes for label in value)

    def is_text(value: object) -> bool:
        return isinstance(value, str)

    checks: dict[str, tuple[Callable[[object], bool], str]] = {
        "files": (is_text, "text"),
        "lengths": (is_length, f"a whole number from 0 to {frames}"),
        "labels": (
            is_labels,
            f"a list of whole numbers from 0 to {classes - 1}" if classes else "an empty list",
        ),
        "splits": (SPLITS.__contains__, f"one of {', '.join(SPLITS)}"),
        "sources": (is_text, "text"),
    }
    for name, (is_right, expected) in checks.items():
        _check_each(folder, name, index[name], is_right, expected)
        if len(index[name]) != len(index["files"]):
            raise damaged(folder, f"{NAME} has {len(index[name])} {name} for {len(index['files'])} files")


def _check_each(
    folder: Path, name: str, values: object, is_right: Callable[[object], bool], expected: str
) -> None:
    if not isinstance(values, list):
        raise damaged(folder, f"{NAME} has {shown(values)} as {name}, expected a list")
    for number, value in enumerate(values, 1):
        if not is_right(value):
            raise damaged(
                folder, f"{NAME} has {shown(value)} as number {number} of {name}, expected {expected}"
            )


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def damaged(folder: Path, fault: str) -> InputError:
    """The error for a damaged feature folder."""
    return InputError(
        f"The features in {folder} are damaged: {fault};"
        " delete the folder and run python -m training.features again."
    )
