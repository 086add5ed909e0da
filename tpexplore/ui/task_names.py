"""Readable short names of what a model recognises."""

from __future__ import annotations

# Part of a card's task -> its readable name; any other task is shown unchanged.
_TASKS = {
    "AudioSet": "Sounds (AudioSet)",
    "ESC-50": "{count} sounds",
    "Speech Commands": "{count} words",
    "DSPSpeech": "{count} speakers",
}


def task_name(task: str, count: int) -> str:
    """The name of a task with ``count`` classes, e.g. "12 words"."""
    return next((name for part, name in _TASKS.items() if part in task), task).format(count=count)
