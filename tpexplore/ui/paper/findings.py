"""One sentence about each of the paper's tables and figures and ours beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from tpexplore.numbers import number
from tpexplore.results.comparison import (
    SAME_TASK,
    ComparisonRow,
    counterpart,
    load_published,
    vit_b_macs,
)
from tpexplore.results.measures import range_text, with_interval
from tpexplore.results.store import Evidence

from .figures import ClusterRange

FIXED = "trained_at_"
"""How results name a checkpoint trained at one keep-rate."""


def losses(
    rows: Sequence[ComparisonRow], column: str, chosen: Callable[[ComparisonRow], bool], start: str
) -> str:
    """ "… costs the paper's models 0.2 to 4.3 points, ours 2.4 to 5.6."."""
    own = [row for row in rows if row.column == column and chosen(row)]
    if not own:
        return "The published table is missing."
    paper = [row.published_loss for row in own if row.published_loss is not None]
    here = [row.measured_loss for row in own if row.measured_loss is not None]
    ours = (
        f"ours {range_text(here, '.1f')} ({len(here)} of {len(own)} measured)"
        if here
        else "ours are not measured yet"
    )
    verb = "costs" if start.startswith("Losing") else "pruning costs"
    return f"{start} {verb} the paper's models {range_text(paper, '.1f')} points, {ours}."


def macs_met(rows: Sequence[ComparisonRow]) -> str:
    if not rows:
        return "The published table is missing."
    gaps = [abs(row.difference) for row in rows]
    return f"The exact count meets all {len(rows)} cells within {max(gaps):.2f} G."


def second_token(rows: Sequence[ComparisonRow]) -> str:
    """What AST's own second prefix token adds to the table's count."""
    extra = [_two_prefix(row) / 1e9 - row.measured.value for row in rows if row.column == "1.0"]
    return f" AST with its second prefix token needs {range_text(extra, '.2f')} G more." if extra else ""


def _two_prefix(row: ComparisonRow) -> int:
    tokens = load_published()["tables"]["table2_gmacs"]["tokens"][row.dataset]
    return vit_b_macs(row.dataset, tokens, 1.0, prefix=2)


def largest_gap(rows: Sequence[ComparisonRow]) -> str:
    gaps = [abs(row.measured.value - row.published) for row in rows if row.measured]
    if not gaps:
        return "Not measured yet."
    same = [abs(r.measured.value - r.published) for r in rows if r.measured and r.dataset in SAME_TASK]
    alike = f", on {_same_tasks()} by up to {max(same):.1f}" if same else ""
    count = f"{len(gaps)} of {len(rows)} measured"
    return f"Ours differ from the paper's by up to {max(gaps):.1f} points{alike} ({count})."


def _same_tasks() -> str:
    return " and ".join(sorted(SAME_TASK))


def boundaries(bars: Sequence[ClusterRange]) -> str:
    """How far our intensity clusters lie from the paper's where both are of the same sounds."""
    moved = [
        abs(ours - theirs)
        for paper, own in pairwise(bars)
        if own.edges and paper.name in {f"{dataset}, paper" for dataset in SAME_TASK}
        for theirs, ours in zip(paper.edges[1:-1], own.edges[1:-1], strict=True)
    ]
    text = "Normalised intensity that each cluster spans, C1 the lowest; beneath, its share of patches in %."
    if not moved:
        return text
    return f"On {_same_tasks()} no boundary lies further than {max(moved):.2f} from the paper's. {text}"


def means(rows: Sequence[ComparisonRow]) -> str:
    if not rows:
        return "The published curves are missing."
    paper = [row.published for row in rows]
    above, mean = sum(v > 0 for v in paper), sum(paper) / len(paper)
    text = f"Published: {above} of {len(paper)} points above 0, mean {mean:.2f}."
    honest = [m.value for row in rows for name, m in row.beside if name == "tau-b"]
    if not honest:
        return f"{text} Here: not measured yet."
    mean = number(sum(honest) / len(honest))
    return f"{text} Here, under τ-b: {sum(v > 0 for v in honest)} of {len(honest)}, mean {mean}."


def emptied(evidence: Mapping[str, Evidence]) -> str:
    """How many clips lost every patch, where there were any."""
    parts = []
    for name, e in evidence.items():
        for group in ("L", "H"):
            clips = e.cell("analysis", "removal", "intensity", group, "emptied_clips")
            if clips and clips.value:
                parts.append(f"{clips.value:.0f} without {group}, {name}")
    return f" ({'; '.join(parts)})" if parts else ""


def tested(dataset: str, evidence: Mapping[str, Evidence]) -> str:
    """Our models of a dataset, and the number of clips and the split that they were measured on."""
    parts = []
    for family in ("AudioMAE", "AST"):
        model, _ = counterpart(dataset, family, evidence)
        if model and model.results.get("n"):
            parts.append(
                f"{model.name} on {model.results['n']} clips ({model.results.get('split', 'test split')})"
            )
    return f" Measured: {'; '.join(parts)}." if parts else ""


def further(evidence: Mapping[str, Evidence]) -> str:
    """What a checkpoint trained at one rate reaches, against the elastic one, where that was measured."""
    parts = []
    for name, e in evidence.items():
        for key in e.results.get("further", {}):
            gap = e.cell("results", "further", key, "elastic_minus_fixed")
            if gap and key.startswith(FIXED):
                parts.append(
                    f"{with_interval(gap.scaled(100), '+.1f')} points at {key.removeprefix(FIXED)} ({name})"
                )
    if not parts:
        return ""
    return f" Ours minus a checkpoint trained at that keep-rate alone: {', '.join(parts)}."
