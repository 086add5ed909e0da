"""What figures say: one sentence from the numbers that they show."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from tpexplore.numbers import number, percent
from tpexplore.stats.cluster_names import CLUSTER_NAMES

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
        return f"Kendall's τ of {statistic} is undefined: all values are equal"
    mean, count = np.nanmean(values), len(values)
    average = f"mean {measure} {number(mean)}"
    if unrelated:
        average += f", {number(unrelated)} if unrelated"
    above, below = values > unrelated + RELATED, values < unrelated - RELATED
    if above.all():
        return f"Attention follows {statistic} in all {count} blocks ({average})"
    if below.all():
        return f"Attention runs against {statistic} in all {count} blocks ({average})"
    first = count - int(np.argmin(above[::-1]))  # index of the first block of the last run that follows
    if first < count - 1 and not above[:first].any():
        return f"Attention follows {statistic} from block {first + 1} on ({average})"
    if above.sum() > count / 2:
        return f"Attention follows {statistic} in {above.sum()} of {count} blocks ({average})"
    if below.sum() > count / 2:
        return f"Attention runs against {statistic} in {below.sum()} of {count} blocks ({average})"
    if not above.any() and not below.any():
        return f"Attention is unrelated to {statistic} ({average})"
    if not above.any():
        return f"Attention runs against {statistic} in {below.sum()} of {count} blocks ({average})"
    return f"Attention follows {statistic} in only {above.sum()} of {count} blocks ({average})"


def share_title(statistic: str, own: Sequence[float], dataset: Sequence[float] | None) -> str:
    """How much of a clip the two lowest clusters hold, against its dataset."""
    low = float(sum(own[:2]))
    sentence = f"{percent(low)} of this clip's patches are of low {statistic} (C1, C2)"
    if dataset is None:
        return sentence
    usual = float(sum(dataset[:2]))
    alike = percent(low) == percent(usual) or max(low, usual) < NOTICEABLE * min(low, usual)
    relation = "as in" if alike else f"{'more' if low > usual else 'less'} than"
    return f"{sentence}, {relation} its dataset's {percent(usual)}"


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
    sentence = f"Low {statistic} (C1, C2) ends at {number(edges[2])} in {name}"
    if others:
        ends = sorted(edges[2] for _, edges in others)
        span = number(ends[0]) if len(ends) == 1 else f"{number(ends[0])} to {number(ends[-1])}"
        sentence += f", at {span} in the paper"
    return sentence


def survival_title(names: Sequence[str], last: Sequence[float]) -> str:
    """Which of several groups survives the last stage best and worst; nan where a group has no patch."""
    groups = [(value, name) for name, value in zip(names, last, strict=True) if not math.isnan(value)]
    if len(groups) < 2:
        return f"Only {groups[0][1]} is present" if groups else "There is no patch to follow"
    (low, lowest), (high, highest) = min(groups), max(groups)
    if high < NOTICEABLE * low or high - low < 0.02:
        return f"{highest} and {lowest} survive about equally: {percent(high)} and {percent(low)}"
    if low == 0:
        return f"Nothing of {lowest} survives, {percent(high)} of {highest} does"
    times = high / low
    ratio = f"{times:.{0 if times >= 10 else 1}f}×"
    return f"{highest} survives {ratio} as often as {lowest}: {percent(high)} against {percent(low)}"


def joint_title(who: str, means: Mapping[str, tuple[float, float]], keep_rate: float) -> str:
    """How pruning moves the mean of each statistic, from all patches to those kept."""
    if not all(math.isfinite(value) for pair in means.values() for value in pair):
        return f"{who}: no patch to show"
    if keep_rate == 1:
        return f"{who}: at {percent(1)} every patch stays"
    moves = " and ".join(
        f"mean {name} from {number(before)} to {number(after)}" for name, (before, after) in means.items()
    )
    return f"{who}: keeping {percent(keep_rate)} moves the {moves}"


def attention_title(who: str, deltas: Mapping[int, float]) -> str:
    """How the attention of kept patches compares with that of dropped ones at the last stage."""
    finite = {block: delta for block, delta in deltas.items() if not math.isnan(delta)}
    if not finite:
        return f"{who}: nothing is dropped"
    block, delta = max(finite.items())
    size = "about as much attention as"
    if abs(delta) >= SMALL_EFFECT:
        far = "far " if abs(delta) >= LARGE_EFFECT else ""
        size = f"{far}{'more' if delta > 0 else 'less'} attention than"
    return f"{who}: at block {block} kept patches get {size} dropped ones (Cliff's δ {number(delta)})"


def delta_title(values: Sequence[float], dataset: bool) -> str:
    """Whether kept patches get more or less attention than dropped ones, stage by stage."""
    who = "Over the dataset" if dataset else "In this clip"
    finite = [float(value) for value in values if not math.isnan(value)]
    if not finite:
        return f"{who} nothing is dropped"
    signs = {(value >= SMALL_EFFECT) - (value <= -SMALL_EFFECT) for value in finite}
    size = {
        frozenset({1}): "more attention at every stage",
        frozenset({-1}): "less attention at every stage",
        frozenset({0}): "about as much attention as dropped ones",
        frozenset({0, 1}): "more attention at some stages only",
        frozenset({0, -1}): "less attention at some stages only",
    }.get(frozenset(signs), "more attention at some stages and less at others")
    deltas = ", ".join("–" if math.isnan(value) else number(value) for value in values)
    return f"{who} kept patches get {size}: δ {deltas}"


def clips_text(count: int) -> str:
    return f"{count} clip{'s' * (count != 1)}"
