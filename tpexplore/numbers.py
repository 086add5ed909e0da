"""Numbers as texts, written alike on the page, in figures and in the READMEs."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext


def number(value: float, form: str = ".2f") -> str:
    """With a real minus sign, and none before a zero.

    A half goes up, as in the browser, where Python's own ``format`` takes the even digit: 217 of 400 clips,
    54.25 %, read 54.3 % everywhere.
    """
    with localcontext() as context:
        context.rounding = ROUND_HALF_UP
        text = format(Decimal(float(value)), form)
    return text.lstrip("+-") if float(text.replace(",", "")) == 0 else text.replace("-", "−")


def percent(share: float | str, form: str = ".0f") -> str:
    """ "50 %", which no line break divides; ``share`` is 0.5, or the "0.50" that results files write."""
    return f"{number(100 * float(share), form)}\u00a0%"
