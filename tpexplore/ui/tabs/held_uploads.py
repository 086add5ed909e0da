"""Uploads that stay on the server while a page shows them, and not longer."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path


class HeldUploads:
    """Which pages hold which files; one that no page holds any longer is removed.

    Gradio stores equal files once, so two people may hold the same.
    """

    def __init__(self):
        self._pages: dict[str, set[Path]] = {}
        self._lock = threading.Lock()

    def hold(self, page: str, paths: Iterable[Path]) -> None:
        """Replace the files that a page holds."""
        with self._lock:
            let_go = self._pages.pop(page, set())
            if paths := set(paths):
                self._pages[page] = paths
            for path in let_go - set().union(*self._pages.values()):
                path.unlink(missing_ok=True)

    def release(self, page: str) -> None:
        """Release all files of a page that was left."""
        self.hold(page, ())
