"""The pruning plan: which blocks prune, what by, how many patches stay. Needs no torch.

Blocks count from 1, as in the paper.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from numbers import Integral

from tpexplore.errors import InputError, short, shown

PRUNE_BLOCKS = (4, 7, 10)
"""Blocks that prune, counted from 1, as in the paper."""

STATISTICS = ("intensity", "variation")
"""Mean and standard deviation of a patch's values: computed before the model runs."""

SCORES = ("attention", *STATISTICS)
"""The paper's rankings; results files and the page hold these."""

CONTROLS = ("random", "time-even")
"""Further rankings to compare with: a random order, and the best by attention of every time column first."""

RANKINGS = SCORES + CONTROLS
BY_ATTENTION = ("attention", "time-even")
"""Rankings that read the pruning block's own attention; the others are known before it runs."""

METHODS = ("drop", "fuse", "merge")
"""What happens to the other patches: they are dropped (the paper), fused into one token (EViT), or merged
into the most similar ones (ToMe), which does not rank."""

KEEP_RATES = tuple(round(0.30 + 0.05 * i, 2) for i in range(15))
"""The sweep of the slider: 0.30, 0.35, … 1.00."""

FAMILIES = ("audiomae", "ast")
FAMILY_NAMES = {"audiomae": "AudioMAE", "ast": "AST"}
PREFIX_TOKENS = {"audiomae": 1, "ast": 2}
"""Tokens before the patches: CLS, and for AST the distillation token."""


def check_keep_rate(keep_rate: float) -> float:
    """Return ``keep_rate`` as a float, or raise InputError unless it lies in (0, 1]."""
    try:
        value = float(keep_rate)
    except OverflowError:
        raise InputError("The keep-rate is a huge number; expected one above 0 and up to 1.") from None
    except (TypeError, ValueError, RuntimeError):  # RuntimeError: a tensor of several values
        raise InputError(
            f"Keep-rate {shown(keep_rate)} is not a number; expected one above 0 and up to 1."
        ) from None
    if not 0 < value <= 1:
        raise InputError(
            f"Keep-rate {short(str(keep_rate))} is out of range; expected a number above 0 and up to 1."
        )
    return value


def check_keep_rates(
    keep_rate: float | Sequence[float], blocks: Sequence[int] = PRUNE_BLOCKS
) -> tuple[float, ...]:
    """One keep-rate for each pruning block, or InputError.

    Parameters
    ----------
    keep_rate : float or sequence of float
        One for all blocks, or one for each.
    blocks : sequence of int

    Examples
    --------
    >>> check_keep_rates(0.7), check_keep_rates((0.9, 0.5), blocks=(3, 6))
    ((0.7, 0.7, 0.7), (0.9, 0.5))
    """
    keep_rate = _plain(keep_rate)
    if isinstance(keep_rate, str) or not isinstance(keep_rate, Sequence):
        return (check_keep_rate(keep_rate),) * len(blocks)
    if len(keep_rate) != len(blocks):
        raise InputError(
            f"{_counted(len(keep_rate), 'keep-rate')} for {_counted(len(blocks), 'pruning block')};"
            " expected one for all blocks, or one for each."
        )
    return tuple(check_keep_rate(rate) for rate in keep_rate)


def shortest_keep_rate(rates: Sequence[float]) -> float | tuple[float, ...]:
    """Keep-rates of the blocks as one number where they are equal, else as they are."""
    return rates[0] if len(set(rates)) == 1 else tuple(rates)


def _plain(values: object) -> object:
    """An array or tensor as numbers and lists of them; anything else as it is."""
    try:
        return values.tolist() if hasattr(values, "tolist") else values
    except RuntimeError:  # a tensor without data
        return repr(values)


def check_whole(value: object, name: str, least: int, most: int = sys.maxsize) -> int:
    """Return ``value`` as an int, or raise InputError unless it is whole, from ``least`` to ``most``."""
    value = _plain(value)
    if not isinstance(value, Integral) or isinstance(value, bool) or not least <= value <= most:
        is_too_large = isinstance(value, Integral) and value > most
        limit = f"to {most}" if is_too_large or most != sys.maxsize else "up"
        raise InputError(f"{name} = {shown(value)}; expected a whole number from {least} {limit}.")
    return int(value)


def check_list(values: object, name: str) -> list:
    """Return the members of ``values``, or raise InputError if it is a single value and no list."""
    values = _plain(values)
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise InputError(f"{name} = {shown(values)}; expected a list, such as [{shown(values)}].")
    return list(values)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def check_blocks(blocks: Sequence[int], depth: int | None = None) -> tuple[int, ...]:
    """Return ``blocks`` as a tuple, or raise InputError unless they ascend from 1 up to ``depth``.

    ``depth`` is None if there is no model yet.
    """
    blocks = _plain(blocks)
    is_list = isinstance(blocks, Sequence) and not isinstance(blocks, (str, bytes))
    text = short(", ".join(map(str, blocks))) if is_list else shown(blocks)
    expected = "expected ascending whole numbers from 1" + (f" to {depth}" if depth else "")
    usable = (
        is_list
        and len(blocks) > 0
        and all(isinstance(block, Integral) and not isinstance(block, bool) for block in blocks)
        and list(blocks) == sorted(set(blocks))
        and 1 <= blocks[0] <= blocks[-1] <= (depth or blocks[-1])
    )
    if not usable:
        raise InputError(f"The pruning blocks are {text or 'none'}; {expected}.")
    return tuple(map(int, blocks))


def check_score(score: str) -> str:
    """Return ``score``, or raise InputError if it is not the name of a ranking."""
    if not isinstance(score, str) or score not in RANKINGS:
        raise InputError(f"Score {shown(score)} is unknown; expected one of {', '.join(RANKINGS)}.")
    return score


def check_method(method: str, score: str = SCORES[0]) -> str:
    """Return ``method``, or raise InputError if it is unknown or cannot be combined with ``score``."""
    if not isinstance(method, str) or method not in METHODS:
        raise InputError(f"Method {shown(method)} is unknown; expected one of {', '.join(METHODS)}.")
    if method == "merge" and score != SCORES[0]:
        raise InputError(
            f"Method 'merge' cannot rank by {score!r}: it merges patches with similar keys and does not rank."
            f" Leave the score at {SCORES[0]!r}."
        )
    return method


def scores_of(method: str) -> tuple[str, ...]:
    """The scores of a sweep by default."""
    return SCORES[:1] if method == "merge" else SCORES


def kept_count(keep_rate: float, present: int) -> int:
    """Patches kept out of ``present``: ceil(keep_rate × present), so never none.

    The small tolerance keeps binary rounding from adding a patch (0.55 × 100 is 55.00000000000001).
    """
    return max(1, math.ceil(keep_rate * present - 1e-9))


def keep_plan(
    keep_rate: float | Sequence[float], patches: int, blocks: Sequence[int] = PRUNE_BLOCKS
) -> dict[int, int]:
    """Patches left after each pruning block, e.g. ``{4: 359, 7: 252, 10: 177}`` for 0.7 of 512."""
    plan = {}
    for block, rate in zip(blocks, check_keep_rates(keep_rate, blocks), strict=True):
        patches = plan[block] = kept_count(rate, patches)
    return plan


def merge_rounds(n: int, k: int) -> list[tuple[int, int]]:
    """(tokens before, tokens after) of each round of matching; one round at most halves their number."""
    rounds = []
    while n > k:
        left = max(k, n - n // 2)
        rounds.append((n, left))
        n = left
    return rounds


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
