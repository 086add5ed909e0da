"""One process at a time in a folder: two writing into the same run would spoil it."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from tpexplore.errors import InputError
from training.engine import parallel

NAME = ".lock"


def lock_folder(folder: Path) -> FileLock | None:
    """Make a folder and take it for this process, and those that it works with, until it ends.

    Keep the answer: the folder is free again when it is dropped, or when the process dies in whatever way.

    Raises
    ------
    InputError
        If another process has the folder.
    """
    if not parallel.is_main():
        return None
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / NAME, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(
            f"Another process is working in {folder}; wait for it or choose another folder."
        ) from None
    return lock
