"""How commands and their worker processes end.

Ctrl-C while modules are imported gives one line and exit code 130, as at any other time. Python itself
raises KeyboardInterrupt, which a compiled module that is being imported turns into an ImportError with a
traceback. A command has nothing to save before its imports are done, so it ends at once.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130
STOPPED = "Stopped."

NO_PROCESSES = (OSError, NotImplementedError, ImportError)
"""What making a pool of processes raises where the system has no semaphores for it, as without /dev/shm."""


def end_on_interrupt() -> None:
    """Let Ctrl-C end the process, until `raise_on_interrupt`; not where it is ignored or handled already."""
    if _ours_to_set() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def raise_on_interrupt() -> None:
    """Let Ctrl-C raise KeyboardInterrupt again."""
    if _ours_to_set() and signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def ended_by_interrupt() -> Iterator[None]:
    """Around imports that take seconds."""
    end_on_interrupt()
    try:
        yield
    finally:
        raise_on_interrupt()


def end_with_parent() -> None:
    """In a worker: leave Ctrl-C to the process that started it, and end when that is gone, even if killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def wait() -> None:
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _ours_to_set() -> bool:
    return threading.current_thread() is threading.main_thread()


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    os.write(2, f"{STOPPED}\n".encode())
    os._exit(INTERRUPTED)
