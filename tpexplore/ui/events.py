"""How the page's events run: in which queue, seen by whom."""

from __future__ import annotations

# One analysis at a time, whatever asks for it: the cores are few.
MODEL_QUEUE = {"concurrency_limit": 1, "concurrency_id": "model"}
HIDDEN = {"api_visibility": "private"}
QUIET = {"show_progress": "hidden", **HIDDEN}
AT_ONCE = {"queue": False, **QUIET}
BROWSER_ONLY = {"fn": None, **AT_ONCE}
