"""A measured line of a figure with its 95 % interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Series:
    """One line of a figure, with its 95 % interval where it has one; nan where there is no value."""

    name: str
    values: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None

    @property
    def has_interval(self) -> bool:
        return self.low is not None and self.high is not None

    def csv_columns(self) -> dict[str, Any]:
        """What a trace carries so that its CSV has the interval; nothing without one."""
        if not self.has_interval:
            return {}
        ends = list(zip(self.low, self.high, strict=True))
        return {"customdata": ends, "meta": ["low 95 %", "high 95 %"]}
