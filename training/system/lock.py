"""One command at a time uses a run folder: its main process locks the folder for all its processes."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock

from tpexplore import locking
from training.system import parallel


def lock_folder(folder: Path) -> FileLock | None:
    """Make a folder and lock it for this process and those that it works with.

    Keep the returned lock: the folder is released when the lock is dropped or the process ends in any way.

    Raises
    ------
    InputError
        If another process has locked the folder.
    """
    return locking.lock_folder(folder) if parallel.is_main() else None
