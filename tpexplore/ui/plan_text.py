"""Which blocks prune and at which keep-rates, as the page, its link and the ZIP's request write it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tpexplore.errors import InputError
from tpexplore.model.plan import (
    KEEP_RATES,
    METHODS,
    PRUNE_BLOCKS,
    check_blocks,
    check_keep_rate,
    check_keep_rates,
    check_method,
    check_score,
    scores_of,
    shortest_keep_rate,
)

_NUMBERS = re.compile(r"\s*[\d.]{1,6}(\s*,\s*[\d.]{1,6})*\s*")


@dataclass(frozen=True)
class PruningPlan:
    """The page's pruning blocks and keep-rates.

    Attributes
    ----------
    blocks : tuple of int
    rates : tuple of float
        One keep-rate for each block; none where the page's one counts for all.
    """

    blocks: tuple[int, ...] = PRUNE_BLOCKS
    rates: tuple[float, ...] = ()

    @property
    def is_papers(self) -> bool:
        return self == PruningPlan()

    @property
    def sweep(self) -> Sequence[float | tuple[float, ...]]:
        """The keep-rates to analyse: all of the slider's, or the blocks' own and 1.0."""
        return (self.rates, 1.0) if self.rates else KEEP_RATES

    def keep_rate(self, rate: float) -> float | tuple[float, ...]:
        """The keep-rate, or the blocks' own, at a place of the slider."""
        return shortest_keep_rate(self.rates) if self.rates and rate < 1 else rate


def read_plan(blocks: Any, rates: Any, depth: int | None = None) -> PruningPlan:
    """The plan that two texts name, such as "3,6" and "0.9,0.5"; empty ones mean the paper's.

    Any number of blocks may prune; there are no keep-rates, or one for each block.

    Raises
    ------
    InputError
        If they are something else, keep-rates that prune nothing, or blocks that a model of ``depth`` blocks
        does not have.
    """
    chosen = tuple(map(int, _numbers(blocks, "The blocks", whole=True))) or PRUNE_BLOCKS
    chosen = check_blocks(chosen, depth)
    shares = _numbers(rates, "The keep-rates")
    rates = check_keep_rates(shares, chosen) if shares else ()
    if rates and min(rates) == 1:
        raise InputError("All keep-rates are 1, so nothing is pruned; expected one below 1.")
    return PruningPlan(chosen, rates)


def read_way(request: Mapping[str, Any], depth: int) -> dict[str, Any]:
    """A board's pruning settings as arguments of `explore` and `explore_windows`.

    Parameters
    ----------
    request : mapping
        With the ``keepRate``, ``score``, ``method``, ``blocks`` and ``rates`` of the page's state.
    depth : int
        Blocks of the model.

    Returns
    -------
    dict
        ``keep_rates`` (one), ``score``, ``method`` and ``blocks``.

    Raises
    ------
    InputError
        If any of it is something else.
    """
    plan = read_plan(request.get("blocks"), request.get("rates"), depth)
    rate, score = check_keep_rate(request.get("keepRate")), check_score(request.get("score"))
    method = check_method(request.get("method", METHODS[0]))
    # Merging ranks nothing, so the page's score does not count.
    score = score if score in scores_of(method) else scores_of(method)[0]
    return {
        "keep_rates": [plan.keep_rate(rate)],
        "score": score,
        "method": method,
        "blocks": plan.blocks,
    }


def _numbers(text: Any, what: str, whole: bool = False) -> list[float]:
    if text in (None, ""):
        return []
    kind = "whole numbers" if whole else "numbers"
    problem = InputError(f"{what} are {str(text)[:40]!r}; expected {kind} with commas between them.")
    if not isinstance(text, str) or not _NUMBERS.fullmatch(text):
        raise problem
    try:
        return [int(part) if whole else float(part) for part in text.split(",")]
    except ValueError:
        raise problem from None
