"""A run folder belongs to one command at a time: the main process takes it for all that work together."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock

from tpexplore import locking
from training.system import parallel


def lock_folder(folder: Path) -> FileLock | None:
    """Make a folder and take it for this process, and those that it works with, until it ends.

    Keep the answer: the folder is free again when it is dropped, or when the process dies in whatever way.

    Raises
    ------
    InputError
        If another process has the folder.
    """
    return locking.lock_folder(folder) if parallel.is_main() else None
