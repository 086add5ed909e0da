"""Drop, fuse or merge, as HTML: accuracy against MACs of every model, and faithfulness. Knows no Gradio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tpexplore.model.plan import METHODS
from tpexplore.numbers import percent
from tpexplore.results.measures import Measure, read_measure, with_interval
from tpexplore.results.methods import BY, DOING, Measured, Studies, heard, lead, trained_lead
from tpexplore.results.store import find

WIDTH, HEIGHT = 230, 150
LEFT, RIGHT, TOP, BOTTOM = 34, 8, 8, 30
NAMES = {"drop": "dropped", "fuse": "fused", "merge": "merged"}
COLUMNS = ("model", "method", "score", "keep_rate", "macs", "accuracy", "ci95_low", "ci95_high", "minus_drop")
"""Of the measurements saved as CSV."""


def method_panels(measured: Measured) -> str:
    """A panel a model: a line a method by attention with its 95 % band, thin lines other rankings."""
    legend = "".join(
        f'<span><i class="pp-key pp-way-{method}"></i>the other patches {NAMES[method]}</span>'
        for method in METHODS
    )
    panels = "".join(_panel(name, results) for name, results in measured.items())
    return (
        f'<p class="pp-legend">{legend}<span><i class="pp-key pp-way-other"></i>dropped or fused by another'
        f' ranking</span></p><div class="pp-panels">{panels}</div>'
    )


def _row(results: Mapping[str, Any], method: str, score: str) -> list[tuple[float, Measure]]:
    """(MACs, accuracy) by ascending MACs, the unpruned model last."""
    cells = find(results, "accuracy", method, score) or {}
    row = [(cell["macs"], read_measure(cell)) for cell in cells.values()]
    whole = results["unpruned"]
    return sorted([*row, (whole["macs"], read_measure(whole))], key=lambda point: point[0])


def _panel(name: str, results: Mapping[str, Any]) -> str:
    rows = {
        (method, score): _row(results, method, score)
        for method, scores in results["accuracy"].items()
        for score in scores
    }
    points = [point for row in rows.values() for point in row]
    least, most = min(macs for macs, _ in points), max(macs for macs, _ in points)
    low = int(10 * min(m.low if m.low is not None else m.value for _, m in points)) / 10
    high = 1.0

    def at(macs: float, value: float) -> str:
        x = LEFT + (macs - least) / (most - least) * (WIDTH - LEFT - RIGHT)
        y = TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM)
        return f"{x:.1f},{y:.1f}"

    body = ""
    for value in (low, (low + high) / 2, high):
        y = at(least, value).split(",")[1]
        body += f'<line class="pp-grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'
        body += f'<text x="{LEFT - 4}" y="{float(y) + 3:.1f}" text-anchor="end">{percent(value)}</text>'
    for macs, anchor in ((least, "start"), (most, "end")):
        x = at(macs, low).split(",")[0]
        body += f'<text x="{x}" y="{HEIGHT - 16}" text-anchor="{anchor}">{macs / 1e6:,.0f} M</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    body += f'<text x="{middle}" y="{HEIGHT - 3}" text-anchor="middle">MACs of one clip</text>'
    drawn = sorted(rows, key=lambda way: way[1] == BY)  # the lines that count lie on top
    for method, score in drawn:
        line = " ".join(at(macs, m.value) for macs, m in rows[method, score])
        if score == BY:
            edges = [at(macs, m.high) for macs, m in rows[method, score] if m.high is not None]
            edges += [at(macs, m.low) for macs, m in reversed(rows[method, score]) if m.low is not None]
            body += f'<polygon class="pp-way-{method}" points="{" ".join(edges)}"/>'
        title = f"<title>{escape(DOING[method])}{'' if method == 'merge' else f' by {score}'}</title>"
        kind = method if score == BY else "other"
        body += f'<polyline class="pp-way-{kind}" points="{line}">{title}</polyline>'
    label = escape(f"{name}: accuracy against MACs by method")
    about = f"{results['n']:,} clips, {results['split']}"
    return (
        f"<figure><figcaption><b>{escape(name)}</b><span>{escape(about)}</span></figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{body}</svg></figure>'
    )


def lead_table(measured: Measured) -> str:
    """Points over dropping by attention on the same clips, by method, ranking and keep-rate."""
    rates = list(dict.fromkeys(rate for r in measured.values() for rate in r["accuracy"]["drop"][BY]))
    lines = []
    for name, results in measured.items():
        for method, scores in results["paired"].items():
            for score in scores:
                way = DOING[method] if method == "merge" else f"{DOING[method]} by {score}"
                cells = "".join(f"<td>{_small(lead(results, method, score, rate))}</td>" for rate in rates)
                lines.append(f'<tr><th scope="row">{escape(name)}, {escape(way)}</th>{cells}</tr>')
    head = "".join(f'<th scope="col">{percent(rate)}</th>' for rate in rates)
    return _table("Points of accuracy over dropping by attention, by keep-rate", "model and way", head, lines)


def trained_table(studies: Studies) -> str:
    """Accuracy of one short training a method from a common start, and points over dropping."""
    lines = []
    for name, study in studies.items():
        for method, cell in study["accuracy"].items():
            accuracy = read_measure(cell)
            cells = f"<td>{_small(accuracy and accuracy.scaled(100), '.1f')}</td>"
            cells += f"<td>{_small(trained_lead(study, method))}</td>"
            row = f"{name}, {DOING[method]}, {percent(study['keep_rate'])}"
            lines.append(f'<tr><th scope="row">{escape(row)}</th>{cells}</tr>')
    head = '<th scope="col">accuracy, %</th><th scope="col">points over dropping</th>'
    caption = "Each model trained and tested by one method, from a common start"
    return _table(caption, "start, method, keep-rate", head, lines)


def faithfulness_table(measured: Measured) -> str:
    """What the model says of kept and of removed parts alone, by method and ranking."""
    lines = []
    for name, results in measured.items():
        for method, scores in (find(results, "faithfulness", "ways") or {}).items():
            for score, rates in scores.items():
                way = DOING[method] if method == "merge" else f"{DOING[method]} by {score}"
                for rate in rates:
                    cells = "".join(
                        f"<td>{_small(cell and cell.scaled(100), '.0f')}</td>"
                        for part in ("kept", "removed")
                        for what in ("same_answer", "confidence_drop")
                        for cell in [heard(results, part, what, score, method, rate)]
                    )
                    row = f"{name}, {way}, {percent(rate)}"
                    lines.append(f'<tr><th scope="row">{escape(row)}</th>{cells}</tr>')
    head = "".join(
        f'<th scope="col">{text}</th>'
        for part in ("kept", "removed")
        for text in (f"{part} part: same answer, %", f"{part} part: confidence lost, points")
    )
    return (
        _table("Each part heard alone by the whole model", "model, way, keep-rate", head, lines)
        if lines
        else ""
    )


def methods_csv(measured: Measured) -> list[Sequence[Any]]:
    """One line a measurement, see `COLUMNS`."""
    lines = []
    for name, results in measured.items():
        for method, scores in results["accuracy"].items():
            for score, rates in scores.items():
                for rate, cell in rates.items():
                    gain = find(results, "paired", method, score, rate, "value")
                    ends = cell["ci95"]
                    lines.append([name, method, score, rate, cell["macs"], cell["value"], *ends, gain])
    return lines


def _small(value: Measure | None, form: str = "+.1f") -> str:
    if value is None:
        return "–"
    number, _, interval = with_interval(value, form).partition(" ")
    return f"{number}<small>{escape(interval)}</small>"


def _table(caption: str, corner: str, head: str, lines: Sequence[str]) -> str:
    label = escape(caption)
    return (
        f'<div class="pp-scroll" tabindex="0" role="region" aria-label="{label}"><table>'
        f'<caption>{label}</caption><thead><tr><th scope="col">{escape(corner)}</th>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )
