"""Ctrl-C and a polite kill, kept until the training loop has saved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

KEPT = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def kept_signals() -> Iterator[list[int]]:
    """A list that SIGINT and SIGTERM go into instead of ending the process; a second one ends it."""
    arrived: list[int] = []
    if threading.current_thread() is not threading.main_thread():  # only that one may choose
        yield arrived
        return

    def keep(number: int, _frame: object) -> None:
        arrived.append(number)
        restore()

    before = {number: signal.signal(number, keep) for number in KEPT}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    try:
        yield arrived
    finally:
        restore()
