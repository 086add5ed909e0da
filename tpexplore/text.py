"""Read text and JSON files in any common encoding: the one place that knows encodings."""

from __future__ import annotations

import codecs
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tpexplore.errors import InputError

BYTE_ORDER_MARKS = {  # the longer ones first: UTF-32's little-endian mark begins with UTF-16's
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8-sig",
}

_MARK = "\ufeff"


def read_text(path: Path) -> str:
    """A text file's content, with "\\n" at the end of lines.

    A byte order mark decides the encoding. Without one, zeros among the first bytes mean UTF-16 or UTF-32.
    Other files are read as UTF-8, or as cp1252 (spreadsheets on Windows) if they are not valid UTF-8.

    Raises
    ------
    InputError
        If the file is not text.
    """
    # Files joined end to end have marks inside; old DOS programs end a text with Ctrl-Z.
    text = _content(path).replace(_MARK, "").rstrip("\x1a")
    return io.StringIO(text, newline=None).read()


def load_json(path: Path, pairs_hook: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    """A JSON file's content, in any encoding that `read_text` knows.

    Strings stay unchanged, including byte order marks: the file may hold a digest of them.

    Parameters
    ----------
    pairs_hook : callable, optional
        Makes an object of its (name, value) pairs; a dict by default.

    Raises
    ------
    ValueError, RecursionError
        `tpexplore.errors.UNREADABLE_JSON`: if it is no JSON.
    """
    return json.loads(_content(path).lstrip(_MARK).rstrip("\x1a"), object_pairs_hook=pairs_hook)


def decoded(raw: bytes) -> str:
    """Bytes without a mark as text: UTF-8, else cp1252."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")  # differs in control characters only, and takes the bytes cp1252 lacks


def _content(path: Path) -> str:
    raw = path.read_bytes()
    marked = next((name for mark, name in BYTE_ORDER_MARKS.items() if raw.startswith(mark)), None)
    if marked is None and b"\0" in raw[:4]:
        marked = json.detect_encoding(raw)  # from the positions of the zeros, as in the JSON standard
    try:
        text = raw.decode(marked) if marked else decoded(raw)
    except UnicodeDecodeError:
        raise InputError(f"{path} is not a text file; it begins as {marked}, but the rest is not.") from None
    if "\0" in text:
        raise InputError(f"{path} is not a text file.")
    return text
