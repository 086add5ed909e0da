"""The models by task and family, for the menus on top of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tpexplore.checkpoints.bundled import bundled_card, bundled_names
from tpexplore.model.plan import FAMILY_NAMES

from .choices import ModelChoice
from .task_names import task_name


def menu_message(choices: Sequence[ModelChoice]) -> list[dict[str, Any]]:
    """For every model: its source, task, family, a line about it, and whether it is the user's own."""
    bundled = set(bundled_names())
    return [
        _entry(choice, bundled_card(choice.source)) if choice.source in bundled else _own_entry(choice)
        for choice in choices
    ]


def _entry(choice: ModelChoice, card: Mapping[str, Any]) -> dict[str, Any]:
    count = len(card["labels"])
    return {
        "source": choice.source,
        "task": task_name(card["task"], count),
        "family": FAMILY_NAMES[card["family"]],
        "hint": f"{choice.source}: {count} answers",
        "own": False,
    }


def _own_entry(choice: ModelChoice) -> dict[str, Any]:
    return {
        "source": choice.source,
        "task": choice.label,
        "family": "",
        "hint": "your own model",
        "own": True,
    }
