"""Whether the paper's findings hold for our models: verdicts computed from the measured files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tpexplore.results.comparison import FAMILIES, STATISTICS
from tpexplore.results.judging import Contrast, Line, Verdict, counted, line_of, make_verdict, margins, span
from tpexplore.results.measures import (
    Measure,
    join,
    mean_of,
    minus,
    negative,
    number_text,
    over,
    with_interval,
)
from tpexplore.results.store import Evidence, find

LOW_RATES = ("0.30", "0.40", "0.50")
"""What "low keep-rates" means here."""
QUOTED_RATE = "0.40"
"""The lowest keep-rate of the paper's Table I, whose numbers go into the sentence."""
EARLY_BLOCKS = ("1", "3", "5")
"""Those of Table IV after which a removal still touches most of the model's work."""
BLOCKS = 12
GENERAL, SPEECH = ("esc50",), ("spc12", "speaker34")
LAST_STAGE, LAST_RATE = "10", "0.50"
"""The paper's 1.9× and its Fig. 6 are of patches that survive the last stage at keep-rate 0.5."""
DROPPED_BELOW = 0.5
"""Padding counts as dropped where it survives less than half as often as sound."""


def verdicts(evidence: Mapping[str, Evidence], published: Mapping[str, Any]) -> list[Verdict]:
    """Judge all findings.

    Parameters
    ----------
    evidence, published
        From `load_evidence` and `load_published`.
    """
    return [
        _attention_wins(evidence, published),
        _tau_is_positive(evidence),
        _high_hurts_more(evidence),
        _low_matters_for_general(evidence),
        _audiomae_keeps_low(evidence),
        _padding(evidence),
    ]


# (1)


def _attention_wins(evidence: Mapping[str, Evidence], published: Mapping[str, Any]) -> Verdict:
    contrasts = [
        Contrast((name,), f"minus {rival} at keep-rate {rate}", lead.scaled(100), rival, keep_rate=rate)
        for name, e in evidence.items()
        for rival in STATISTICS
        for rate in LOW_RATES
        if (lead := attention_lead(e, rival, rate))
    ]
    lines = [
        line_of(f"attention − {rival} at {QUOTED_RATE}, points", evidence, _lead_cell(rival))
        for rival in (*STATISTICS, "random")
    ]
    parts = []
    for rival in STATISTICS:
        quoted = [c for c in contrasts if (c.statistic, c.keep_rate) == (rival, QUOTED_RATE)]
        if quoted:
            gap = published_gap(published, rival)
            beside = (
                f" (paper: {number_text(gap[0], '+.1f')} to {number_text(gap[1], '+.1f')})" if gap else ""
            )
            leads = [(c.model, c.margin) for c in quoted]
            parts.append(f"minus {rival} {span(leads, '+.1f')} points{beside}")
    by_chance = [
        (name, lead.scaled(100))
        for name, e in evidence.items()
        if (lead := attention_lead(e, "random", QUOTED_RATE))
    ]
    if by_chance:
        parts.append(f"minus random patches {span(by_chance, '+.1f')} points")
    summary = ""
    if contrasts:
        at = f"At keep-rate {QUOTED_RATE} attention {join(parts)}. " if parts else ""
        summary = f"{at}Against the two at {join(LOW_RATES)} {counted(margins(contrasts))}.{_slip(evidence)}"
    return make_verdict(
        evidence,
        contrasts,
        lines,
        number="1",
        finding="Attention beats intensity and variation as the score at low keep-rates.",
        holds="Ranking by attention is more accurate",
        fails="Ranking by attention is less accurate",
        axis="attention ahead, points of accuracy",
        summary=summary,
        compared="accuracy by attention minus accuracy by intensity or variation on the same clips, in"
        f" points, for each model at keep-rates {join(LOW_RATES)}",
        caveat="The paper trained a model for each score; here one checkpoint serves all three, having seen"
        " attention most",
    )


def attention_lead(e: Evidence, rival: str, rate: str) -> Measure | None:
    """Accuracy by attention minus accuracy by ``rival`` on the same clips, a fraction."""
    return e.cell("results", "paired", f"attention_minus_{rival}", rate)


def _lead_cell(rival: str):
    def cell_of(e: Evidence) -> str | None:
        lead = attention_lead(e, rival, QUOTED_RATE)
        return lead and with_interval(lead.scaled(100), "+.1f")

    return cell_of


def published_gap(published: Mapping[str, Any], rival: str) -> tuple[float, float] | None:
    """Smallest and largest published lead of attention over ``rival`` at `QUOTED_RATE`, in points."""
    series = find(published, "tables", "table1_accuracy_by_keep_rate") or []
    rate = f"{float(QUOTED_RATE):.1f}"
    gaps = [one["attention"][rate] - one[rival][rate] for one in series]
    return (min(gaps), max(gaps)) if gaps else None


def _slip(evidence: Mapping[str, Evidence]) -> str:
    """What the index slip of the published code costs its two statistics, where it was measured."""
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
        f" What the other two scores lose at {QUOTED_RATE} by the published code's shifted indices, which our"
        f" models never met in training, {span(losses, '.1f')} points."
    )


# (2)


def _tau_is_positive(evidence: Mapping[str, Evidence]) -> Verdict:
    curves = {
        (name, statistic): curve
        for name, e in evidence.items()
        for statistic in STATISTICS
        if (curve := tau_curve(e, statistic))
    }
    contrasts = [
        Contrast((name,), f"{statistic}, mean over blocks", mean_of(curve.values()), statistic)
        for (name, statistic), curve in curves.items()
    ]
    summary = ""
    if contrasts:
        means = [(f"{c.statistic}, {c.model}", c.margin) for c in contrasts]
        points = [m for curve in curves.values() for m in curve.values()]
        below = sorted({int(block) for curve in curves.values() for block, m in curve.items() if m.sign < 0})
        where = f" ({_blocks(below)})" if below else ""
        summary = (
            f"Under τ-b the mean over blocks {span(means, '.2f')}; block by block"
            f" {counted(points, 'curve points')}{where}."
        )
    lines = [
        Line(
            f"blocks with τ-b of {statistic} above 0",
            {name: _curve_cell(curve) for (name, own), curve in curves.items() if own == statistic},
        )
        for statistic in STATISTICS
    ]
    lines += [
        line_of(f"mean τ-b of {statistic} itself, padding left out", evidence, _sound_cell(statistic))
        for statistic in STATISTICS
    ]
    return make_verdict(
        evidence,
        contrasts,
        lines,
        number="2",
        finding="Attention goes with intensity and variation: Kendall's τ is positive.",
        holds="Attention prefers loud and varied patches",
        fails="Attention avoids loud and varied patches",
        axis="same order, mean τ-b",
        summary=summary,
        compared="τ-b of attention score and cluster rank, mean over clips and blocks, for each model and"
        " statistic; its interval is the mean of the blocks' intervals, which is the widest it can be",
        caveat="The published curves count ties as agreement, which lifts them; τ-b does not",
    )


def tau_curve(
    e: Evidence, statistic: str, place: tuple[str, ...] = ("kendall", "{}", "clusters")
) -> dict[str, Measure]:
    """τ-b between attention score and cluster rank by block; {} unless every block has it."""
    path = [part.format(statistic) for part in place]
    cells = {str(block): e.cell("analysis", *path, block - 1) for block in range(1, BLOCKS + 1)}
    return {} if None in cells.values() else cells


def _sound_cell(statistic: str):
    def cell_of(e: Evidence) -> str | None:
        curve = tau_curve(e, statistic, ("kendall_sound", "{}"))
        return with_interval(mean_of(curve.values()), ".2f") if curve else None

    return cell_of


def _curve_cell(curve: Mapping[str, Measure]) -> str:
    above = sum(m.sign > 0 for m in curve.values())
    below = [int(block) for block, m in curve.items() if m.sign < 0]
    negative = f"; below 0 in {_blocks(below)}" if below else ""
    mean = with_interval(mean_of(curve.values()), ".2f")
    return f"{above} of {len(curve)}, mean {mean}{negative}"


def _blocks(blocks: Sequence[int]) -> str:
    return f"block{'s' * (len(blocks) > 1)} {join([str(block) for block in blocks])}"


# (3)


def _high_hurts_more(evidence: Mapping[str, Evidence]) -> Verdict:
    contrasts = [
        Contrast((name,), f"after block {block}", minus(low, high).scaled(100), block=block)
        for name, e in evidence.items()
        for block in EARLY_BLOCKS
        if (low := removal(e, "L", block)) and (high := removal(e, "H", block))
    ]
    first = [(c.model, c.margin) for c in contrasts if c.block == EARLY_BLOCKS[0]]
    summary = ""
    if contrasts:
        summary = (
            f"After block {EARLY_BLOCKS[0]} accuracy without L minus accuracy without H"
            f" {span(first, '+.1f')} points; after blocks {join(EARLY_BLOCKS)} {counted(margins(contrasts))}."
            if first
            else f"After blocks {join(EARLY_BLOCKS)} {counted(margins(contrasts))}."
        )
    lines = [
        line_of(f"points lost without {group} after block {EARLY_BLOCKS[0]}", evidence, _loss_cell(group))
        for group in ("H", "L")
    ]
    lines += [
        line_of(f"the same, {group}, minus what as many random patches cost", evidence, _beyond_random(group))
        for group in ("H", "L")
    ]
    return make_verdict(
        evidence,
        contrasts,
        lines,
        number="3a",
        finding="Losing the high-intensity patches (H) hurts more than losing the low ones (L).",
        holds="Losing the loud patches costs more",
        fails="Losing the quiet patches costs more",
        axis="loud cost more, points of accuracy",
        summary=summary,
        compared="accuracy without L minus accuracy without H, in points, for each model after blocks"
        f" {join(EARLY_BLOCKS)}, the two intervals taken as independent",
        caveat=f"H and L differ in size{_sizes_of_groups(evidence)}",
    )


def _low_matters_for_general(evidence: Mapping[str, Evidence]) -> Verdict:
    pairs = [
        (evidence.get(f"{family}-{general}"), evidence.get(f"{family}-{speech}"))
        for family in FAMILIES.values()
        for general in GENERAL
        for speech in SPEECH
    ]
    contrasts = [
        Contrast((one.name, other.name), f"after block {block}", minus(lost, kept).scaled(100), block=block)
        for one, other in pairs
        if one and other
        for block in EARLY_BLOCKS
        if (lost := loss(one, "L", block)) and (kept := loss(other, "L", block))
    ]
    first = [(c.model, c.margin) for c in contrasts if c.block == EARLY_BLOCKS[0]]
    summary = ""
    if first:
        summary = (
            f"General sounds minus speech, the loss without L after block {EARLY_BLOCKS[0]}"
            f" {span(first, '+.1f')} points; after blocks {join(EARLY_BLOCKS)} {counted(margins(contrasts))}."
        )
    return make_verdict(
        evidence,
        contrasts,
        [],
        number="3b",
        finding="Low-intensity patches matter more for general sounds than for speech.",
        holds="Losing the quiet patches costs general sounds more",
        fails="Losing the quiet patches costs speech more",
        axis="general sounds lose more, points",
        summary=summary,
        compared="points lost without L, general sounds (esc50) minus speech (spc12, speaker34), within each"
        f" family, after blocks {join(EARLY_BLOCKS)}, the intervals taken as independent",
        caveat="The tasks differ in more than their sounds: classes, clip length, how well each is learned",
    )


def removal(e: Evidence, group: str, block: str) -> Measure | None:
    """Accuracy after an intensity group has left after a block, a fraction."""
    return e.cell("results", "removal", group, block)


def loss(e: Evidence, group: str, block: str) -> Measure | None:
    """What the removal of an intensity group after a block costs in accuracy, a fraction."""
    all_patches, left = e.cell("results", "keep_rate", "attention", "1.00"), removal(e, group, block)
    return minus(all_patches, left) if all_patches and left else None


def _loss_cell(group: str):
    def cell_of(e: Evidence) -> str | None:
        lost = loss(e, group, EARLY_BLOCKS[0])
        return lost and with_interval(lost.scaled(100), ".1f")

    return cell_of


def _beyond_random(group: str):
    def cell_of(e: Evidence) -> str | None:
        block = int(EARLY_BLOCKS[0]) - 1
        gain = e.cell("analysis", "removal", "intensity", group, "difference", block)
        return gain and with_interval(negative(gain.scaled(100)), "+.1f")

    return cell_of


def _sizes_of_groups(evidence: Mapping[str, Evidence]) -> str:
    """ ", on spc12 H holds 41 % of the patches and L 35 %"."""
    sizes = {}
    for e in evidence.values():
        high, low = (
            e.cell("analysis", "removal", "intensity", group, "removed_share") for group in ("H", "L")
        )
        if high and low:
            sizes[e.task] = (
                f"on {e.task} H holds {100 * high.value:.0f} % of the patches, L {100 * low.value:.0f} %"
            )
    return f" ({'; '.join(sizes.values())})" if sizes else ""


# (4)


def _audiomae_keeps_low(evidence: Mapping[str, Evidence]) -> Verdict:
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
    at = f"after block {LAST_STAGE} at keep-rate {LAST_RATE}"
    summary = (
        f"AudioMAE's share of low patches over AST's {at} (paper: 1.9×): {join(ratios)}." if ratios else ""
    )
    return make_verdict(
        evidence,
        contrasts,
        [line_of(f"C1 and C2 among the patches kept {at}, %", evidence, _share_cell)],
        number="4",
        finding="On general sounds AudioMAE keeps more low-intensity patches (C1 and C2) than AST.",
        holds="AudioMAE keeps more quiet patches than AST",
        fails="AST keeps more quiet patches than AudioMAE",
        axis="AudioMAE keeps more, ratio − 1",
        summary=summary,
        compared=f"AudioMAE's share over AST's, minus 1, on {join(GENERAL)}; the paper says it of general"
        " sounds only, so speech is shown but not judged",
        caveat="The two differ in more than their answers: AudioMAE was pre-trained, AST was not",
        about=GENERAL,
    )


def low_share(e: Evidence) -> Measure | None:
    """Share of low-intensity patches among those that survive the last stage."""
    return e.cell("analysis", "survival", LAST_RATE, "low_intensity_share_of_kept")


def _share_cell(e: Evidence) -> str | None:
    share = low_share(e)
    return share and with_interval(share.scaled(100), ".0f")


# (5)


def _padding(evidence: Mapping[str, Evidence]) -> Verdict:
    contrasts, ratios, without = [], [], []
    for name, e in evidence.items():
        padding, sound = (_survival(e, kind) for kind in ("padding", "sound"))
        if not padding or not sound or sound.value <= 0:
            continue
        ratio, half = over(padding, sound), Measure(DROPPED_BELOW, DROPPED_BELOW, DROPPED_BELOW)
        if padding.value > 0:
            ratios.append(f"{name} {with_interval(ratio, '.2f')}×")
        else:
            without.append(name)
        if e.family == "audiomae":
            contrasts.append(Contrast((name,), "padding is dropped", minus(half, ratio)))
        else:
            contrasts.append(Contrast((name,), "padding is kept", minus(ratio, half)))
    at = f"after block {LAST_STAGE} at keep-rate {LAST_RATE}"
    parts = []
    if without:
        parts.append(f"{join(without)} {'keeps' if len(without) == 1 else 'keep'} no padding {at}.")
    if ratios:
        parts.append(f"Survival of padding over that of sound {at}: {join(ratios)}.")
    full = [name for name, e in evidence.items() if find(e.analysis, "padding_share") == 0]
    if full:
        parts.append(f"No clip of {join(full)} has a patch of padding only.")
    return make_verdict(
        evidence,
        contrasts,
        [line_of(f"padding / sound that survives {at}, %", evidence, _padding_cell)],
        number="5",
        finding="AudioMAE drops the padding after a clip's end, AST keeps it.",
        holds="The model treats padding as the paper says",
        fails="The model does the opposite",
        axis="as the paper says, from the dividing line",
        plain=_padding_plainly(contrasts, without),
        summary=" ".join(parts) if contrasts else "",
        compared="padding's survival over sound's against one half, below it for AudioMAE and above it for"
        " AST: padding counts as dropped where it survives less than half as often as sound",
        caveat="Padding is known from the clips' real lengths, so recorded silence counts as sound",
        about=tuple(e.task for e in evidence.values() if e.name not in full),
    )


def _padding_plainly(contrasts: Sequence[Contrast], without: Sequence[str]) -> str:
    """The sentence where no model keeps any padding; empty elsewhere."""
    if not contrasts or len(without) < len(contrasts):
        return ""
    return "Both models drop all padding." if len(without) == 2 else f"{join(without)} drop all padding."


def _survival(e: Evidence, kind: str) -> Measure | None:
    return e.cell("analysis", "survival", LAST_RATE, kind, LAST_STAGE)


def _padding_cell(e: Evidence) -> str | None:
    padding, sound = (_survival(e, kind) for kind in ("padding", "sound"))
    return (
        f"{with_interval(padding.scaled(100), '.1f')} / {with_interval(sound.scaled(100), '.1f')}"
        if padding and sound
        else None
    )
