"""A measured line of a figure with its 95 % interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Series:
    """One line of a figure, with its 95 % interval if it has one; nan if there is no value."""

    name: str
    values: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None

    @property
    def has_interval(self) -> bool:
        return self.low is not None and self.high is not None

    def csv_columns(self) -> dict[str, Any]:
        """Data that puts the interval into a trace's CSV; empty without an interval."""
        if not self.has_interval:
            return {}
        ends = list(zip(self.low, self.high, strict=True))
        return {"customdata": ends, "meta": ["low 95 %", "high 95 %"]}
