"""AudioSet [Gemmeke 2017], balanced training set and evaluation set: 527 classes, several a clip."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from tpexplore.errors import UNREADABLE_JSON, InputError
from tpexplore.text import load_json, read_text
from training.data.datasets.base import Dataset, Item, all_audio_files, need
from training.system.text import DELIMITERS, read_rows, read_table, whole_number, without_comments

CLASSES_FILE = "class_labels_indices.csv"
OFFICIAL_LISTS = {"train": "balanced_train_segments.csv", "test": "eval_segments.csv"}
JSON_PATTERNS = {"train": "*train*.json", "test": "*eval*.json"}

_STEM = re.compile(r"Y?([\w-]{11})(?:[_-]\d+(?:\.\d+)?)*")
"""An 11-character id, some downloaders' leading Y, and the segment's start or start and end."""


def audioset(
    root: Path,
    *,
    train_list: Path | None = None,
    eval_list: Path | None = None,
    audio: Path | None = None,
) -> Dataset:
    """The balanced training set and the evaluation set, as far as their clips are there.

    Videos keep vanishing from YouTube, so nobody has all of AudioSet: `Dataset.missing` counts the
    listed clips that were not downloaded.

    Parameters
    ----------
    root : Path
        Holds class_labels_indices.csv and, unless they are passed, the two lists: the official .csv
        files, or one .json with "train" and one with "eval" in its name, as AST and AudioMAE use them.
    train_list, eval_list : Path, optional
        Lists that lie elsewhere, .csv or .json.
    audio : Path, optional
        Folder of the clips, at any depth, named YTID.wav, YYTID.wav, YTID_30.000.flac, …; ``root`` by
        default. The folders in a .json are ignored: they are those of its author's machine.
    """
    mids, labels = _classes(need(root / CLASSES_FILE))
    lists = {"train": train_list, "test": eval_list}
    lists = {split: need(path or _default_list(root, split)) for split, path in lists.items()}
    files = {youtube_id(path.stem): path for path in reversed(all_audio_files(audio or root))}
    items, missing = [], 0
    for split, path in lists.items():
        for clip, named in _read_list(path):
            if clip not in files:
                missing += 1
                continue
            if unknown := named - mids.keys():
                raise InputError(
                    f"{path.name} gives {clip} the label {min(unknown)!r}, which is not in {CLASSES_FILE}."
                )
            items.append(Item((files[clip],), tuple(sorted(mids[mid] for mid in named)), split, clip))
    if not items:
        raise InputError(
            f"None of the {missing} clips of {' and '.join(p.name for p in lists.values())} is under"
            f" {audio or root}; expected files named by their YouTube ids, such as YTID.wav."
        )
    return Dataset(
        name="as20k",
        task="AudioSet, balanced training set (AS-20K)",
        split="evaluation set",
        labels=labels,
        frames=1024,
        items=tuple(items),
        attribution="AudioSet, J. F. Gemmeke et al. 2017, labels CC BY 4.0; sound of YouTube videos",
        multilabel=True,
        missing=missing,
    )


def youtube_id(stem: str) -> str:
    """The YouTube id in a clip's file name, or the whole name if it has none.

    >>> youtube_id("Y--PJHxphWEs_30.000"), youtube_id("--PJHxphWEs_30.000_40.000")
    ('--PJHxphWEs', '--PJHxphWEs')
    """
    match = _STEM.fullmatch(stem)
    return match[1] if match else stem


def _classes(path: Path) -> tuple[dict[str, int], tuple[str, ...]]:
    """Index of every machine id, and the display names in order of index."""
    columns, expected = ("index", "mid", "display_name"), "columns index, mid, display_name"
    rows = [
        (whole_number(row["index"], f"An index in {path}"), row["mid"], row["display_name"])
        for row in read_table(path, columns, expected)
    ]
    rows.sort()
    mids = {mid: index for index, mid, _ in rows}
    names = tuple(name for _, _, name in rows)
    if list(mids.values()) != list(range(len(rows))):
        raise InputError(f"{path} skips or repeats a class; expected every index from 0 once.")
    return mids, names


def _default_list(root: Path, split: str) -> Path:
    """The official list, or else the only .json that has this split in its name."""
    official = root / OFFICIAL_LISTS[split]
    candidates = sorted(root.glob(JSON_PATTERNS[split]))
    if official.is_file() or not candidates:
        return official
    if len(candidates) > 1:
        raise InputError(
            f"{root} holds several {JSON_PATTERNS[split]} ({', '.join(p.name for p in candidates)});"
            f" choose one with {'train' if split == 'train' else 'eval'}_list."
        )
    return candidates[0]


def _read_list(path: Path) -> list[tuple[str, set[str]]]:
    """YouTube id and machine ids of the labels of every clip that a list names."""
    try:
        if path.suffix == ".json":
            pairs = [(youtube_id(Path(c["wav"]).stem), c["labels"]) for c in load_json(path)["data"]]
        else:
            table = without_comments(read_text(path))
            rows = max((read_rows(table, delimiter) for delimiter in DELIMITERS), key=_width)
            pairs = [_clip_and_mids(row) for row in rows]
            if pairs and pairs[0][0].lower() == "ytid":  # a header that lost its "# "
                pairs = pairs[1:]
        if not pairs:
            raise ValueError
        return [(clip, {mid.strip() for mid in mids.split(",")}) for clip, mids in pairs]
    except (AttributeError, KeyError, TypeError, *UNREADABLE_JSON, csv.Error) as error:
        raise InputError(
            f"{path} is no list of AudioSet clips; expected lines of YTID, start, end, labels in a .csv,"
            ' or {"data": [{"wav": …, "labels": …}]} in a .json.'
        ) from error


def _width(rows: list[list[str]]) -> int:
    return len(rows[0]) if rows else 0


def _clip_and_mids(row: list[str]) -> tuple[str, str]:
    """YouTube id and labels of a row, which may end in empty cells."""
    clip, _, _, mids, *empty = row
    if any(empty):
        raise ValueError
    return clip, mids
