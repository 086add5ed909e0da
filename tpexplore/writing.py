"""The one way files are written: whole or not at all, so that a reader never sees half of one."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: Path, keep_as: Path | None = None) -> Iterator[BinaryIO]:
    """A file to write to, that takes the place of ``path`` once everything is on the disk.

    Folders above it are made. When writing fails or is interrupted, what stood at ``path`` stays and
    nothing else is left.

    Parameters
    ----------
    keep_as : Path, optional
        Where to keep what stood at ``path`` before.

    Raises
    ------
    OSError
        With the file's name, if the disk refuses; `tpexplore.errors.sentence_of` puts it into words.
    """
    part = path.with_name(path.name + ".part")
    with named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            if keep_as is not None and path.exists():
                path.replace(keep_as)
            part.replace(path)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Give an OSError inside, e.g. of a full disk, the name of the file that it is about."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            error.filename = str(path)
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    with whole_file(path) as file:
        file.write(content)


def write_json(path: Path, content: object) -> None:
    """Write indented JSON, in UTF-8, whole or not at all."""
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    # File names need not be UTF-8 on Linux; as \udcXX, which JSON knows, they come back unchanged.
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def append_line(path: Path, line: str) -> None:
    """Add a line to a text file."""
    with named(path), path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
