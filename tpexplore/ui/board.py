"""A component that the browser draws by itself: one template, its styles and scripts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import gradio as gr

_HERE = Path(__file__).parent


def create_board(
    elem_id: str,
    *,
    template: str,
    styles: Iterable[str],
    scripts: Iterable[str],
    value: str = "",
    **properties,
) -> gr.HTML:
    """Place a component made of files of this folder.

    Parameters
    ----------
    elem_id : str
    template : str
    styles, scripts : iterable of str
        Joined in this order; the scripts are the body of one function, so that later ones use names of
        earlier ones.
    value : str
    **properties
        Further properties that the scripts read or set.
    """

    def read(names: Iterable[str]) -> str:
        return "\n".join((_HERE / name).read_text(encoding="utf-8") for name in names)

    return gr.HTML(
        value=value,
        html_template=read([template]),
        css_template=read(styles),
        js_on_load=read(scripts),
        apply_default_css=False,
        elem_id=elem_id,
        **properties,
    )
