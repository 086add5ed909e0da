"""Names of AudioSet's 527 classes, in the order in which published checkpoints answer."""

from __future__ import annotations

import csv
import io
from functools import lru_cache

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
    try:
        table = csv.DictReader(io.StringIO(read_text(AUDIOSET_FILE)))
        rows = {int(row["index"]): row["display_name"] for row in table}
        names = tuple(rows[index] for index in range(len(rows)))
    except (csv.Error, KeyError, TypeError, ValueError):
        names = ()
    if not names:
        raise damaged_asset(AUDIOSET_FILE)
    return names
