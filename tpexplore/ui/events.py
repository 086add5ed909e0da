"""Options of the page's events: their queue and visibility."""

from __future__ import annotations

# One analysis at a time for all events, because there are few cores.
MODEL_QUEUE = {"concurrency_limit": 1, "concurrency_id": "model"}
HIDDEN = {"api_visibility": "private"}
QUIET = {"show_progress": "hidden", **HIDDEN}
AT_ONCE = {"queue": False, **QUIET}
BROWSER_ONLY = {"fn": None, **AT_ONCE}
