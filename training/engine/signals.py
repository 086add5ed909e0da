"""Hold back Ctrl-C, SIGTERM and SIGHUP until the training loop has saved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

KEPT = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def kept_signals() -> Iterator[list[int]]:
    """A list that collects these signals instead of ending the process; a second signal ends it.

    Signals that are ignored, as under nohup or in a script's background job, stay ignored.
    """
    arrived: list[int] = []
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set handlers
        yield arrived
        return

    def keep(number: int, _frame: object) -> None:
        arrived.append(number)
        restore()

    heeded = [number for number in KEPT if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, keep) for number in heeded}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    try:
        yield arrived
    finally:
        restore()
