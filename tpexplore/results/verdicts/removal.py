"""Findings 3a and 3b: which loss of a group of patches hurts, and on which sounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from tpexplore.model.plan import FAMILIES
from tpexplore.numbers import percent
from tpexplore.results.comparison import GENERAL, SPEECH
from tpexplore.results.judging import Contrast, Facts, Finding, Line, margins
from tpexplore.results.measures import Measure, join, minus, negative
from tpexplore.results.sentences import counted, line_of, percent_text, span
from tpexplore.results.store import Evidence

EARLY_BLOCKS = ("1", "3", "5")
"""Those of Table IV after which a removal still touches most of the model's work."""
FIRST = EARLY_BLOCKS[0]

LOUD_COSTS_MORE = Finding(
    number="3a",
    text="Losing the high-intensity patches (H) hurts more than losing the low ones (L).",
    holds="Losing the loud patches costs more",
    fails="Losing the quiet patches costs more",
    axis="loud cost more, points of accuracy",
    compared="accuracy without L minus accuracy without H, in points, for each model after blocks"
    f" {join(EARLY_BLOCKS)}, the two intervals taken as independent",
    caveat="H and L differ in size",
)

QUIET_MATTERS_IN_GENERAL = Finding(
    number="3b",
    text="Low-intensity patches matter more for general sounds than for speech.",
    holds="Losing the quiet patches costs general sounds more",
    fails="Losing the quiet patches costs speech more",
    axis="general sounds lose more, points",
    compared="points lost without L, general sounds (esc50) minus speech (spc12, speaker34), within each"
    f" family, after blocks {join(EARLY_BLOCKS)}, the intervals taken as independent",
    caveat="The tasks differ in more than their sounds: classes, clip length, how well each is learned",
)


def loud_facts(evidence: Mapping[str, Evidence]) -> Facts:
    """Accuracy without the low patches against accuracy without the high ones."""
    contrasts = [
        Contrast((name,), f"after block {block}", minus(low, high).scaled(100), block=block)
        for name, e in evidence.items()
        for block in EARLY_BLOCKS
        if (low := removal("L", block, e)) and (high := removal("H", block, e))
    ]
    return Facts(
        contrasts,
        _summary(contrasts, f"After block {FIRST} accuracy without L minus accuracy without H"),
        _lines(evidence),
        caveat=_group_sizes(evidence),
    )


def quiet_facts(evidence: Mapping[str, Evidence]) -> Facts:
    """Cost of losing the low patches on general sounds against the cost on speech."""
    pairs = [
        (evidence.get(f"{family}-{sounds}"), evidence.get(f"{family}-{words}"))
        for family in FAMILIES
        for sounds in GENERAL
        for words in SPEECH
    ]
    contrasts = [
        Contrast(
            (one.name, other.name), f"after block {block}", minus(general, speech).scaled(100), block=block
        )
        for one, other in pairs
        if one and other
        for block in EARLY_BLOCKS
        if (general := loss("L", block, one)) and (speech := loss("L", block, other))
    ]
    beginning = f"General sounds minus speech, the loss without L after block {FIRST}"
    return Facts(contrasts, _summary(contrasts, beginning))


def removal(group: str, block: str, e: Evidence) -> Measure | None:
    """Accuracy after an intensity group has left after a block, a fraction."""
    return e.cell("results", "removal", group, block)


def loss(group: str, block: str, e: Evidence) -> Measure | None:
    """Accuracy lost by removing an intensity group after a block, a fraction."""
    all_patches, left = e.cell("results", "keep_rate", "attention", "1.00"), removal(group, block, e)
    return minus(all_patches, left) if all_patches and left else None


def _summary(contrasts: Sequence[Contrast], first_block: str) -> str:
    """``first_block`` begins the sentence if the first block's numbers exist."""
    if not contrasts:
        return ""
    first = [(c.model, c.margin) for c in contrasts if c.block == FIRST]
    count = f"after blocks {join(EARLY_BLOCKS)} {counted(margins(contrasts))}."
    return f"{first_block} {span(first, '+.1f')} points; {count}" if first else f"A{count[1:]}"


def _lines(evidence: Mapping[str, Evidence]) -> list[Line]:
    groups = ("H", "L")
    lost = [
        line_of(f"points lost without {group} after block {FIRST}", evidence, partial(_loss_cell, group))
        for group in groups
    ]
    return lost + [
        line_of(
            f"the same, {group}, minus what as many random patches cost",
            evidence,
            partial(_cost_beyond_random, group),
        )
        for group in groups
    ]


def _loss_cell(group: str, e: Evidence) -> str | None:
    return percent_text(loss(group, FIRST, e), ".1f")


def _cost_beyond_random(group: str, e: Evidence) -> str | None:
    gain = e.cell("analysis", "removal", "intensity", group, "difference", int(FIRST) - 1)
    return percent_text(gain and negative(gain), "+.1f")


def _group_sizes(evidence: Mapping[str, Evidence]) -> str:
    """ ", on spc12 H holds 41 % of the patches and L 35 %"."""
    sizes = {}
    for e in evidence.values():
        high, low = (
            e.cell("analysis", "removal", "intensity", group, "removed_share") for group in ("H", "L")
        )
        if high and low:
            sizes[e.task] = (
                f"on {e.task} H holds {percent(high.value)} of the patches, L {percent(low.value)}"
            )
    return f" ({'; '.join(sizes.values())})" if sizes else ""
