"""One process at a time in a folder or on a file: two that write into the same one would spoil it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from tpexplore.errors import InputError
from tpexplore.writing import remove_parts

NAME = ".lock"


def lock_folder(folder: Path, other: str = "another folder") -> FileLock:
    """Make a folder and lock it for this process; delete files that a killed process left half-written.

    Keep the returned lock: the folder is free again when the lock is garbage-collected or the process ends.

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
    lock = _taken(folder / NAME, f"in {folder}", other)
    remove_parts(folder)
    return lock


@contextmanager
def locked_beside(path: Path) -> Iterator[None]:
    """Lock a file or folder that is about to be made, with a file NAME.lock beside it until the end.

    Raises
    ------
    InputError
        If another process has locked it.
    """
    place = path.with_name(path.name + NAME)
    lock = _taken(place, f"on {path}", "another name")
    try:
        yield
    finally:
        with suppress(OSError):  # before it is free: another process may take it at once
            place.unlink()
        lock.release()


def _taken(file: Path, where: str, other: str) -> FileLock:
    lock = FileLock(file, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise InputError(f"Another process is working {where}; wait for it or choose {other}.") from None
    except NotImplementedError:  # some network disks
        raise InputError(
            f"The disk with {file.parent} does not support file locks; choose another disk."
        ) from None
    return lock
