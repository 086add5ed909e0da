"""A table of HTML cells under a figure."""

from __future__ import annotations

import gradio as gr

_CSS = """
.caption { margin: 12px 0 4px; font-size: 0.85rem; color: var(--body-text-color-subdued); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 12px 4px 0; border-bottom: 1px solid var(--border-color-primary); white-space: nowrap; }
th { font-weight: 400; }
thead th { font-weight: 700; }
.words { text-align: left; }
td.words { white-space: normal; }
.number { text-align: right; }
"""


def table_box(id: str) -> gr.HTML:
    """A place for what `table_html` makes."""
    return gr.HTML(css_template=_CSS, apply_default_css=False, elem_id=id)


def table_html(caption: str, head: list[str], rows: list[list[str]], words: int = 1) -> str:
    """A table of HTML cells: the first names the row, the first ``words`` hold words, the others numbers."""
    kinds = ["words"] * words + ["number"] * (len(head) - words)
    columns = "".join(
        f'<th scope="col" class="{kind}">{cell}</th>' for cell, kind in zip(head, kinds, strict=True)
    )
    lines = ""
    for name, *cells in rows:
        values = zip(cells, kinds[1:], strict=True)
        lines += f'<tr><th scope="row" class="words">{name}</th>'
        lines += "".join(f'<td class="{kind}">{cell}</td>' for cell, kind in values) + "</tr>"
    return (
        f'<p class="caption">{caption}</p>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{caption}">'
        f"<table><thead><tr>{columns}</tr></thead><tbody>{lines}</tbody></table></div>"
    )
