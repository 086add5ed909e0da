"""Finding 2: attention goes with intensity and variation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from tpexplore.model.plan import STATISTICS
from tpexplore.results.judging import Contrast, Facts, Finding
from tpexplore.results.measures import Measure, above_and_below, join, mean_of, with_interval
from tpexplore.results.sentences import counted, line_of, span
from tpexplore.results.store import Evidence

BLOCKS = 12

FINDING = Finding(
    number="2",
    text="Attention goes with intensity and variation: Kendall's τ is positive.",
    holds="Attention prefers loud and varied patches",
    fails="Attention avoids loud and varied patches",
    axis="same order, mean τ-b",
    compared="τ-b of attention score and cluster rank, mean over clips and blocks, for each model and"
    " statistic; its interval is the mean of the blocks' intervals, which is the widest it can be",
    caveat="The published curves count ties as agreement, which lifts them; τ-b does not",
)

Curve = Mapping[int, Measure]
"""τ-b by block."""


def facts(evidence: Mapping[str, Evidence]) -> Facts:
    """τ-b of attention with each statistic, whose mean over the blocks is judged."""
    curves = {
        (name, statistic): curve
        for name, e in evidence.items()
        for statistic in STATISTICS
        if (curve := tau_curve(e, "kendall", statistic, "clusters"))
    }
    contrasts = [
        Contrast((name,), f"{statistic}, mean over blocks", mean_of(curve.values()), statistic)
        for (name, statistic), curve in curves.items()
    ]
    lines = [
        line_of(f"blocks with τ-b of {statistic} above 0", evidence, partial(_curve_cell, curves, statistic))
        for statistic in STATISTICS
    ]
    lines += [
        line_of(
            f"mean τ-b of {statistic} itself, padding left out", evidence, partial(_sound_cell, statistic)
        )
        for statistic in STATISTICS
    ]
    return Facts(contrasts, _summary(contrasts, list(curves.values())) if contrasts else "", lines)


def tau_curve(e: Evidence, *place: str) -> dict[int, Measure]:
    """τ-b with the attention score at a place of an analysis, by block; {} unless every block has it."""
    cells = {block: e.cell("analysis", *place, block - 1) for block in range(1, BLOCKS + 1)}
    return {} if None in cells.values() else cells


def _summary(contrasts: Sequence[Contrast], curves: Sequence[Curve]) -> str:
    means = [(f"{c.statistic}, {c.model}", c.margin) for c in contrasts]
    points = [m for curve in curves for m in curve.values()]
    below = sorted({block for curve in curves for block in _negative_blocks(curve)})
    where = f" ({_blocks(below)})" if below else ""
    return (
        f"Under τ-b the mean over blocks {span(means, '.2f')}; block by block"
        f" {counted(points, 'curve points')}{where}."
    )


def _curve_cell(curves: Mapping[tuple[str, str], Curve], statistic: str, e: Evidence) -> str | None:
    curve = curves.get((e.name, statistic))
    if not curve:
        return None
    above, _ = above_and_below(curve.values())
    below = _negative_blocks(curve)
    negative = f"; below 0 in {_blocks(below)}" if below else ""
    return f"{above} of {len(curve)}, mean {with_interval(mean_of(curve.values()), '.2f')}{negative}"


def _sound_cell(statistic: str, e: Evidence) -> str | None:
    curve = tau_curve(e, "kendall_sound", statistic)
    return with_interval(mean_of(curve.values()), ".2f") if curve else None


def _negative_blocks(curve: Curve) -> list[int]:
    return [block for block, m in curve.items() if m.sign < 0]


def _blocks(blocks: Sequence[int]) -> str:
    return f"block{'s' * (len(blocks) > 1)} {join([str(block) for block in blocks])}"
