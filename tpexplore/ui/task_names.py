"""What a model recognises, in a word or two for people."""

from __future__ import annotations

# Part of the task that a card names -> what is said of it; a card with another task is called by that.
_TASKS = {
    "AudioSet": "Sounds (AudioSet)",
    "ESC-50": "{count} sounds",
    "Speech Commands": "{count} words",
    "DSPSpeech": "{count} speakers",
}


def task_name(task: str, count: int) -> str:
    """What to call a task with so many classes, e.g. "12 words"."""
    return next((name for part, name in _TASKS.items() if part in task), task).format(count=count)
