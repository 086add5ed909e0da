"""ESC-50 [Piczak 2015]: 50 classes of environmental sound, five folds."""

from __future__ import annotations

import re
from pathlib import Path

from tpexplore.errors import InputError
from training.data.datasets.base import Dataset, Item, audio_files, need, need_folder
from training.system.text import by_stem, read_table, stem_of, whole_number

ESC50 = "esc50"
FOLDS = range(1, 6)
COLUMNS = ("filename", "fold", "target", "category", "src_file")


def esc50_rows(root: Path) -> list[dict[str, str]]:
    """The rows of meta/esc50.csv: filename, fold, target, category, src_file, without other columns."""
    path = need(root / "meta" / "esc50.csv")
    return read_table(path, COLUMNS, "the file that comes with ESC-50")


def esc50(root: Path, *, fold: int = 5) -> Dataset:
    """One fold is for testing, the others for training; there is no validation split.

    A few Freesound recordings have clips in two folds (234879 and 209698 in fold 5). Training clips are
    left out if the test fold has clips of the same recording.
    """
    if fold not in FOLDS:
        raise InputError(f"Fold {fold} does not exist; expected 1 to 5.")
    rows = esc50_rows(root)
    names = _class_names(rows)
    label = {target: index for index, target in enumerate(sorted(names))}
    files = by_stem(audio_files(need_folder(root / "audio")))
    absent = [row["filename"] for row in rows if stem_of(row["filename"]) not in files]
    if absent:
        raise InputError(f"{len(absent)} clips of esc50.csv are not in {root / 'audio'}, e.g. {absent[0]}.")
    folds = [_fold(row) for row in rows]
    sources = [_source(row) for row in rows]
    tested = {source for source, its_fold in zip(sources, folds, strict=True) if its_fold == fold}
    items = [
        Item(
            (files[stem_of(row["filename"])],),
            (label[_target(row)],),
            "test" if its_fold == fold else "train",
            source,
        )
        for row, its_fold, source in zip(rows, folds, sources, strict=True)
        if its_fold == fold or source not in tested
    ]
    return Dataset(
        name=ESC50,
        task="ESC-50 (at 16 kHz)",
        split=f"fold {fold}",
        labels=tuple(names[target] for target in sorted(names)),
        frames=512,
        items=tuple(items),
        attribution="ESC-50, K. J. Piczak 2015, CC BY-NC 3.0; at 16 kHz",
    )


def esc50_sources(root: Path) -> set[str]:
    """Freesound ids of all recordings that ESC-50 uses."""
    return {_source(row) for row in esc50_rows(root)}


def _source(row: dict[str, str]) -> str:
    return re.sub(r"[.,]0+$", "", row["src_file"])  # a spreadsheet turns Freesound's number 100 into 100.0


def _target(row: dict[str, str]) -> int:
    return whole_number(row["target"], f"The target of {row['filename']} in esc50.csv")


def _fold(row: dict[str, str]) -> int:
    fold = whole_number(row["fold"], f"The fold of {row['filename']} in esc50.csv")
    if fold not in FOLDS:
        raise InputError(f"The fold of {row['filename']} in esc50.csv is {fold}; expected 1 to 5.")
    return fold


def _class_names(rows: list[dict[str, str]]) -> dict[int, str]:
    """Class name of every target; each must have one."""
    names: dict[int, str] = {}
    for row in rows:
        name = row["category"].replace("_", " ")
        if names.setdefault(_target(row), name) != name:
            raise InputError(
                f"Target {row['target']} of esc50.csv is both {names[_target(row)]!r} and {name!r};"
                " expected one category."
            )
    return names
