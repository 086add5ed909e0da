"""Finding 1: attention is the better score at low keep-rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from tpexplore.model.plan import STATISTICS
from tpexplore.numbers import number, percent
from tpexplore.results.judging import Contrast, Facts, Finding, margins
from tpexplore.results.measures import Measure, join
from tpexplore.results.sentences import counted, line_of, percent_text, span
from tpexplore.results.store import Evidence, find

QUOTED_RATE = "0.40"
"""The lowest keep-rate of the paper's Table I, whose numbers go into the sentence."""


@dataclass(frozen=True)
class Comparison:
    """One way to compare the scores."""

    source: str
    """Which file of a model's evidence holds it."""
    low_rates: tuple[str, ...]
    """What "low keep-rates" means there."""
    trained: str
    """How the measured models were trained, as readable text."""


def _listed(rates: Sequence[str]) -> str:
    return join([percent(rate) for rate in rates])


SHARED = Comparison("results", ("0.30", "0.40", "0.50"), "one checkpoint for all scores")
TRAINED = Comparison("scores", ("0.40", "0.60"), "a training for each score")

FINDING = Finding(
    number="1",
    text="Attention beats intensity and variation as the score at low keep-rates.",
    holds="Ranking by attention is more accurate",
    fails="Ranking by attention is less accurate",
    axis="attention ahead, points of accuracy",
    compared="accuracy by attention minus accuracy by intensity or variation on the same clips, in"
    f" points, for each model at keep-rates {_listed(SHARED.low_rates)}",
    caveat="The paper trained a model for each score; here one checkpoint serves all three, having seen"
    " attention most",
)
TRAINED_FINDING = replace(
    FINDING,
    compared="accuracy of the model trained by attention minus that of the model trained by intensity or"
    " variation, each from the same start and tested as it was trained, on the same clips, in points, at"
    f" keep-rates {_listed(TRAINED.low_rates)}",
    caveat="As in the paper, a model was trained for each score and keep-rate; but for a short time, on"
    " small tasks",
)


def finding_and_facts(
    evidence: Mapping[str, Evidence], published: Mapping[str, Any]
) -> tuple[Finding, Facts]:
    """Judge models trained for each score, as in the paper, if there are any; show shared ones beside."""
    shared, trained = (_contrasts(comparison, evidence) for comparison in (SHARED, TRAINED))
    summaries = [
        _summary(comparison, contrasts, evidence, published)
        for comparison, contrasts in ((TRAINED, trained), (SHARED, shared))
        if contrasts
    ]
    lines = [
        line_of(
            f"attention − {rival} at {percent(rate)}, {comparison.trained}, points",
            evidence,
            partial(_lead_cell, comparison, rival, rate),
        )
        for comparison, rates in ((TRAINED, ("0.80", "0.60", QUOTED_RATE)), (SHARED, (QUOTED_RATE,)))
        for rival in (*STATISTICS, "random")
        for rate in rates
    ]
    summary = " ".join(summaries) + (_slip(evidence) if summaries else "")
    if trained:
        return TRAINED_FINDING, Facts(trained, summary, lines, caveat=_starts(evidence))
    return FINDING, Facts(shared, summary, lines)


def _starts(evidence: Mapping[str, Evidence]) -> str:
    """How good the models were from which the trainings began: attention of a weak one says little."""
    validated, tested = [], []
    for name, e in evidence.items():
        if accuracy := e.cell("scores", "start_accuracy"):
            tested.append(f"{percent(accuracy.value)} ({name})")
        elif accuracy := find(e.scores, "start", "last", "valid_accuracy_at_1.0"):
            validated.append(f"{percent(accuracy)} ({name})")
    parts = [
        f"{join(named)} of the {kind} clips"
        for named, kind in ((validated, "validation"), (tested, "test"))
        if named
    ]
    return f"; unpruned, the start gets {join(parts)} right" if parts else ""


def _contrasts(comparison: Comparison, evidence: Mapping[str, Evidence]) -> list[Contrast]:
    return [
        Contrast(
            (name,), f"minus {rival} at keep-rate {percent(rate)}", lead.scaled(100), rival, keep_rate=rate
        )
        for name, e in evidence.items()
        for rival in STATISTICS
        for rate in comparison.low_rates
        if (lead := attention_lead(comparison, rival, rate, e))
    ]


def attention_lead(comparison: Comparison, rival: str, rate: str, e: Evidence) -> Measure | None:
    """Accuracy by attention minus accuracy by ``rival`` on the same clips, a fraction."""
    return e.cell(comparison.source, "paired", f"attention_minus_{rival}", rate)


def _lead_cell(comparison: Comparison, rival: str, rate: str, e: Evidence) -> str | None:
    return percent_text(attention_lead(comparison, rival, rate, e), "+.1f")


def _summary(
    comparison: Comparison,
    contrasts: Sequence[Contrast],
    evidence: Mapping[str, Evidence],
    published: Mapping[str, Any],
) -> str:
    parts = []
    for rival in STATISTICS:
        quoted = [c for c in contrasts if (c.statistic, c.keep_rate) == (rival, QUOTED_RATE)]
        if quoted:
            gap = published_gap(published, rival)
            beside = f" (paper: {number(gap[0], '+.1f')} to {number(gap[1], '+.1f')})" if gap else ""
            leads = [(c.model, c.margin) for c in quoted]
            parts.append(f"minus {rival} {span(leads, '+.1f')} points{beside}")
    by_chance = [
        (name, lead.scaled(100))
        for name, e in evidence.items()
        if (lead := attention_lead(comparison, "random", QUOTED_RATE, e))
    ]
    if by_chance:
        parts.append(f"minus random patches {span(by_chance, '+.1f')} points")
    how = comparison.trained[0].upper() + comparison.trained[1:]
    at = f"at keep-rate {percent(QUOTED_RATE)} attention {join(parts)}. " if parts else ""
    counts = f"gainst the two at {_listed(comparison.low_rates)} {counted(margins(contrasts))}."
    return f"{how}: {at}{'A' if at else 'a'}{counts}"


def published_gap(published: Mapping[str, Any], rival: str) -> tuple[float, float] | None:
    """Smallest and largest published lead of attention over ``rival`` at `QUOTED_RATE`, in points."""
    series = find(published, "tables", "table1_accuracy_by_keep_rate") or []
    rate = f"{float(QUOTED_RATE):.1f}"
    gaps = [one["attention"][rate] - one[rival][rate] for one in series]
    return (min(gaps), max(gaps)) if gaps else None


def _slip(evidence: Mapping[str, Evidence]) -> str:
    """Cost of the published code's shifted indices for its two statistics, if it was measured."""
    losses = [
        (f"{rival}, {name}", Measure(100 * (right.value - slipped.value)))
        for name, e in evidence.items()
        for rival in STATISTICS
        if (right := e.cell("results", "keep_rate", rival, QUOTED_RATE))
        and (slipped := e.cell("results", "further", f"{rival}_shifted", QUOTED_RATE))
    ]
    if not losses:
        return ""
    return (
        f" What the other two scores lose at {percent(QUOTED_RATE)} by the published code's shifted"
        f" indices, which our models never met in training, {span(losses, '.1f')} points."
    )
