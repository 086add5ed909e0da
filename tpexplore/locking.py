"""One process at a time in a folder: two writing into the same one would spoil it."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from tpexplore.errors import InputError

NAME = ".lock"


def lock_folder(folder: Path, other: str = "another folder") -> FileLock:
    """Make a folder and take it for this process until it ends.

    Keep the answer: the folder is free again when it is dropped, or when the process dies in whatever way.

    Parameters
    ----------
    other : str
        What a person may choose instead of waiting.

    Raises
    ------
    InputError
        If another process has the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / NAME, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(f"Another process is working in {folder}; wait for it or choose {other}.") from None
    return lock
