"""Whether the paper's findings hold for our models: verdicts computed from the measured files.

Every finding is put as contrasts, numbers that are above 0 where it holds, with 95 % intervals. One rule
then judges them all, see `judge`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tpexplore.results.comparison import FAMILIES, STATISTICS, load_evidence, load_published
from tpexplore.results.measures import (
    Measure,
    join,
    mean_of,
    minus,
    negative,
    over,
    told,
    told_number,
    told_range,
)
from tpexplore.results.store import Evidence, find

CONFIRMED, MIXED, NOT_CONFIRMED = "Confirmed", "Mixed", "Not confirmed"
NOT_MEASURED = "Not measured"
VERDICTS = (CONFIRMED, MIXED, NOT_CONFIRMED, NOT_MEASURED)

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

MARKERS = "<!-- findings -->", "<!-- /findings -->"
"""Around the README's section, which `verdicts_markdown` writes."""


@dataclass(frozen=True)
class Contrast:
    """One number that a finding is judged by: above 0 where the finding holds."""

    model: str
    what: str
    margin: Measure

    @property
    def sign(self) -> int:
        """1 or -1 where the whole interval lies above or below 0, else 0; without one, the number's side."""
        value, low, high = self.margin.value, self.margin.low, self.margin.high
        if low is None or high is None:
            low = high = value
        return (low > 0) - (high < 0)


@dataclass(frozen=True)
class Line:
    """One quantity, told for every model that has it."""

    label: str
    cells: dict[str, str]


@dataclass(frozen=True)
class Verdict:
    """One finding of the paper and what our models say to it."""

    number: str
    finding: str
    verdict: str
    summary: str
    """The sentence with the numbers, or why there are none."""
    caveat: str
    basis: str
    """How little it rests on."""
    compared: str
    """What the contrasts are, for the rule."""
    lines: tuple[Line, ...] = ()
    contrasts: tuple[Contrast, ...] = field(default=(), repr=False)


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


def verdicts_markdown(
    evidence: Mapping[str, Evidence] | None = None, published: Mapping[str, Any] | None = None
) -> str:
    """The verdicts and their numbers as the README's section between `MARKERS`.

    Reads the bundled files unless it is given others.
    """
    evidence = load_evidence() if evidence is None else evidence
    found = verdicts(evidence, load_published() if published is None else published)
    text = [f"- **{v.number}. {v.finding}** *{v.verdict}.* {v.summary} {v.caveat}".rstrip() for v in found]
    text += ["", f"{RULE} {_smallness(list(evidence.values()))}".rstrip()]
    models = [name for name in evidence if any(name in line.cells for v in found for line in v.lines)]
    if models:
        text += ["", f"| | {' | '.join(models)} |", "| --- |" + " --- |" * len(models)]
    for v in found:
        for line in v.lines:
            cells = " | ".join(line.cells.get(name, "–") for name in models)
            text.append(f"| {v.number}: {line.label} | {cells} |")
    return "\n".join(text)


# (1)


def _attention_wins(evidence: Mapping[str, Evidence], published: Mapping[str, Any]) -> Verdict:
    contrasts = [
        Contrast(name, f"minus {rival} at keep-rate {rate}", lead.scaled(100))
        for name, e in evidence.items()
        for rival in STATISTICS
        for rate in LOW_RATES
        if (lead := attention_lead(e, rival, rate))
    ]
    lines = [
        _line(f"attention − {rival} at {QUOTED_RATE}, points", evidence, _lead_cell(rival))
        for rival in (*STATISTICS, "random")
    ]
    parts = []
    for rival in STATISTICS:
        quoted = [c for c in contrasts if c.what == f"minus {rival} at keep-rate {QUOTED_RATE}"]
        if quoted:
            gap = published_gap(published, rival)
            beside = (
                f" (paper: {told_number(gap[0], '+.1f')} to {told_number(gap[1], '+.1f')})" if gap else ""
            )
            parts.append(f"minus {rival} {_span(quoted, '+.1f')} points{beside}")
    by_chance = [
        Contrast(name, "", lead.scaled(100))
        for name, e in evidence.items()
        if (lead := attention_lead(e, "random", QUOTED_RATE))
    ]
    if by_chance:
        parts.append(f"minus random patches {_span(by_chance, '+.1f')} points")
    summary = ""
    if contrasts:
        at = f"At keep-rate {QUOTED_RATE} attention {join(parts)}. " if parts else ""
        summary = f"{at}Against the two at {join(LOW_RATES)} {_counted(contrasts)}.{_slip(evidence)}"
    return _verdict(
        evidence,
        contrasts,
        lines,
        number="1",
        finding="Attention beats intensity and variation as the score at low keep-rates.",
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
        return lead and told(lead.scaled(100), "+.1f")

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
        Contrast(f"{rival}, {name}", "", Measure(100 * (right.value - slipped.value)))
        for name, e in evidence.items()
        for rival in STATISTICS
        if (right := e.cell("results", "keep_rate", rival, QUOTED_RATE))
        and (slipped := e.cell("results", "further", f"{rival}_shifted", QUOTED_RATE))
    ]
    if not losses:
        return ""
    return (
        f" What the other two scores lose at {QUOTED_RATE} by the published code's shifted indices, which our"
        f" models never met in training, {_span(losses, '.1f')} points."
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
        Contrast(name, f"{statistic}, mean over blocks", mean_of(curve.values()))
        for (name, statistic), curve in curves.items()
    ]
    summary = ""
    if contrasts:
        points = [(c.model, c.what.partition(",")[0], c.margin) for c in contrasts]
        means = [Contrast(f"{statistic}, {name}", "", mean) for name, statistic, mean in points]
        blocks = [
            Contrast(name, block, m) for (name, _), curve in curves.items() for block, m in curve.items()
        ]
        below = sorted({int(c.what) for c in blocks if c.sign < 0})
        where = f" ({_blocks(below)})" if below else ""
        summary = (
            f"Under τ-b the mean over blocks {_span(means, '.2f')}; block by block"
            f" {_counted(blocks, 'curve points')}{where}."
        )
    lines = [
        Line(
            f"blocks with τ-b of {statistic} above 0",
            {name: _curve_cell(curve) for (name, own), curve in curves.items() if own == statistic},
        )
        for statistic in STATISTICS
    ]
    lines += [
        _line(f"mean τ-b of {statistic} itself, padding left out", evidence, _sound_cell(statistic))
        for statistic in STATISTICS
    ]
    return _verdict(
        evidence,
        contrasts,
        lines,
        number="2",
        finding="Attention goes with intensity and variation: Kendall's τ is positive.",
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
        return told(mean_of(curve.values()), ".2f") if curve else None

    return cell_of


def _curve_cell(curve: Mapping[str, Measure]) -> str:
    signs = {int(block): Contrast("", block, m).sign for block, m in curve.items()}
    below = [block for block, sign in signs.items() if sign < 0]
    negative = f"; below 0 in {_blocks(below)}" if below else ""
    mean = told(mean_of(curve.values()), ".2f")
    return f"{sum(sign > 0 for sign in signs.values())} of {len(signs)}, mean {mean}{negative}"


def _blocks(blocks: Sequence[int]) -> str:
    return f"block{'s' * (len(blocks) > 1)} {join([str(block) for block in blocks])}"


# (3)


def _high_hurts_more(evidence: Mapping[str, Evidence]) -> Verdict:
    contrasts = [
        Contrast(name, f"after block {block}", minus(low, high).scaled(100))
        for name, e in evidence.items()
        for block in EARLY_BLOCKS
        if (low := removal(e, "L", block)) and (high := removal(e, "H", block))
    ]
    first = [c for c in contrasts if c.what == f"after block {EARLY_BLOCKS[0]}"]
    summary = ""
    if contrasts:
        summary = (
            f"After block {EARLY_BLOCKS[0]} accuracy without L minus accuracy without H"
            f" {_span(first, '+.1f')} points; after blocks {join(EARLY_BLOCKS)} {_counted(contrasts)}."
            if first
            else f"After blocks {join(EARLY_BLOCKS)} {_counted(contrasts)}."
        )
    lines = [
        _line(f"points lost without {group} after block {EARLY_BLOCKS[0]}", evidence, _loss_cell(group))
        for group in ("H", "L")
    ]
    lines += [
        _line(f"the same, {group}, minus what as many random patches cost", evidence, _beyond_random(group))
        for group in ("H", "L")
    ]
    return _verdict(
        evidence,
        contrasts,
        lines,
        number="3a",
        finding="Losing the high-intensity patches (H) hurts more than losing the low ones (L).",
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
        Contrast(f"{one.name} over {other.name}", f"after block {block}", minus(lost, kept).scaled(100))
        for one, other in pairs
        if one and other
        for block in EARLY_BLOCKS
        if (lost := loss(one, "L", block)) and (kept := loss(other, "L", block))
    ]
    first = [c for c in contrasts if c.what == f"after block {EARLY_BLOCKS[0]}"]
    summary = ""
    if first:
        summary = (
            f"General sounds minus speech, the loss without L after block {EARLY_BLOCKS[0]}"
            f" {_span(first, '+.1f')} points; after blocks {join(EARLY_BLOCKS)} {_counted(contrasts)}."
        )
    return _verdict(
        evidence,
        contrasts,
        [],
        number="3b",
        finding="Low-intensity patches matter more for general sounds than for speech.",
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
        return lost and told(lost.scaled(100), ".1f")

    return cell_of


def _beyond_random(group: str):
    def cell_of(e: Evidence) -> str | None:
        block = int(EARLY_BLOCKS[0]) - 1
        gain = e.cell("analysis", "removal", "intensity", group, "difference", block)
        return gain and told(negative(gain.scaled(100)), "+.1f")

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
        ratios.append(f"{task} {told(ratio, '.2f')}×")
        if task in GENERAL:
            names = f"{pair[0].name} over {pair[1].name}"
            contrasts.append(Contrast(names, "ratio minus 1", minus(ratio, Measure(1, 1, 1))))
    at = f"after block {LAST_STAGE} at keep-rate {LAST_RATE}"
    summary = (
        f"AudioMAE's share of low patches over AST's {at} (paper: 1.9×): {join(ratios)}." if ratios else ""
    )
    return _verdict(
        evidence,
        contrasts,
        [_line(f"C1 and C2 among the patches kept {at}, %", evidence, _share_cell)],
        number="4",
        finding="On general sounds AudioMAE keeps more low-intensity patches (C1 and C2) than AST.",
        summary=summary,
        compared=f"AudioMAE's share over AST's, minus 1, on {join(GENERAL)}; the paper says it of general"
        " sounds only, so speech is told but not judged",
        caveat="The two differ in more than their answers: AudioMAE was pre-trained, AST was not",
        about=GENERAL,
    )


def low_share(e: Evidence) -> Measure | None:
    """Share of low-intensity patches among those that survive the last stage."""
    return e.cell("analysis", "survival", LAST_RATE, "low_intensity_share_of_kept")


def _share_cell(e: Evidence) -> str | None:
    share = low_share(e)
    return share and told(share.scaled(100), ".0f")


# (5)


def _padding(evidence: Mapping[str, Evidence]) -> Verdict:
    contrasts, ratios = [], []
    for name, e in evidence.items():
        padding, sound = (_survival(e, kind) for kind in ("padding", "sound"))
        if not padding or not sound or sound.value <= 0:
            continue
        ratio, half = over(padding, sound), Measure(DROPPED_BELOW, DROPPED_BELOW, DROPPED_BELOW)
        ratios.append(f"{name} {told(ratio, '.2f')}")
        if e.family == "audiomae":
            contrasts.append(Contrast(name, "padding is dropped", minus(half, ratio)))
        else:
            contrasts.append(Contrast(name, "padding is kept", minus(ratio, half)))
    at = f"after block {LAST_STAGE} at keep-rate {LAST_RATE}"
    summary = ""
    if ratios:
        summary = f"How often padding survives over how often sound does, {at}: {join(ratios)}."
    full = [name for name, e in evidence.items() if find(e.analysis, "padding_share") == 0]
    if full:
        summary += f" No clip of {join(full)} has a patch of padding only."
    return _verdict(
        evidence,
        contrasts,
        [_line(f"padding / sound that survives {at}, %", evidence, _padding_cell)],
        number="5",
        finding="AudioMAE drops the padding after a clip's end, AST keeps it.",
        summary=summary,
        compared="padding's survival over sound's against one half, below it for AudioMAE and above it for"
        " AST: padding counts as dropped where it survives less than half as often as sound",
        caveat="Padding is told by the clips' real lengths, so recorded silence counts as sound",
        about=tuple(e.task for e in evidence.values() if e.name not in full),
    )


def _survival(e: Evidence, kind: str) -> Measure | None:
    return e.cell("analysis", "survival", LAST_RATE, kind, LAST_STAGE)


def _padding_cell(e: Evidence) -> str | None:
    padding, sound = (_survival(e, kind) for kind in ("padding", "sound"))
    return (
        f"{told(padding.scaled(100), '.1f')} / {told(sound.scaled(100), '.1f')}"
        if padding and sound
        else None
    )


# Words


def _verdict(
    evidence: Mapping[str, Evidence],
    contrasts: Sequence[Contrast],
    lines: Sequence[Line],
    *,
    number: str,
    finding: str,
    summary: str,
    compared: str,
    caveat: str,
    about: Sequence[str] = (*GENERAL, *SPEECH),
) -> Verdict:
    """Judge, and say what is missing and how little it rests on. ``about`` are the tasks concerned."""
    judged = {name for c in contrasts for name in c.model.split(" over ")}
    missing = [name for name, e in evidence.items() if name not in judged and e.task in about]
    parts = [summary.strip() or "The files hold none of these numbers yet."]
    if missing and summary:
        parts.append(f"Not measured yet: {join(missing)}.")
    models = [e for e in evidence.values() if e.name in judged]
    return Verdict(
        number=number,
        finding=finding,
        verdict=judge(contrasts),
        summary=" ".join(parts),
        caveat=f"{caveat}." if models else "",
        basis=_smallness(models),
        compared=compared,
        lines=tuple(line for line in lines if line.cells),
        contrasts=tuple(contrasts),
    )


def _smallness(models: Sequence[Evidence]) -> str:
    """How little a verdict rests on, from the models' cards."""
    models = [e for e in models if e.results or e.analysis]
    if not models:
        return ""
    parameters = [e.card["parameters"] / 1e6 for e in models if e.card.get("parameters")]
    clips = [n for e in models if (n := find(e.card, "data", "training_clips"))]
    tested = [n for e in models if (n := e.analysis.get("n") or e.results.get("n"))]
    size = f" of {told_range(parameters, '.1f')} M parameters" if parameters else ""
    trained = f" trained on {told_range(clips, ',d')} clips" if clips else ""
    on = f" and tested on {told_range(tested, ',d')}" if tested else ""
    return f"One seed each, small models{size}{trained}{on}."


def _line(label: str, evidence: Mapping[str, Evidence], cell_of) -> Line:
    """``cell_of`` gives a model's cell, or None."""
    return Line(label, {name: text for name, e in evidence.items() if (text := cell_of(e))})


def _span(contrasts: Sequence[Contrast], form: str) -> str:
    """ "is x (model)", or "runs from x (model) to y (other model)"."""
    ordered = sorted(contrasts, key=lambda c: c.margin.value)
    ends = [f"{told(c.margin, form)} ({c.model})" for c in (ordered[0], ordered[-1])]
    return f"is {ends[0]}" if len(ordered) == 1 else f"runs from {ends[0]} to {ends[1]}"


def _counted(contrasts: Sequence[Contrast], what: str = "comparisons") -> str:
    above, below = (sum(c.sign == sign for c in contrasts) for sign in (1, -1))
    return f"the interval lies above 0 in {above} of {len(contrasts)} {what} and below 0 in {below}"
