"""The paper's tables as HTML, each published number beside ours. Needs no Gradio."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from itertools import groupby
from urllib.parse import quote

from tpexplore.numbers import number, percent
from tpexplore.results.comparison import COUNTERPARTS, SAME_TASK, ComparisonRow
from tpexplore.results.judging import Verdict
from tpexplore.results.measures import Measure

SCORE_NAMES = {"attention": "Attention", "intensity": "Intensity", "variation": "Variation"}
GROUP_NAMES = {"L": "Without L (low: C1, C2)", "H": "Without H (high: C4, C5)"}
NOTHING = "–"
READING_ORDER = sorted(COUNTERPARTS, key=lambda name: (name not in SAME_TASK, not COUNTERPARTS[name]))
"""Datasets of the paper: first the same task as ours, last those without any."""
EXTRA = "extra loss"


def signed(value: float, digits: int = 1) -> str:
    """ "+1.2" or, with a real minus sign, "−1.2"; "0.0" has none."""
    return number(value, f"+.{digits}f")


def plain(value: float, digits: int = 1) -> str:
    """A number with a real minus sign."""
    return number(value, f".{digits}f")


def csv_link(name: str, text: str) -> str:
    """A link that saves ``text`` as a file; the text is part of the page, so no server is needed."""
    href = f"data:text/csv;charset=utf-8,{quote(text, safe=' ,.:;/()=+-')}"
    return f'<a class="pp-save" download="{name}" href="{escape(href)}">Numbers, CSV</a>'


def title_of(rows: Sequence[ComparisonRow]) -> str:
    """ "Table I · ESC-50, AST, beside ast-esc50"; says so if our task is another."""
    first, ours = rows[0], _ours(rows)
    series = f"{first.table} · {first.dataset}, {first.family}"
    if not ours or not any(row.measured for row in rows):
        return f"{series}: not measured here"
    return f"{series}, beside {ours}{'' if first.dataset in SAME_TASK else ' (another task)'}"


def score_tables(rows: Sequence[ComparisonRow], notes: Mapping[str, str]) -> str:
    """Table I: one table for each model and dataset of the paper, lines are keep-rates."""
    return _by_series(
        rows,
        notes,
        lambda own: _matrix(own, SCORE_NAMES, "keep-rate", lambda row: row.line != "unpruned", percent),
    )


def removal_tables(rows: Sequence[ComparisonRow], notes: Mapping[str, str]) -> str:
    """Table IV: one table for each model and dataset of the paper, lines are blocks."""
    return _by_series(rows, notes, lambda own: _matrix(own, GROUP_NAMES, "after block", lambda row: True))


def _by_series(
    rows: Sequence[ComparisonRow], notes: Mapping[str, str], body: Callable[[list[ComparisonRow]], str]
) -> str:
    """Small tables grouped by dataset; a note on a whole dataset appears once, above its tables."""
    parts = []
    for dataset in READING_ORDER:
        own = [row for row in rows if row.dataset == dataset]
        if not own:
            continue
        tables = "".join(
            _boxed(title_of(series), body(series))
            for series in (list(group) for _, group in groupby(own, lambda row: row.family))
        )
        parts.append(
            f'<div class="pp-dataset"><h4>{dataset}</h4><p class="pp-note">{escape(notes[dataset])}</p>'
            f'<div class="pp-tables">{tables}</div></div>'
        )
    return "".join(parts)


def _ours(rows: Iterable[ComparisonRow]) -> str:
    return next((row.ours for row in rows if row.ours), "")


def _boxed(caption: str, inner: str) -> str:
    """A table that scrolls sideways inside its own box; the box takes the focus, so keys scroll it."""
    label = escape(caption)
    return (
        f'<div class="pp-scroll" tabindex="0" role="region" aria-label="{label}">'
        f"<table><caption>{label}</caption>{inner}</table></div>"
    )


def _matrix(
    rows: list[ComparisonRow],
    groups: Mapping[str, str],
    corner: str,
    in_groups: Callable[[ComparisonRow], bool],
    name_of: Callable[[str], str] = str,
) -> str:
    """Lines: the rows' columns (keep-rates, blocks). Columns: each group's paper, here, difference."""
    digits = 1 if all(round(row.published, 1) == row.published for row in rows) else 2
    measured = any(row.measured for row in rows)
    kinds = ["paper"]
    if measured:
        same = rows[0].dataset in SAME_TASK
        kinds += ["here"] + ["difference"] * same + [EXTRA]
        kinds += list(dict.fromkeys(name for row in rows for name, _ in row.beside))
    cells = {(row.line, row.column): row for row in rows if in_groups(row)}
    lines = list(dict.fromkeys(row.column for row in rows if in_groups(row)))
    head = (
        f'<thead><tr><th scope="col" rowspan="2">{corner}</th>'
        + "".join(
            f'<th scope="colgroup" colspan="{len(kinds)}">{escape(name)}</th>' for name in groups.values()
        )
        + "</tr><tr>"
        + "".join(f'<th scope="col">{escape(kind)}</th>' for _ in groups for kind in kinds)
        + "</tr></thead>"
    )
    body = "".join(
        f'<tr><th scope="row">{name_of(line)}</th>'
        + "".join(_cell(cells[group, line], kind, digits) for group in groups for kind in kinds)
        + "</tr>"
        for line in lines
    )
    first = [row for row in rows if not in_groups(row)]
    unpruned = "".join(_unpruned(row, len(groups), kinds, digits) for row in first)
    return f"{head}<tbody>{unpruned}{body}</tbody>{_reasons(rows, 1 + len(groups) * len(kinds))}"


def _unpruned(row: ComparisonRow, groups: int, kinds: Sequence[str], digits: int) -> str:
    """The line for all patches: its number does not depend on the score, so it is shown once."""
    here = f"; here {_value(row.measured, '%')}" if row.measured else ""
    difference = f"; difference {signed(row.difference)}" if row.difference is not None else ""
    return (
        f'<tr><th scope="row">{percent(1)}</th><td class="pp-all" colspan="{groups * len(kinds)}">'
        f"all patches: paper {row.published:.{digits}f}{here}{difference}</td></tr>"
    )


def _cell(row: ComparisonRow, kind: str, digits: int) -> str:
    if kind == "paper":
        return f"<td>{row.published:.{digits}f}</td>"
    if kind == "here":
        return f'<td class="pp-here">{_value(row.measured, row.unit)}</td>'
    if kind in ("difference", EXTRA):
        value = row.difference if kind == "difference" else row.more_lost
        return f"<td>{NOTHING if value is None else signed(value)}</td>"
    return f"<td>{_value(dict(row.beside).get(kind), row.unit)}</td>"


def _value(measure: Measure | None, unit: str) -> str:
    """A number with its interval small beneath."""
    if measure is None:
        return NOTHING
    digits = {"%": 1, "tau": 2, "G": 3}[unit]
    text = plain(measure.value, digits)
    if measure.low is None or measure.high is None:
        return text
    return f"{text} <small>{plain(measure.low, digits)} to {plain(measure.high, digits)}</small>"


def _reasons(rows: Iterable[ComparisonRow], columns: int) -> str:
    """Why some cells have no number here, as the table's last line."""
    reasons = list(dict.fromkeys(row.reason for row in rows if row.reason))
    if len(reasons) > 2:  # one reason per cell; the first one is shown for all
        reasons = [*reasons[:1], f"{len(reasons) - 1} more of the kind."]
    if not reasons:
        return ""
    return f'<tfoot><tr><td colspan="{columns}">{escape(" ".join(reasons))}</td></tr></tfoot>'


def band_table(
    rows: Sequence[ComparisonRow],
    caption: str,
    corner: str,
    heads: Mapping[str, str],
    measured: str = "here",
) -> str:
    """Tables II, III and Fig. 4: lines are paper, here and difference, three for each series."""
    columns = list(dict.fromkeys(row.column for row in rows))
    head = f'<thead><tr><th scope="col">{corner}</th><th scope="col"></th>'
    head += "".join(f'<th scope="col">{escape(heads.get(c, c))}</th>' for c in columns) + "</tr></thead>"
    bodies = []
    for (dataset, family), group in groupby(rows, lambda row: (row.dataset, row.family)):
        own = list(group)
        unit, name = own[0].unit, f"{dataset} · {family}" if family else dataset
        step = {"%": 1, "G": 1, "tau": 2}[unit]
        lines = {"paper": [plain(row.published, step) for row in own]}
        if any(row.measured for row in own):
            digits = 3 if unit == "G" else step
            lines[measured] = [_value(row.measured, unit) for row in own]
            lines["difference"] = [_gap(row, digits) for row in own]
            for further in dict.fromkeys(name for row in own for name, _ in row.beside):
                lines[f"here, {further}"] = [_value(dict(row.beside).get(further), unit) for row in own]
        reason = next((row.reason for row in own if row.reason), "")
        head_cell = f"{escape(name)}<small>{escape(_beside(dataset, own))}</small>"
        span = len(lines) + bool(reason)
        body = ""
        for i, (line, cells) in enumerate(lines.items()):
            first = f'<th scope="rowgroup" rowspan="{span}">{head_cell}</th>' if i == 0 else ""
            mark = ' class="pp-here"' if line.startswith(measured) else ""
            body += f'<tr{mark}>{first}<th scope="row">{escape(line)}</th>'
            body += "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
        if reason:
            body += f'<tr><td class="pp-reason" colspan="{len(columns) + 1}">{escape(reason)}</td></tr>'
        bodies.append(f"<tbody>{body}</tbody>")
    return _boxed(caption, head + "".join(bodies))


def _gap(row: ComparisonRow, digits: int) -> str:
    """Ours minus published."""
    return NOTHING if row.difference is None else signed(row.difference, digits)


def _beside(dataset: str, rows: Iterable[ComparisonRow]) -> str:
    ours = _ours(rows)
    if not ours or ours == "exact count":
        return ""
    return f"beside {ours}{'' if dataset in SAME_TASK else ', other data'}"


def number_table(verdict: Verdict) -> str:
    """A verdict's measurements: one line per quantity, one column per model."""
    models = list(dict.fromkeys(name for line in verdict.lines for name in line.cells))
    if not models:
        return ""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in models)
    body = "".join(
        f'<tr><th scope="row">{escape(line.label)}</th>'
        + "".join(f"<td>{escape(line.cells.get(name, NOTHING))}</td>" for name in models)
        + "</tr>"
        for line in verdict.lines
    )
    table = f'<thead><tr><th scope="col"></th>{head}</tr></thead><tbody>{body}</tbody>'
    return _boxed(f"Finding {verdict.number}, by model", table)
