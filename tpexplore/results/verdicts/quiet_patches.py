"""Finding 4: on general sounds AudioMAE keeps more quiet patches than AST."""

from __future__ import annotations

from collections.abc import Mapping

from tpexplore.results.comparison import GENERAL, SPEECH
from tpexplore.results.judging import Contrast, Facts, Finding
from tpexplore.results.measures import Measure, join, minus, over, with_interval
from tpexplore.results.sentences import line_of, percent_text
from tpexplore.results.store import Evidence

from .last_stage import AT_THE_END, LAST_RATE

FINDING = Finding(
    number="4",
    text="On general sounds AudioMAE keeps more low-intensity patches (C1 and C2) than AST.",
    holds="AudioMAE keeps more quiet patches than AST",
    fails="AST keeps more quiet patches than AudioMAE",
    axis="AudioMAE keeps more, ratio − 1",
    compared=f"AudioMAE's share over AST's, minus 1, on {join(GENERAL)}; the paper says it of general"
    " sounds only, so speech is shown but not judged",
    caveat="The two differ in more than their answers: AudioMAE was pre-trained, AST was not",
)


def facts(evidence: Mapping[str, Evidence]) -> Facts:
    """AudioMAE's share of low patches over AST's, on every task; general sounds are judged."""
    contrasts, ratios = [], []
    for task in (*GENERAL, *SPEECH):
        pair = [evidence.get(f"{family}-{task}") for family in ("audiomae", "ast")]
        shares = [e and low_share(e) for e in pair]
        if not all(shares) or any(share.value <= 0 for share in shares):
            continue
        ratio = over(*shares)
        ratios.append(f"{task} {with_interval(ratio, '.2f')}×")
        if task in GENERAL:
            names = tuple(e.name for e in pair)
            contrasts.append(Contrast(names, "ratio minus 1", minus(ratio, Measure(1, 1, 1))))
    summary = ""
    if ratios:
        summary = f"AudioMAE's share of low patches over AST's {AT_THE_END} (paper: 1.9×): {join(ratios)}."
    line = line_of(f"C1 and C2 among the patches kept {AT_THE_END}, %", evidence, _share_cell)
    return Facts(contrasts, summary, [line], tasks=GENERAL)


def low_share(e: Evidence) -> Measure | None:
    """Share of low-intensity patches among those that survive the last stage."""
    return e.cell("analysis", "survival", LAST_RATE, "low_intensity_share_of_kept")


def _share_cell(e: Evidence) -> str | None:
    return percent_text(low_share(e), ".0f")
