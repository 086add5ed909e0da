"""How findings are judged: contrasts, numbers above 0 where a finding holds, and one rule for all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tpexplore.results.measures import Measure, above_and_below

CONFIRMED, MIXED, NOT_CONFIRMED = "Confirmed", "Mixed", "Not confirmed"
NOT_MEASURED = "Not measured"
VERDICTS = (CONFIRMED, MIXED, NOT_CONFIRMED, NOT_MEASURED)


@dataclass(frozen=True)
class Contrast:
    """One number that a finding is judged by: above 0 where the finding holds."""

    models: tuple[str, ...]
    """One model, or two that are compared."""
    what: str
    """What is compared, as readable text."""
    margin: Measure
    statistic: str = ""
    """"intensity" or "variation", if the number is about one of them."""
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
class Finding:
    """A finding of the paper, in the words in which it is judged here: nothing that is measured."""

    number: str
    text: str
    holds: str
    """What a number above 0 means: "Attention is more accurate"."""
    fails: str
    """What a number below 0 means."""
    axis: str
    """What the contrasts' numbers are, along an axis that points to the finding."""
    compared: str
    """What the contrasts are, for the rule."""
    caveat: str


@dataclass(frozen=True)
class Facts:
    """What was measured about a finding."""

    contrasts: Sequence[Contrast]
    summary: str
    """The sentence with the numbers; empty where there are none."""
    lines: Sequence[Line] = ()
    plain: str = ""
    """A sentence instead of the one made of what numbers above and below 0 mean."""
    caveat: str = ""
    """Numbers that end the finding's caveat."""
    tasks: Sequence[str] | None = None
    """The tasks concerned; None for all."""


@dataclass(frozen=True)
class Verdict:
    """One finding of the paper and what our models say to it."""

    number: str
    finding: str
    verdict: str
    plain: str
    """Our models' result in one sentence without their numbers."""
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
        above, below = above_and_below(margins(self.contrasts))
        n = len(self.contrasts)
        return f"{above} of {n} comparison{'s' * (n > 1)} for it, {below} against"


RULE = (
    "Confirmed if every 95 % interval is above 0, not confirmed if none is, otherwise mixed; a number"
    " without an interval counts by its side of 0."
)


def judge(contrasts: Iterable[Contrast]) -> str:
    """The rule, `RULE`, in code."""
    held = [contrast.sign > 0 for contrast in contrasts]
    if not held:
        return NOT_MEASURED
    return CONFIRMED if all(held) else MIXED if any(held) else NOT_CONFIRMED


def margins(contrasts: Iterable[Contrast]) -> list[Measure]:
    """The numbers of contrasts."""
    return [c.margin for c in contrasts]
