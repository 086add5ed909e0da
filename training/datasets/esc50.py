"""ESC-50 [Piczak 2015]: 50 classes of environmental sound, five folds."""

from __future__ import annotations

import csv
from pathlib import Path

from tpexplore.errors import InputError

from .base import Dataset, Item, audio_files, need, need_folder

FOLDS = range(1, 6)
COLUMNS = {"filename", "fold", "target", "category", "src_file"}


def esc50_rows(root: Path) -> list[dict[str, str]]:
    """The rows of meta/esc50.csv: filename, fold, target, category, src_file, …"""
    path = need(root / "meta" / "esc50.csv")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows or (absent := COLUMNS - rows[0].keys()):
        lacks = f"column {min(absent)}" if rows else "rows"
        raise InputError(f"{path} has no {lacks}; expected the file that comes with ESC-50.")
    return rows


def esc50(root: Path, *, fold: int = 5) -> Dataset:
    """One fold tests, the others train; there is no validation split.

    A few Freesound recordings gave clips to two folds (234879 and 209698 to fold 5). Training clips of
    a recording that the test fold holds too are left out.
    """
    if fold not in FOLDS:
        raise InputError(f"Fold {fold} does not exist; expected 1 to 5.")
    rows = esc50_rows(root)
    names = {int(row["target"]): row["category"].replace("_", " ") for row in rows}
    files = {path.stem: path for path in audio_files(need_folder(root / "audio"))}
    absent = [row["filename"] for row in rows if Path(row["filename"]).stem not in files]
    if absent:
        raise InputError(f"{len(absent)} clips of esc50.csv are not in {root / 'audio'}, e.g. {absent[0]}.")
    tested = {row["src_file"] for row in rows if int(row["fold"]) == fold}
    items = [
        Item(
            (files[Path(row["filename"]).stem],),
            (int(row["target"]),),
            "test" if int(row["fold"]) == fold else "train",
            row["src_file"],
        )
        for row in rows
        if int(row["fold"]) == fold or row["src_file"] not in tested
    ]
    return Dataset(
        name="esc50",
        task="ESC-50 (at 16 kHz)",
        split=f"fold {fold}",
        labels=tuple(names[i] for i in sorted(names)),
        frames=512,
        items=tuple(items),
        attribution="ESC-50, K. J. Piczak 2015, CC BY-NC 3.0; at 16 kHz",
    )
