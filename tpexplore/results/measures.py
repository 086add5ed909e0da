"""Measured numbers with their 95 % intervals: reading, subtracting, averaging and writing them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

from tpexplore.numbers import number


@dataclass(frozen=True)
class Measure:
    """A measured number with its 95 % interval, where it has one."""

    value: float
    low: float | None = None
    high: float | None = None

    def scaled(self, factor: float) -> Measure:
        """The same in another unit."""
        return Measure(*(None if x is None else x * factor for x in (self.value, self.low, self.high)))

    @property
    def sign(self) -> int:
        """1 or -1 where the whole interval lies above or below 0, else 0; without one, the value's sign."""
        if self.low is None or self.high is None:
            return (self.value > 0) - (self.value < 0)
        return (self.low > 0) - (self.high < 0)


def read_measure(cell: Any) -> Measure | None:
    """A results file's {"value", "ci95"}, or its bare number; None if there is no finite number."""
    if isinstance(cell, Mapping):
        interval = cell.get("ci95") or ()
        low, high = map(_finite, interval) if len(interval) == 2 else (None, None)
        value = _finite(cell.get("value"))
    else:
        value, low, high = _finite(cell), None, None
    if value is None:
        return None
    return Measure(value, low, high) if low is not None and high is not None else Measure(value)


def _finite(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


# The two sides of a difference or ratio are treated as independent. If they come from the same clips, the
# interval is too wide, so any doubt counts against the claim.


def minus(a: Measure, b: Measure) -> Measure:
    """a - b."""
    value = a.value - b.value
    if None in (a.low, a.high, b.low, b.high):
        return Measure(value)
    return Measure(
        value,
        value - math.hypot(a.value - a.low, b.high - b.value),
        value + math.hypot(a.high - a.value, b.value - b.low),
    )


def over(a: Measure, b: Measure) -> Measure:
    """a / b for b above 0, to first order."""
    value = a.value / b.value
    if None in (a.low, a.high, b.low, b.high):
        return Measure(value)
    low = math.hypot(a.value - a.low, value * (b.high - b.value)) / b.value
    high = math.hypot(a.high - a.value, value * (b.value - b.low)) / b.value
    return Measure(value, max(0.0, value - low), value + high)


def negative(m: Measure) -> Measure:
    return Measure(-m.value) if m.low is None else Measure(-m.value, -m.high, -m.low)


def mean_of(measures: Iterable[Measure]) -> Measure:
    """Mean of numbers that may go together to any degree: their intervals are averaged, not narrowed."""
    measures = list(measures)
    if any(m.low is None or m.high is None for m in measures):
        return Measure(sum(m.value for m in measures) / len(measures))
    return Measure(*(sum(part) / len(measures) for part in zip(*map(astuple, measures), strict=True)))


def with_interval(m: Measure, form: str) -> str:
    """A number with its interval: "−1.2 [−2.3, −0.1]"."""
    value, *ends = (number(x, form) for x in (m.value, m.low, m.high) if x is not None)
    return f"{value} [{', '.join(ends)}]" if ends else value


def range_text(values: Sequence[float], form: str) -> str:
    """ "1,000 to 2,000", or one number where all read alike."""
    low, high = number(min(values), form), number(max(values), form)
    return low if low == high else f"{low} to {high}"


def above_and_below(measures: Iterable[Measure]) -> tuple[int, int]:
    """How many numbers lie above 0, and how many below, each with its whole interval (`Measure.sign`)."""
    signs = [m.sign for m in measures]
    return signs.count(1), signs.count(-1)


def join(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
