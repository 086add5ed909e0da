"""Verdicts on the paper's findings, and what fusing and merging gain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tpexplore.results.comparison import load_evidence, load_published
from tpexplore.results.judging import RULE
from tpexplore.results.methods import Measured, Studies, details, load_method_studies, load_methods, summary
from tpexplore.results.sentences import smallness
from tpexplore.results.store import Evidence
from tpexplore.results.verdicts import verdicts
from training.readme.tables import NOTHING, bullets, table


def methods_summary(measured: Measured | None = None) -> str:
    """Dropping, fusing and merging in short. Reads the bundled files unless others are passed."""
    return bullets(summary(load_methods() if measured is None else measured))


def methods_details(measured: Measured | None = None, studies: Studies | None = None) -> str:
    """What fusing and merging gain, with intervals. Reads the bundled files unless others are passed."""
    if measured is None:
        measured, studies = load_methods(), load_method_studies()
    return bullets(details(measured, studies or {}))


def findings_list(
    evidence: Mapping[str, Evidence] | None = None, published: Mapping[str, Any] | None = None
) -> str:
    """Each finding of the paper in one sentence with its verdict.

    Reads the bundled files unless others are passed.
    """
    evidence = load_evidence() if evidence is None else evidence
    published = load_published() if published is None else published
    return "\n".join(
        f"- **{v.verdict}:** {v.finding.rstrip('.')}" + (f" ({v.tally})." if v.contrasts else ".")
        for v in verdicts(evidence, published)
    )


def verdicts_markdown(
    evidence: Mapping[str, Evidence] | None = None, published: Mapping[str, Any] | None = None
) -> str:
    """The verdicts with all their numbers and intervals.

    Reads the bundled files unless others are passed.
    """
    evidence = load_evidence() if evidence is None else evidence
    judged = verdicts(evidence, load_published() if published is None else published)
    text = [f"- **{v.number}. {v.finding}** *{v.verdict}.* {v.summary} {v.caveat}".rstrip() for v in judged]
    text += ["", f"{RULE} {smallness(list(evidence.values()))}".rstrip()]
    models = [name for name in evidence if any(name in line.cells for v in judged for line in v.lines)]
    if models:
        lines = [
            [f"{v.number}: {line.label}", *(line.cells.get(name, NOTHING) for name in models)]
            for v in judged
            for line in v.lines
        ]
        text += ["", table(["", *models], lines)]
    return "\n".join(text)
