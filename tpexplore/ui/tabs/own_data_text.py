"""HTML of the My data tab: labels, accuracy, and clips left out."""

from __future__ import annotations

import base64
import html
from collections import Counter

from tpexplore.figures.titles import clips_text
from tpexplore.numbers import percent
from tpexplore.study.own_data import AccuracyCurve, AccuracyRow, accuracy_csv, answers_csv
from tpexplore.ui.choices import ModelChoice, cached_model

from .table import table_html

LISTED = 12
"""Most unknown labels and unreadable files that are listed one by one."""


def labels_html(choice: ModelChoice) -> str:
    """The labels that the chosen model knows."""
    names = cached_model(choice).config.labels
    listed = html.escape(", ".join(names))
    return (
        f"<details><summary>{html.escape(choice.label)} knows {len(names)} labels</summary>"
        f"<p>{listed}</p></details>"
    )


def accuracy_table(curve: AccuracyCurve) -> str:
    """Accuracy with its interval at every keep-rate, as an HTML table."""
    cells = {(row.score, row.keep_rate): row for row in curve.rows()}
    lines = [
        [percent(rate), f"{cells[curve.scores[0], rate].macs / 1e9:.3f}"]
        + [_accuracy(cells[score, rate]) for score in curve.scores]
        for rate in reversed(curve.keep_rates)
    ]
    head = ["Keep-rate", "G MACs", *curve.scores]
    clips = clips_text(len(curve.answers))
    caption = f"{html.escape(curve.config.name)}: accuracy on {clips}, with its 95 % interval"
    return table_html(caption, head, lines)


def _accuracy(row: AccuracyRow) -> str:
    low, high = (f"{100 * value:.0f}" for value in row.interval)
    return f"{percent(row.accuracy)} ({low}–{high})"


def left_html(curve: AccuracyCurve) -> str:
    """The clips that were not counted, and links that save the results."""
    parts = []
    if curve.unknown:
        labels = Counter(clip.label_text or "no label" for clip in curve.unknown)
        listed = [f"{label} ({count})" for label, count in labels.most_common(LISTED)]
        head = f"No label that this model knows: {clips_text(len(curve.unknown))}"
        parts.append(_list(head, listed, len(labels)))
    if curve.problems:
        count = len(curve.problems)
        parts.append(_list(f"Not readable: {clips_text(count)}", curve.problems[:LISTED], count))
    if curve.answers:
        name = f"own-data-{curve.config.name}"
        parts.append(
            '<p class="own-saves">'
            + _save_link("Save the table (CSV)", f"{name}-accuracy.csv", accuracy_csv(curve))
            + _save_link("Save every clip's answers (CSV)", f"{name}-answers.csv", answers_csv(curve))
            + "</p>"
        )
    return "".join(parts)


def _list(head: str, items: list[str], count: int) -> str:
    more = f"<li>and {count - len(items)} more</li>" if count > len(items) else ""
    lines = "".join(f"<li>{html.escape(item)}</li>" for item in items)
    return f"<details open><summary>{html.escape(head)}</summary><ul>{lines}{more}</ul></details>"


def _save_link(words: str, name: str, text: str) -> str:
    # The file travels in the page itself: nothing about the person's clips stays on the server.
    data = base64.b64encode(text.encode()).decode()
    return (
        f'<a download="{html.escape(name)}" href="data:text/csv;charset=utf-8;base64,{data}">'
        f"{html.escape(words)}</a>"
    )
