"""How findings are judged: contrasts, numbers above 0 where a finding holds, and one rule for all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tpexplore.results.measures import Measure, join, range_text, with_interval
from tpexplore.results.store import Evidence, find

CONFIRMED, MIXED, NOT_CONFIRMED = "Confirmed", "Mixed", "Not confirmed"
NOT_MEASURED = "Not measured"
VERDICTS = (CONFIRMED, MIXED, NOT_CONFIRMED, NOT_MEASURED)


@dataclass(frozen=True)
class Contrast:
    """One number that a finding is judged by: above 0 where the finding holds."""

    models: tuple[str, ...]
    """One model, or two that are compared."""
    what: str
    """What is compared, for people."""
    margin: Measure
    statistic: str = ""
    """"intensity" or "variation", where it is about one of them."""
    keep_rate: str = ""
    block: str = ""

    @property
    def model(self) -> str:
        """The models, for people."""
        return " over ".join(self.models)

    @property
    def sign(self) -> int:
        """1 or -1 where the whole interval lies above or below 0, else 0; without one, the number's side."""
        return self.margin.sign


@dataclass(frozen=True)
class Line:
    """One quantity, for every model that has it."""

    label: str
    cells: dict[str, str]


@dataclass(frozen=True)
class Verdict:
    """One finding of the paper and what our models say to it."""

    number: str
    finding: str
    verdict: str
    plain: str
    """What our models say to it, in one sentence without numbers of theirs."""
    axis: str
    """What the contrasts' numbers are, along an axis that points to the finding."""
    summary: str
    """The sentence with the numbers, or why there are none."""
    caveat: str
    basis: str
    """How little it rests on."""
    compared: str
    """What the contrasts are, for the rule."""
    lines: tuple[Line, ...] = ()
    contrasts: tuple[Contrast, ...] = field(default=(), repr=False)

    @property
    def tally(self) -> str:
        """How many comparisons are for it and against it."""
        above, below = (sum(c.sign == sign for c in self.contrasts) for sign in (1, -1))
        n = len(self.contrasts)
        return f"{above} of {n} comparison{'s' * (n > 1)} for it, {below} against"


RULE = (
    "Confirmed where every 95 % interval lies above 0, not confirmed where none does, mixed between; a number"
    " without an interval counts by its side of 0."
)


def judge(contrasts: Iterable[Contrast]) -> str:
    """The rule, `RULE`, in code."""
    held = [contrast.sign > 0 for contrast in contrasts]
    if not held:
        return NOT_MEASURED
    return CONFIRMED if all(held) else MIXED if any(held) else NOT_CONFIRMED


def make_verdict(
    evidence: Mapping[str, Evidence],
    contrasts: Sequence[Contrast],
    lines: Sequence[Line],
    *,
    number: str,
    finding: str,
    holds: str,
    fails: str,
    axis: str,
    summary: str,
    compared: str,
    caveat: str,
    about: Sequence[str] | None = None,
    plain: str = "",
) -> Verdict:
    """Judge, and say what is missing and how little it rests on.

    Parameters
    ----------
    holds, fails : str
        What it means that a number lies above 0, and below: "Attention is more accurate".
    axis : str
        What the numbers are, for an axis that points to the finding.
    about : sequence of str, optional
        The tasks concerned; all where it is left out.
    plain : str
        A sentence instead of the one made of ``holds`` and ``fails``.
    """
    judged = {name for c in contrasts for name in c.models}
    concerned = [name for name, e in evidence.items() if about is None or e.task in about]
    missing = [name for name in concerned if name not in judged]
    parts = [summary.strip() or "The files hold none of these numbers yet."]
    if missing and summary:
        parts.append(f"Not measured yet: {join(missing)}.")
    models = [e for e in evidence.values() if e.name in judged]
    return Verdict(
        number=number,
        finding=finding,
        verdict=judge(contrasts),
        plain=plain or plain_sentence(contrasts, holds, fails),
        axis=axis,
        summary=" ".join(parts),
        caveat=f"{caveat}." if models else "",
        basis=smallness(models),
        compared=compared,
        lines=tuple(line for line in lines if line.cells),
        contrasts=tuple(contrasts),
    )


def plain_sentence(contrasts: Sequence[Contrast], holds: str, fails: str) -> str:
    """How often the numbers lie clearly above 0, and below, in one sentence."""
    n = len(contrasts)
    if not n:
        return "Not measured yet."
    above, below = (sum(c.sign == sign for c in contrasts) for sign in (1, -1))
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
    trained = f" trained on {range_text(clips, ',d')} clips" if clips else ""
    on = f" and tested on {range_text(tested, ',d')}" if tested else ""
    return f"One seed each, small models{size}{trained}{on}."


def line_of(label: str, evidence: Mapping[str, Evidence], cell_of: Callable[[Evidence], str | None]) -> Line:
    """``cell_of`` gives a model's cell, or None."""
    return Line(label, {name: text for name, e in evidence.items() if (text := cell_of(e))})


def margins(contrasts: Iterable[Contrast]) -> list[Measure]:
    """The numbers of contrasts."""
    return [c.margin for c in contrasts]


def span(named: Sequence[tuple[str, Measure]], form: str) -> str:
    """ "is x (name)", or "runs from x (name) to y (other name)"."""
    ordered = sorted(named, key=lambda pair: pair[1].value)
    ends = [f"{with_interval(m, form)} ({name})" for name, m in (ordered[0], ordered[-1])]
    return f"is {ends[0]}" if len(ordered) == 1 else f"runs from {ends[0]} to {ends[1]}"


def counted(measures: Sequence[Measure], what: str = "comparisons") -> str:
    """In how many the interval lies above 0, and in how many below."""
    above, below = (sum(m.sign == sign for m in measures) for sign in (1, -1))
    return f"the interval lies above 0 in {above} of {len(measures)} {what} and below 0 in {below}"
