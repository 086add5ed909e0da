"""Numbers as texts, written alike on the page, in figures and in the READMEs."""

from __future__ import annotations


def number(value: float, form: str = ".2f") -> str:
    """With a real minus sign, and none before a zero."""
    text = format(value, form)
    return text.lstrip("+-") if float(text) == 0 else text.replace("-", "−")


def percent(share: float | str, form: str = ".0f") -> str:
    """ "50 %", which no line break divides; ``share`` is 0.5, or the "0.50" that results files write."""
    return f"{number(100 * float(share), form)}\u00a0%"
