"""Lists of names in assets/labels: AudioSet's 527, in the order in which published checkpoints answer."""

from __future__ import annotations

import csv
import io
from functools import lru_cache
from pathlib import Path

from tpexplore.checkpoints.bundled import ASSETS, damaged_asset
from tpexplore.text import read_text

LABELS_FOLDER = ASSETS / "labels"
AUDIOSET_FILE = LABELS_FOLDER / "audioset.csv"
"""Google's class_labels_indices.csv (CC BY 4.0)."""


@lru_cache(maxsize=1)
def audioset_labels() -> tuple[str, ...]:
    """English names of AudioSet's 527 classes, class 0 first.

    Examples
    --------
    >>> audioset_labels()[0], len(audioset_labels())
    ('Speech', 527)
    """
    names = read_names(AUDIOSET_FILE, "index", "display_name")
    try:
        return tuple(names[str(index)] for index in range(len(names)))
    except KeyError:
        raise damaged_asset(AUDIOSET_FILE) from None


def read_names(path: Path, key: str, column: str) -> dict[str, str]:
    """One column of a list in assets/labels by another, or InputError where the list is damaged."""
    try:
        names = {row[key]: row[column] for row in csv.DictReader(io.StringIO(read_text(path)))}
    except (csv.Error, KeyError, ValueError):
        names = {}
    if not names or None in names.values():  # a row that was cut off has None
        raise damaged_asset(path)
    return names
