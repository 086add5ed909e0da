"""Names of AudioSet's 527 classes, in the order in which published checkpoints answer."""

from __future__ import annotations

import csv
from functools import lru_cache

from tpexplore.checkpoints.bundled import ASSETS

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
    with AUDIOSET_FILE.open(encoding="utf-8", newline="") as file:
        rows = {int(row["index"]): row["display_name"] for row in csv.DictReader(file)}
    return tuple(rows[index] for index in range(len(rows)))
