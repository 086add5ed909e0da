"""Sentences about measured numbers: how many lie above 0, what their range is, on how little they rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tpexplore.results.judging import Contrast, Line, margins
from tpexplore.results.measures import Measure, above_and_below, range_text, with_interval
from tpexplore.results.store import Evidence, find


def plain_sentence(contrasts: Sequence[Contrast], holds: str, fails: str) -> str:
    """How often the numbers lie clearly above 0, and below, in one sentence."""
    n = len(contrasts)
    if not n:
        return "Not measured yet."
    above, below = above_and_below(margins(contrasts))
    if not above and not below:
        return "The difference is too small to call" + (f" in all {n} comparisons." if n > 1 else ".")
    if n == 1:
        return f"{holds if above else fails}."
    most = above or below
    text = f"{holds if above else fails} in {'all' if most == n else f'{most} of'} {n} comparisons"
    if above and below:
        text += f", the other way round in {below}"
    if unclear := n - above - below:
        text += f"; {unclear} {'is' if unclear == 1 else 'are'} too close to call"
    return f"{text}."


def smallness(models: Sequence[Evidence]) -> str:
    """How little a verdict rests on, from the models' cards."""
    models = [e for e in models if e.results or e.analysis]
    if not models:
        return ""
    parameters = [e.card["parameters"] / 1e6 for e in models if e.card.get("parameters")]
    clips = [n for e in models if (n := find(e.card, "data", "training_clips"))]
    tested = [n for e in models if (n := e.analysis.get("n") or e.results.get("n"))]
    size = f" of {range_text(parameters, '.1f')} M parameters" if parameters else ""
    trained = f" trained on {range_text(clips, ',.0f')} clips" if clips else ""
    on = f" and tested on {range_text(tested, ',.0f')}" if tested else ""
    return f"One seed each, small models{size}{trained}{on}."


def line_of(label: str, evidence: Mapping[str, Evidence], cell_of: Callable[[Evidence], str | None]) -> Line:
    """``cell_of`` gives a model's cell, or None."""
    return Line(label, {name: text for name, e in evidence.items() if (text := cell_of(e))})


def span(named: Sequence[tuple[str, Measure]], form: str) -> str:
    """ "is x (name)", or "runs from x (name) to y (other name)"."""
    ordered = sorted(named, key=lambda pair: pair[1].value)
    ends = [f"{with_interval(m, form)} ({name})" for name, m in (ordered[0], ordered[-1])]
    return f"is {ends[0]}" if len(ordered) == 1 else f"runs from {ends[0]} to {ends[1]}"


def counted(measures: Sequence[Measure], what: str = "comparisons") -> str:
    """In how many the interval lies above 0, and in how many below."""
    above, below = above_and_below(measures)
    return f"the interval lies above 0 in {above} of {len(measures)} {what} and below 0 in {below}"


def percent_text(m: Measure | None, form: str) -> str | None:
    """A fraction in percent, or a difference of two in points, with its interval; None for None."""
    return m and with_interval(m.scaled(100), form)
