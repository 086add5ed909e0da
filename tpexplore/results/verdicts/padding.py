"""Finding 5: AudioMAE drops the padding after a clip's end, AST keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tpexplore.results.judging import Contrast, Facts, Finding
from tpexplore.results.measures import Measure, join, minus, over, with_interval
from tpexplore.results.sentences import line_of, percent_text
from tpexplore.results.store import Evidence, find

from .last_stage import AT_THE_END, LAST_RATE, LAST_STAGE

DROPPED_BELOW = 0.5
"""Padding counts as dropped where it survives less than half as often as sound."""

FINDING = Finding(
    number="5",
    text="AudioMAE drops the padding after a clip's end, AST keeps it.",
    holds="The model treats padding as the paper says",
    fails="The model does the opposite",
    axis="as the paper says, from the dividing line",
    compared="padding's survival over sound's against one half, below it for AudioMAE and above it for"
    " AST: padding counts as dropped where it survives less than half as often as sound",
    caveat="Padding is known from the clips' real lengths, so recorded silence counts as sound",
)


def facts(evidence: Mapping[str, Evidence]) -> Facts:
    """How often padding survives over how often sound does, in every model with padded clips."""
    half = Measure(DROPPED_BELOW, DROPPED_BELOW, DROPPED_BELOW)
    contrasts, ratios, without = [], [], []
    for name, e in evidence.items():
        padding, sound = survival("padding", e), survival("sound", e)
        if not padding or not sound or sound.value <= 0:
            continue
        ratio = over(padding, sound)
        if padding.value > 0:
            ratios.append(f"{name} {with_interval(ratio, '.2f')}×")
        else:
            without.append(name)
        if e.family == "audiomae":
            contrasts.append(Contrast((name,), "padding is dropped", minus(half, ratio)))
        else:
            contrasts.append(Contrast((name,), "padding is kept", minus(ratio, half)))
    full = [name for name, e in evidence.items() if find(e.analysis, "padding_share") == 0]
    return Facts(
        contrasts,
        _summary(ratios, without, full) if contrasts else "",
        [line_of(f"padding / sound that survives {AT_THE_END}, %", evidence, _padding_cell)],
        plain=_plain_sentence(contrasts, without),
        tasks=tuple(e.task for e in evidence.values() if e.name not in full),
    )


def survival(kind: str, e: Evidence) -> Measure | None:
    """Share of the patches of a kind, "padding" or "sound", that survives the last stage."""
    return e.cell("analysis", "survival", LAST_RATE, kind, LAST_STAGE)


def _summary(ratios: Sequence[str], without: Sequence[str], full: Sequence[str]) -> str:
    """``without`` are the models that keep no padding, ``full`` those whose clips have none."""
    parts = []
    if without:
        parts.append(f"{join(without)} {'keeps' if len(without) == 1 else 'keep'} no padding {AT_THE_END}.")
    if ratios:
        parts.append(f"Survival of padding over that of sound {AT_THE_END}: {join(ratios)}.")
    if full:
        parts.append(f"No clip of {join(full)} has a patch of padding only.")
    return " ".join(parts)


def _plain_sentence(contrasts: Sequence[Contrast], without: Sequence[str]) -> str:
    """The sentence where no model keeps any padding; empty elsewhere."""
    if not contrasts or len(without) < len(contrasts):
        return ""
    if len(without) == 2:
        return "Both models drop all padding."
    return f"{join(without)} {'drops' if len(without) == 1 else 'drop'} all padding."


def _padding_cell(e: Evidence) -> str | None:
    cells = [percent_text(survival(kind, e), ".1f") for kind in ("padding", "sound")]
    return " / ".join(cells) if all(cells) else None
