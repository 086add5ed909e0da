"""Whether the paper's findings hold for our models; each module has the words and numbers of a finding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tpexplore.results.judging import Facts, Finding, Verdict, judge
from tpexplore.results.measures import join
from tpexplore.results.sentences import plain_sentence, smallness
from tpexplore.results.store import Evidence

from . import correlation, padding, quiet_patches, ranking, removal


def verdicts(evidence: Mapping[str, Evidence], published: Mapping[str, Any]) -> list[Verdict]:
    """Judge all findings.

    Parameters
    ----------
    evidence, published
        From `load_evidence` and `load_published`.
    """
    measured = (
        ranking.finding_and_facts(evidence, published),
        (correlation.FINDING, correlation.facts(evidence)),
        (removal.LOUD_COSTS_MORE, removal.loud_facts(evidence)),
        (removal.QUIET_MATTERS_IN_GENERAL, removal.quiet_facts(evidence)),
        (quiet_patches.FINDING, quiet_patches.facts(evidence)),
        (padding.FINDING, padding.facts(evidence)),
    )
    return [make_verdict(finding, facts, evidence) for finding, facts in measured]


def make_verdict(finding: Finding, facts: Facts, evidence: Mapping[str, Evidence]) -> Verdict:
    """Judge a finding; add which models are missing and how limited the evidence is."""
    contrasts = facts.contrasts
    judged = {name for c in contrasts for name in c.models}
    concerned = [name for name, e in evidence.items() if facts.tasks is None or e.task in facts.tasks]
    missing = [name for name in concerned if name not in judged]
    parts = [facts.summary.strip() or "The files hold none of these numbers yet."]
    if missing and facts.summary:
        parts.append(f"Not measured yet: {join(missing)}.")
    models = [e for e in evidence.values() if e.name in judged]
    return Verdict(
        number=finding.number,
        finding=finding.text,
        verdict=judge(contrasts),
        plain=facts.plain or plain_sentence(contrasts, finding.holds, finding.fails),
        axis=finding.axis,
        summary=" ".join(parts),
        caveat=f"{finding.caveat}{facts.caveat}." if models else "",
        basis=smallness(models),
        compared=finding.compared,
        lines=tuple(line for line in facts.lines if line.cells),
        contrasts=tuple(contrasts),
    )
