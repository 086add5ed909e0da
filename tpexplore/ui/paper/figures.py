"""Figures 4 to 6 of the paper and the verdicts' contrasts, as inline SVG that follows the page's theme."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby, pairwise
from typing import Any

import numpy as np
from PIL import Image

from tpexplore.figures.style import CLUSTER_COLOURS
from tpexplore.numbers import number
from tpexplore.results.comparison import ComparisonRow, clusters_of
from tpexplore.results.judging import Contrast, Verdict, margins
from tpexplore.results.measures import above_and_below, with_interval
from tpexplore.results.store import Evidence, find
from tpexplore.stats.cluster_names import CLUSTER_NAMES

from .tables import READING_ORDER

WIDTH, HEIGHT = 230, 132
LEFT, RIGHT, TOP, BOTTOM = 30, 6, 8, 20
TAU_RANGE = (-0.4, 1.0)
STRIP = 26
"""Height of a model's line among the contrasts."""
SIDES = {1: "pp-for", 0: "pp-open", -1: "pp-against"}
HEAT_STOPS = ((0, 0, 4), (66, 10, 104), (147, 38, 103), (221, 81, 58), (252, 165, 10), (252, 255, 164))
"""Inferno, as in the paper's Fig. 6."""
HISTOGRAMS = {"all patches": "input", "kept": "kept"}
WITHOUT_PADDING = {"all but padding": "input_sound", "kept, padding aside": "kept_sound"}
"""What the panels of Fig. 6 are called here and in the analysis file."""


def kendall_panels(rows: Sequence[ComparisonRow]) -> str:
    """Fig. 4 as small multiples: one for each statistic, family and dataset."""
    parts = []
    for statistic, same in groupby(rows, lambda row: row.line):
        series = [list(group) for _, group in groupby(same, lambda row: (row.family, row.dataset))]
        series.sort(key=lambda own: READING_ORDER.index(own[0].dataset))
        parts.append(f'<h4>{statistic.capitalize()}</h4><div class="pp-panels">')
        parts += [_kendall_panel(own) for own in series]
        parts.append("</div>")
    legend = (
        '<p class="pp-legend">'
        '<span><i class="pp-key pp-line-paper"></i>paper, ties counted as agreement</span>'
        '<span><i class="pp-key pp-line-same"></i>here, counted the same way</span>'
        '<span><i class="pp-key pp-line-here"></i>here, τ-b, with its 95 % interval</span></p>'
    )
    return legend + "".join(parts)


def _kendall_panel(rows: Sequence[ComparisonRow]) -> str:
    first = rows[0]
    blocks = [int(row.column) for row in rows]
    same = [row.measured.value if row.measured else None for row in rows]
    honest = [dict(row.beside).get("tau-b") for row in rows]
    body = _axes()
    if all(honest):
        edges = [(b, m.high if m.high is not None else m.value) for b, m in zip(blocks, honest, strict=True)]
        edges += reversed(
            [(b, m.low if m.low is not None else m.value) for b, m in zip(blocks, honest, strict=True)]
        )
        body += f'<polygon class="pp-band" points="{_points(edges)}"/>'
    body += _line("pp-line-paper", list(zip(blocks, [row.published for row in rows], strict=True)))
    body += _line("pp-line-same", [(b, v) for b, v in zip(blocks, same, strict=True) if v is not None])
    body += _line("pp-line-here", [(b, m.value) for b, m in zip(blocks, honest, strict=True) if m])
    paper = np.mean([row.published for row in rows])
    means = f"mean {number(paper)} in the paper"
    if all(honest):
        means += f"; {number(np.mean([m.value for m in honest]))} here under τ-b ({first.ours})"
    reason = next((row.reason for row in rows if row.reason), "")
    title = f"{first.dataset}, {first.family}"
    label = escape(f"Kendall tau of {first.line} by block. {title}: {means}. {reason}")
    caption = f"<b>{escape(title)}</b><span>{escape(reason or means)}</span>"
    return (
        f'<figure><figcaption>{caption}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        f' aria-label="{label}">{body}</svg></figure>'
    )


def _x(block: float) -> float:
    return LEFT + (block - 1) / 11 * (WIDTH - LEFT - RIGHT)


def _y(tau: float) -> float:
    low, high = TAU_RANGE
    return TOP + (high - tau) / (high - low) * (HEIGHT - TOP - BOTTOM)


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{_x(b):.1f},{_y(v):.1f}" for b, v in points)


def _line(name: str, points: Sequence[tuple[float, float]]) -> str:
    return f'<polyline class="{name}" points="{_points(points)}"/>' if points else ""


def _axes() -> str:
    parts = []
    for tau in (0.0, 0.5, 1.0):
        name = "pp-zero" if tau == 0 else "pp-grid"
        parts.append(
            f'<line class="{name}" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{_y(tau):.1f}" y2="{_y(tau):.1f}"/>'
        )
        parts.append(f'<text x="{LEFT - 4}" y="{_y(tau) + 3:.1f}" text-anchor="end">{tau:g}</text>')
    parts.append(f'<text x="{LEFT - 4}" y="{HEIGHT - 8}">block 1</text>')
    for block in (4, 7, 10, 12):
        parts.append(f'<text x="{_x(block):.1f}" y="{HEIGHT - 8}" text-anchor="middle">{block}</text>')
    return "".join(parts)


def contrast_strips(verdict: Verdict) -> str:
    """The evidence for a verdict: one line per model, one bar per interval, coloured by its side of 0."""
    if not verdict.contrasts:
        return ""
    bounded = [
        x for c in verdict.contrasts for x in (c.margin.low, c.margin.high, c.margin.value) if x is not None
    ]
    finite = [x for x in bounded if np.isfinite(x)] + [0.0]
    low, high = min(finite), max(finite)
    room = (high - low or 1) * 0.05
    low, high = low - room, high + room
    rows = [
        _strip(name, [c for c in verdict.contrasts if c.model == name], low, high)
        for name in dict.fromkeys(c.model for c in verdict.contrasts)
    ]
    zero = 100 * -low / (high - low)
    # A number too near to the zero would lie over it.
    ends = [_tick(low) if zero > 12 else "", _tick(high) if zero < 88 else ""]
    scale = (
        f'<li class="pp-scale" aria-hidden="true"><span></span><span><i>{ends[0]}</i>'
        f'<i style="left:{zero:.1f}%">0</i><i>{ends[1]}</i></span></li>'
        f'<li class="pp-axis" aria-hidden="true"><span></span><span>{escape(verdict.axis)} →</span></li>'
    )
    label = escape(f"95 % intervals: {verdict.compared}")
    return f'<ul class="pp-strips" aria-label="{label}">{"".join(rows)}{scale}</ul>'


def _tick(value: float) -> str:
    return f"{value:.2g}".replace("-", "−")


def _strip(model: str, contrasts: Sequence[Contrast], low: float, high: float) -> str:
    def at(value: float) -> float:
        return 100 * (min(max(value, low), high) - low) / (high - low)

    marks = f'<line class="pp-zero" x1="{at(0):.2f}" x2="{at(0):.2f}" y1="0" y2="{STRIP}"/>'
    step = STRIP / (len(contrasts) + 1)
    for i, contrast in enumerate(contrasts):
        y, m = step * (i + 1), contrast.margin
        bounded = m.low is not None and m.high is not None
        ends = (m.low, m.high) if bounded else (m.value, m.value)
        name = SIDES[contrast.sign] + ("" if bounded else " pp-point")
        about = escape(f"{contrast.what}: {with_interval(m, '+.2f')}")
        marks += (
            f'<line class="{name}" x1="{at(ends[0]):.2f}" x2="{at(ends[1]):.2f}" y1="{y:.1f}" y2="{y:.1f}">'
            f"<title>{about}</title></line>"
        )
    held, lost = above_and_below(margins(contrasts))
    spoken = f"{model}: {held} of {len(contrasts)} above 0, {lost} below"
    return (
        f'<li><span>{escape(model)}</span><svg viewBox="0 0 100 {STRIP}" preserveAspectRatio="none"'
        f' role="img" aria-label="{escape(spoken)}">{marks}</svg></li>'
    )


@dataclass(frozen=True)
class ClusterRange:
    """One bar of Fig. 5, or the reason why there is none."""

    name: str
    edges: Sequence[float] = ()
    shares: Sequence[float] = ()
    reason: str = ""


def cluster_ranges(published: Mapping[str, Any], evidence: Mapping[str, Evidence]) -> list[ClusterRange]:
    """The paper's intensity clusters of each dataset, each followed by ours."""
    bars = []
    for dataset, one in published.items():
        bars.append(ClusterRange(f"{dataset}, paper", one["edges"], one.get("shares", ())))
        model, reason = clusters_of(dataset, "intensity", evidence)
        own = (model and find(model.card, "clusters", "intensity")) or {}
        if model and not own:
            reason = model.why_not("card", "clusters of intensity")
        name = f"{model.task} here" if model else "here"
        bars.append(ClusterRange(name, own.get("edges", ()), own.get("shares", ()), reason))
    return bars


def cluster_bars(bars: Sequence[ClusterRange]) -> str:
    """Fig. 5: what range each cluster spans, all on one axis."""
    ends = [edge for bar in bars if bar.edges for edge in (bar.edges[0], bar.edges[-1])]
    if not ends:
        return ""
    low, high = min(ends), max(ends)
    legend = "".join(
        f'<span><i class="pp-key" style="background:{colour}"></i>{name}</span>'
        for name, colour in zip(CLUSTER_NAMES, CLUSTER_COLOURS, strict=True)
    )
    axis = "".join(
        f'<i style="left:{100 * (tick - low) / (high - low):.1f}%">{_tick(tick)}</i>'
        for tick in (-2, -1, 0, 1, 2, 3)
        if low <= tick <= high
    )
    return (
        f'<p class="pp-legend">{legend}</p><ul class="pp-bars">'
        + "".join(_cluster_bar(bar, low, high) for bar in bars)
        + f'<li class="pp-scale" aria-hidden="true"><span></span><span>{axis}</span></li></ul>'
    )


def _cluster_bar(bar: ClusterRange, low: float, high: float) -> str:
    name = f"<span>{escape(bar.name)}</span>"
    if not bar.edges:
        return f"<li>{name}<em>{escape(bar.reason)}</em></li>"
    parts, ranges = [], []
    for i, (start, end) in enumerate(pairwise(bar.edges)):
        left, width = (100 * x / (high - low) for x in (start - low, end - start))
        share = number(100 * bar.shares[i], ".0f") if bar.shares else ""
        ranges.append(
            f"{CLUSTER_NAMES[i]} {number(start)} to {number(end)}" + (f", {share} %" if share else "")
        )
        place = f"left:{left:.2f}%;width:{width:.2f}%;--pp-cluster:{CLUSTER_COLOURS[i]}"
        parts.append(f'<b style="{place}">{share}</b>')
    spoken = escape(f"{bar.name}: {'; '.join(ranges)}")
    return f'<li>{name}<div role="img" aria-label="{spoken}" title="{spoken}">{"".join(parts)}</div></li>'


def heat_picture(levels: np.ndarray, top: float) -> str:
    """A histogram (x, y) as a data URL: x to the right, y upwards, brightest at ``top``."""
    stops = np.asarray(HEAT_STOPS, np.float64)
    at = np.clip(levels.T[::-1] / top, 0, 1) * (len(stops) - 1)
    colours = np.stack([np.interp(at, np.arange(len(stops)), stops[:, c]) for c in range(3)], axis=-1)
    out = io.BytesIO()
    Image.fromarray(colours.round().astype(np.uint8)).save(out, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def histogram_pairs(evidence: Mapping[str, Evidence]) -> str:
    """Fig. 6 for every model of ours: all patches beside those kept, with and without padding."""
    return f'<div class="pp-heat">{"".join(_histogram_pair(e) for e in evidence.values())}</div>'


def _histogram_pair(e: Evidence) -> str:
    tables = e.analysis.get("histograms") or {}
    names = HISTOGRAMS | (WITHOUT_PADDING if e.analysis.get("padding_share") else {})
    counts = {name: _array(tables.get(key)) for name, key in names.items()}
    x, y = (_array(tables.get(f"{axis}_edges")) for axis in "xy")
    if x is None or y is None or any(c is None or c.sum() <= 0 for c in counts.values()):
        reason = escape(e.why_not("analysis", "histograms"))
        return f"<figure><figcaption><b>{e.name}</b><span>{reason}</span></figcaption></figure>"
    area = np.diff(x)[:, None] * np.diff(y)[None]
    levels = {name: np.log1p(c / c.sum() / area) for name, c in counts.items()}
    top = max(level.max() for level in levels.values())
    panels = "".join(
        f'<span><img src="{heat_picture(level, top)}" alt="{e.name}, {name}: intensity {_tick(x[0])} to'
        f' {_tick(x[-1])} by variation {_tick(y[0])} to {_tick(y[-1])}">{name}</span>'
        for name, level in levels.items()
    )
    means = [float(c.sum(1) @ (x[1:] + x[:-1]) / 2 / c.sum()) for c in counts.values()]
    moved = f"mean intensity {number(means[0])} → {number(means[1])}"
    scale = f"intensity {_tick(x[0])} to {_tick(x[-1])} →, variation {_tick(y[0])} to {_tick(y[-1])} ↑"
    return (
        f"<figure><figcaption><b>{e.name}</b><span>{moved}; {scale}</span></figcaption>"
        f'<div class="pp-pair">{panels}</div></figure>'
    )


def _array(values: Any) -> np.ndarray | None:
    return None if values is None else np.asarray(values, np.float64)
