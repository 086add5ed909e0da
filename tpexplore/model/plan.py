"""The pruning plan: which blocks prune, what by, how many patches stay. Needs no torch.

Blocks count from 1, as in the paper.
"""

from __future__ import annotations

import math

from tpexplore.errors import InputError

PRUNE_BLOCKS = (4, 7, 10)
"""Blocks that prune, counted from 1, as in the paper."""

SCORES = ("attention", "intensity", "variation")
"""What a patch can be ranked by."""

KEEP_RATES = tuple(round(0.30 + 0.05 * i, 2) for i in range(15))
"""The sweep of the slider: 0.30, 0.35, … 1.00."""

FAMILIES = ("audiomae", "ast")
PREFIX_TOKENS = {"audiomae": 1, "ast": 2}
"""Tokens before the patches: CLS, and for AST the distillation token."""


def check_keep_rate(keep_rate: float) -> float:
    """Return ``keep_rate`` as a float, or raise InputError unless it lies in (0, 1]."""
    try:
        value = float(keep_rate)
    except (TypeError, ValueError):
        raise InputError(
            f"Keep-rate {keep_rate!r} is not a number; expected one above 0 and up to 1."
        ) from None
    if not 0 < value <= 1:
        raise InputError(f"Keep-rate {keep_rate} is out of range; expected a number above 0 and up to 1.")
    return value


def check_score(score: str) -> str:
    """Return ``score``, or raise InputError if it is no score's name."""
    if score not in SCORES:
        raise InputError(f"Score {score!r} is unknown; expected one of {', '.join(SCORES)}.")
    return score


def kept_count(keep_rate: float, present: int) -> int:
    """Patches kept out of ``present``: ceil(keep_rate × present), so never none.

    The small tolerance keeps binary rounding from adding a patch (0.55 × 100 is 55.00000000000001).
    """
    return max(1, math.ceil(keep_rate * present - 1e-9))


def keep_plan(keep_rate: float, patches: int) -> dict[int, int]:
    """Patches left after each pruning block, e.g. ``{4: 359, 7: 252, 10: 177}`` for 0.7 of 512."""
    plan = {}
    for block in PRUNE_BLOCKS:
        patches = plan[block] = kept_count(keep_rate, patches)
    return plan


def scheduled_keep_rate(step: float, base: float, start: float, duration: float) -> float:
    """Keep-rate at one training step: 1 before ``start``, then a half cosine down to ``base``.

    EViT's schedule (Liang et al. 2022), evaluated per step. ``step``, ``start`` and ``duration``
    share any one unit.
    """
    if step < start:
        return 1.0
    if step >= start + duration:
        return base
    return base + (1 - base) * (math.cos(math.pi * (step - start) / duration) + 1) / 2
