"""Lists and tables with any usual delimiter, number format and spelling of file names."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Collection, Iterable
from pathlib import Path, PurePosixPath

from tpexplore.errors import InputError
from tpexplore.text import decoded, read_text

DELIMITERS = (",", ";", "\t", "|")
"""Comma; semicolon, where spreadsheets use decimal commas; tab, for their "Unicode text"; bar."""


_PREFACE = re.compile(r'\A(?:\s*"?(?:#.*|sep=."?[,;|]*)\n)+', re.IGNORECASE)
_COMMENT = re.compile(r"^[ \t]*#.*\n?", re.MULTILINE)


def read_lines(path: Path) -> list[tuple[int, str]]:
    """Number, from 1, and content of every line, except empty ones, bare delimiters and comments."""
    lines = ((number, line.strip(" ,;\t")) for number, line in enumerate(read_text(path).split("\n"), 1))
    return [(number, line) for number, line in lines if line and not line.startswith("#")]


def read_rows(text: str, delimiter: str = ",") -> list[list[str]]:
    """Rows of a table without those that are empty; cells lose the spaces around them."""
    rows = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)
    stripped = ([cell.strip() for cell in row] for row in rows)
    return [row for row in stripped if any(row)]


def without_comments(text: str) -> str:
    """A table without lines that begin with "#", and without Excel's "sep=;" before its header."""
    return _COMMENT.sub("", _PREFACE.sub("", text))


def read_table(path: Path, columns: Collection[str], expected: str) -> list[dict[str, str]]:
    """Rows of a table with a header, as dicts of the named columns.

    Upper and lower case in the header do not matter; further columns and trailing delimiters are ignored.

    Parameters
    ----------
    columns : names in lower case that the header must have
    expected : str
        What the file should be, for the error message.

    Raises
    ------
    InputError
        If a column, one of its cells or every row is missing, or a column appears twice.
    """
    text = without_comments(read_text(path))
    try:
        tables = [read_rows(text, delimiter) for delimiter in DELIMITERS]
    except csv.Error as error:
        raise InputError(f"{path} is not a table ({error}); expected {expected}.") from error
    headers = [[name.lower() for name in rows[0]] if rows else [] for rows in tables]
    # The file's delimiter is the one that gives most of the columns.
    best = max(range(len(tables)), key=lambda i: len(set(columns) & set(headers[i])))
    header, rows = headers[best], tables[best][1:]
    if absent := set(columns) - set(header):
        raise InputError(f"{path} has no column {min(absent)}; expected {expected}.")
    if twice := [name for name in columns if header.count(name) > 1]:
        raise InputError(f"{path} has the column {min(twice)} twice; expected {expected}.")
    if not rows:
        raise InputError(f"{path} has no rows; expected {expected}.")
    records = []
    for number, row in enumerate(rows, 1):
        cells = dict(zip(header, row, strict=False))
        if empty := [name for name in columns if not cells.get(name)]:
            raise InputError(f"Row {number} of {path} has no {min(empty)}; expected {expected}.")
        records.append({name: cells[name] for name in columns})
    return records


def whole_number(text: str, what: str) -> int:
    """A whole number that a spreadsheet may have written as "1.0" or "1,0".

    >>> whole_number("3.0", "fold")
    3
    """
    try:
        value = float(text.replace(",", "."))
        if value != int(value):
            raise ValueError
    except (ValueError, OverflowError):
        raise InputError(f"{what} is {text!r}; expected a whole number.") from None
    return int(value)


def same_name(name: str) -> str:
    """A file's path in one form for lists and disks: forward slashes, composed accents, no leading "./".

    macOS stores "ü" as two characters where lists have one; Windows lists have backslashes, and Windows
    archives leave cp1252 names on other systems.

    >>> same_name(".\\\\gru\\u0308n\\\\1.wav")
    'grün/1.wav'
    """
    name = decoded(name.encode("utf-8", "surrogateescape"))
    return str(PurePosixPath(unicodedata.normalize("NFC", name).replace("\\", "/")))


def stem_of(name: str) -> str:
    """The last part of `same_name`, without its ending."""
    return PurePosixPath(same_name(name)).stem


def by_stem(paths: Iterable[Path]) -> dict[str, Path]:
    """Files by `stem_of` their names."""
    return {stem_of(path.name): path for path in paths}
