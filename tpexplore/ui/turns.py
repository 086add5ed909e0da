"""Turns at something that only one may do at a time: first come, first served."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """A lock that, unlike `threading.Lock`, serves in the order of arrival; waiting has a time limit.

    Examples
    --------
    >>> turns = Turns()
    >>> with turns.take(1.0) as got:
    ...     got
    True
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._line: deque[threading.Event] = deque()

    @contextmanager
    def take(self, seconds: float) -> Iterator[bool]:
        """Wait at most ``seconds`` for a turn; yields whether the turn has come."""
        ticket = threading.Event()
        with self._lock:
            self._line.append(ticket)
            self._call_first()
        try:
            yield ticket.wait(seconds)
        finally:
            with self._lock:
                self._line.remove(ticket)
                self._call_first()

    def _call_first(self) -> None:
        if self._line:
            self._line[0].set()
