"""Windows of recordings as a table, one row for each keep-rate, and as Audacity's label track."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tpexplore.errors import InputError
from tpexplore.model.plan import check_keep_rates
from tpexplore.writing import check_ending, whole_file, write_bytes

if TYPE_CHECKING:
    from tpexplore.study.windows import WindowResult

COLUMNS: dict[str, tuple[type, str]] = {
    "file": (str, "the recording's name, or its path relative to the folder"),
    "window": (int, "number of the window in the recording, from 0"),
    "start_s": (float, "its first moment, in seconds from the beginning of the file"),
    "end_s": (float, "its last moment, in seconds from the beginning of the file"),
    "silent": (bool, "whether it holds no sound, so that the answer means nothing"),
    "model": (str, "name of the model"),
    "weights_sha256": (str, "SHA-256 of the model's weights"),
    "score": (str, "how patches were ranked"),
    "method": (str, "what happened to the other patches: drop, fuse or merge"),
    "blocks": (str, "pruning blocks, counted from 1, with spaces between"),
    "keep_rate": (str, "share kept at each pruning block; one number for all, or one for each"),
    "answer": (str, "most probable class at this keep-rate"),
    "probability": (float, "its probability, 0 to 1"),
    "unpruned_answer": (str, "most probable class at keep-rate 1.0"),
    "unpruned_probability": (float, "its probability, 0 to 1"),
    "flips": (bool, "whether the two answers differ"),
    "patches": (int, "patches before pruning"),
    "kept_patches": (int, "patches left after the last pruning block"),
    "share_kept": (float, "kept_patches over patches"),
    "gmacs": (float, "billions of multiply-accumulates"),
    "pass_ms": (float, "time of this pass on this machine, in milliseconds"),
}
"""The schema of window tables: the columns in order, and what each one holds."""

WindowRow = dict[str, Any]


def rows_of(result: WindowResult, file: str) -> list[WindowRow]:
    """A window's rows, one for each keep-rate, ascending."""
    exploration = result.exploration
    config, unpruned = exploration.config, result.unpruned
    window = {
        "file": file,
        "window": result.index,
        "start_s": round(result.start, 4),
        "end_s": round(result.end, 4),
        "silent": result.silent,
        "model": config.name,
        "weights_sha256": config.sha256,
        "score": result.score,
        "method": exploration.method,
        "blocks": " ".join(map(str, exploration.blocks)),
        "unpruned_answer": result.answer,
        "unpruned_probability": round(float(unpruned.probabilities[unpruned.answer]), 6),
        "patches": config.patches,
    }
    rows = []
    for point in result.points:
        rates = check_keep_rates(point.keep_rate, exploration.blocks)
        row = window | {
            "keep_rate": " ".join(f"{rate:g}" for rate in (rates if len(set(rates)) > 1 else rates[:1])),
            "answer": result.label(point),
            "probability": round(float(point.probabilities[point.answer]), 6),
            "flips": result.flips(point),
            "kept_patches": round(result.share_kept(point) * config.patches),
            "share_kept": round(result.share_kept(point), 6),
            "gmacs": round(point.macs / 1e9, 6),
            "pass_ms": round(point.seconds * 1e3, 3),
        }
        rows.append({name: row[name] for name in COLUMNS})
    return rows


def label_lines(rows: Iterable[WindowRow]) -> str:
    """Audacity's label track: one label a window, its answer and which keep-rates answer otherwise.

    The format is start, end and text with tabs between, times in seconds from the beginning of the file.
    """
    texts: dict[tuple[float, float], list[str]] = {}
    for row in rows:
        text = texts.setdefault((row["start_s"], row["end_s"]), [row["unpruned_answer"]])
        if row["flips"]:
            text.append(f"{row['keep_rate']}: {row['answer']}")
    return "".join(
        f"{start:.6f}\t{end:.6f}\t{' '.join('; '.join(text).split())}\n"
        for (start, end), text in texts.items()
    )


def write_labels(path: Path, rows: Iterable[WindowRow]) -> None:
    """Write a label track, see `label_lines`."""
    write_bytes(path, label_lines(rows).encode("utf-8", "backslashreplace"))


def check_table_name(path: Path) -> None:
    """Raise InputError unless a table can be written under this name here."""
    ending = check_ending(path, ".csv", ".parquet")
    if ending == ".parquet" and not find_spec("pyarrow"):
        raise InputError(
            'Writing Parquet needs one more package; install it with pip install "tpexplore[parquet]", or'
            " write a .csv file."
        )


def write_table(path: Path, rows: list[WindowRow]) -> None:
    """Write rows to a .csv or .parquet file, whole or not at all.

    In file names that are not UTF-8, invalid bytes are written as \\udcXX.
    """
    if path.suffix.lower() == ".parquet":
        _write_parquet(path, rows)
        return
    write_bytes(path, table_text(rows).encode("utf-8", "backslashreplace"))


def table_text(rows: Iterable[WindowRow]) -> str:
    """Rows as CSV, with the names of the columns first."""
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()


def _write_parquet(path: Path, rows: list[WindowRow]) -> None:
    import pyarrow
    from pyarrow import parquet

    types = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64(), bool: pyarrow.bool_()}
    columns = {
        name: pyarrow.array(
            [_utf8(row[name]) if kind is str else row[name] for row in rows], type=types[kind]
        )
        for name, (kind, _) in COLUMNS.items()
    }
    with whole_file(path) as file:
        parquet.write_table(pyarrow.table(columns), file)


def _utf8(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
