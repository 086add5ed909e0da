"""What figures say: one sentence from the numbers that they show."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

CLUSTER_NAMES = ("C1", "C2", "C3", "C4", "C5")

RELATED = 0.1
"""A tau smaller than this is called unrelated."""
NOTICEABLE = 1.1
"""Ratio from which two shares are said to differ."""
SMALL_EFFECT, LARGE_EFFECT = 0.147, 0.474
"""Sizes of Cliff's delta, by Romano et al. (2006): below the first negligible, from the second on large."""


def kendall_title(
    statistic: str, values: Sequence[float] | None, measure: str = "τ-b", unrelated: float = 0.0
) -> str:
    """What a curve of tau says, in one sentence."""
    values = np.asarray([] if values is None else values, float)
    if not np.isfinite(values).any():
        return f"All patches have the same {statistic}: attention has nothing to follow"
    mean, count = np.nanmean(values), len(values)
    told = f"mean {measure} {number(mean)}"
    if unrelated:
        told += f", {number(unrelated)} if unrelated"
    above, below = values > unrelated + RELATED, values < unrelated - RELATED
    if above.all():
        return f"Attention follows {statistic} in all {count} blocks ({told})"
    if below.all():
        return f"Attention runs against {statistic} in all {count} blocks ({told})"
    first = count - int(np.argmin(above[::-1]))  # block after the last one that does not follow, from 1
    if first < count - 1 and not above[:first].any():
        return f"Attention follows {statistic} from block {first + 1} on ({told})"
    if above.sum() > count / 2:
        return f"Attention follows {statistic} in {above.sum()} of {count} blocks ({told})"
    if below.sum() > count / 2:
        return f"Attention runs against {statistic} in {below.sum()} of {count} blocks ({told})"
    if not above.any() and not below.any():
        return f"Attention is unrelated to {statistic} ({told})"
    if not above.any():
        return f"Attention runs against {statistic} in {below.sum()} of {count} blocks ({told})"
    return f"Attention follows {statistic} in only {above.sum()} of {count} blocks ({told})"


def share_title(statistic: str, own: Sequence[float], dataset: Sequence[float] | None) -> str:
    """How much of a clip the two lowest clusters hold, against its dataset."""
    low = float(sum(own[:2]))
    told = f"{percent(low)} of this clip's patches are of low {statistic} (C1, C2)"
    if dataset is None:
        return told
    usual = float(sum(dataset[:2]))
    alike = max(low, usual) < NOTICEABLE * min(low, usual)
    more = "as in" if alike else f"{'more' if low > usual else 'less'} than"
    return f"{told}, {more} its dataset's {percent(usual)}"


def largest_title(statistic: str, sources: Mapping[str, Sequence[float]]) -> str:
    """Which cluster is the largest in the first two sources."""
    parts = []
    for name, shares in list(sources.items())[:2]:
        largest = max(range(len(shares)), key=lambda i: shares[i])
        parts.append(f"{CLUSTER_NAMES[largest]} ({percent(shares[largest])}) in {name}")
    return f"The largest cluster of {statistic} is {' and '.join(parts)}"


def edge_title(statistic: str, sources: Mapping[str, Sequence[float]]) -> str:
    """Where the two lowest clusters end."""
    (name, edges), *others = sources.items()
    told = f"Low {statistic} (C1, C2) ends at {number(edges[2])} in {name}"
    if others:
        ends = sorted(edges[2] for _, edges in others)
        span = number(ends[0]) if len(ends) == 1 else f"{number(ends[0])} to {number(ends[-1])}"
        told += f", at {span} in the paper"
    return told


def survival_title(names: Sequence[str], last: Sequence[float]) -> str:
    """Which of several groups survives the last stage best and worst; nan where a group has no patch."""
    known = [(value, name) for name, value in zip(names, last, strict=True) if not math.isnan(value)]
    if len(known) < 2:
        return f"Only {known[0][1]} is present" if known else "There is no patch to follow"
    (low, lowest), (high, highest) = min(known), max(known)
    if high < NOTICEABLE * low or high - low < 0.02:
        return f"{highest} and {lowest} survive about equally: {percent(high)} and {percent(low)}"
    if low == 0:
        return f"Nothing of {lowest} survives, {percent(high)} of {highest} does"
    told = f"{percent(high)} against {percent(low)}"
    times = high / low
    return f"{highest} survives {times:.{0 if times >= 10 else 1}f}× as often as {lowest}: {told}"


def joint_title(who: str, means: Mapping[str, tuple[float, float]], keep_rate: float) -> str:
    """How pruning moves the mean of each statistic, from all patches to those kept."""
    if not all(math.isfinite(value) for pair in means.values() for value in pair):
        return f"{who}: no patch to show"
    if keep_rate == 1:
        return f"{who}: at keep-rate 1 every patch stays"
    told = " and ".join(
        f"mean {name} from {number(before)} to {number(after)}" for name, (before, after) in means.items()
    )
    return f"{who}: keeping {percent(keep_rate)} moves the {told}"


def attention_title(who: str, deltas: Mapping[int, float]) -> str:
    """How far kept patches stand above dropped ones at the last stage."""
    known = {block: delta for block, delta in deltas.items() if not math.isnan(delta)}
    if not known:
        return f"{who}: nothing is dropped"
    block, delta = max(known.items())
    size = "hardly above" if delta > 0 else "not above"
    if delta >= SMALL_EFFECT:
        size = "far above" if delta >= LARGE_EFFECT else "above"
    told = f"(Cliff's δ {number(delta)})"
    return f"{who}: at block {block} kept patches lie {size} dropped ones in attention {told}"


def delta_title(values: Sequence[float], dataset: bool) -> str:
    """Whether kept patches stand above dropped ones at every stage."""
    who = "Over the dataset" if dataset else "In this clip"
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return f"{who} nothing is dropped"
    told = ", ".join(number(value) for value in values)
    if min(known) > SMALL_EFFECT:
        return f"{who} kept patches get more attention at every stage: δ {told}"
    if max(known) < SMALL_EFFECT:
        return f"{who} kept patches get no more attention than dropped ones: δ {told}"
    return f"{who} kept patches get more attention at some stages only: δ {told}"


def number(value: float) -> str:
    """Two digits and a real minus sign."""
    return f"{value:.2f}".replace("-", "−")


def percent(share: float) -> str:
    return f"{100 * share:.0f}\u00a0%"
