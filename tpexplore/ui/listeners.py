"""The live listeners: a buffer for each browser, a limit, and removal of those who have left."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tpexplore.errors import InputError
from tpexplore.signal.ring import RingBuffer

from .turns import Turns

MOST_LISTENERS = 8
"""More at once would each get too few updates to call it live."""

LIFETIME_SECONDS = 10.0
"""A browser does not report when it is closed, so one that sends no sound for this long counts as gone."""

_ID = re.compile(r"[0-9a-f-]{16,64}")


@dataclass
class Listener:
    """One browser that sends sound.

    Attributes
    ----------
    source : tuple
        The buffer's key, e.g. model and sample rate; with another key the buffer starts again.
    ring : RingBuffer
    heard_at : float
        When it last sent something.
    busy : threading.Lock
        Held while a piece of its sound is taken in and analysed.
    """

    source: tuple
    ring: RingBuffer
    heard_at: float
    busy: threading.Lock = field(default_factory=threading.Lock)


class Listeners:
    """All who are listening now.

    Parameters
    ----------
    clock : callable
        Seconds, ascending.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self.turns = Turns()
        self._clock = clock
        self._lock = threading.Lock()
        self._all: dict[str, Listener] = {}

    def __len__(self) -> int:
        return len(self._all)

    def get(self, id: str, source: tuple, make: Callable[[], RingBuffer]) -> Listener:
        """The listener with a browser's random name, or a new one.

        Raises
        ------
        InputError
            If the name is not one, or there are too many listeners already.
        """
        if not isinstance(id, str) or not _ID.fullmatch(id):
            raise InputError("The page lost its session; please reload it.")
        now = self._clock()
        with self._lock:
            self._sweep(now)
            listener = self._all.get(id)
            if listener is None and len(self._all) >= MOST_LISTENERS:
                raise InputError(
                    f"{MOST_LISTENERS} people are listening live already. Please try again in a minute."
                )
            if listener is None or listener.source != source:
                listener = self._all[id] = Listener(source, make(), now)
            listener.heard_at = now
            return listener

    def drop(self, id: str) -> bool:
        """Forget a browser and its sound; whether there was something to forget."""
        with self._lock:
            self._sweep(self._clock())
            return self._all.pop(id, None) is not None

    def _sweep(self, now: float) -> None:
        for id, listener in list(self._all.items()):
            if now - listener.heard_at > LIFETIME_SECONDS:
                del self._all[id]
