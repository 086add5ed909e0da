"""A component that the browser draws by itself: HTML, styles and an ES module, loaded when it is shown."""

from __future__ import annotations

import json
from collections.abc import Sequence

import gradio as gr

from . import serving

# Gradio runs this as a plain function; its addresses must not be relative to Gradio's own scripts.
_LOAD = """// The events that Python listens for: {events}.
{before}const at = (name) => new URL({address} + name, document.baseURI).href;
const board = {module};
import(at("shared/loader.js"))
  .then(({{ show }}) => show(board, {files}, at, {{ element, props, trigger, server, upload, watch }}))
  .catch(console.error);
"""


def create_board(
    elem_id: str,
    module: str | None,
    *,
    html: str | None = None,
    styles: Sequence[str] = (),
    events: Sequence[str] = (),
    before: str = "",
    value: str = "",
    **properties,
) -> gr.HTML:
    """Place a component that a module of the folder ``boards`` draws.

    Parameters
    ----------
    elem_id : str
    module : str or None
        Its ``start`` is called with what Gradio gives a component's script. None for one that does nothing.
    html : str or None
        The file that the component is filled with before; None where its value is HTML.
    styles : sequence of str
        Style sheets that must be there before.
    events : sequence of str
        Those that the module triggers and Python listens for: Gradio looks for their names.
    before : str
        A line of JavaScript that must not wait for the module.
    value : str
    **properties
        Further properties that the module reads, and options of `gr.HTML`.
    """
    load = _LOAD.format(
        events=" ".join(f"'{event}'" for event in events) or "none",
        before=f"{before}\n" if before else "",
        address=json.dumps(serving.address()),
        module=f"import(at({json.dumps(module)}))" if module else "{ start() {} }",
        files=json.dumps({"html": html, "styles": list(styles)}),
    )
    template = {} if html is None else {"html_template": '<div class="board-loading">Loading …</div>'}
    return gr.HTML(
        value=value,
        js_on_load=load,
        apply_default_css=False,
        elem_id=elem_id,
        elem_classes="board",
        **template,
        **properties,
    )
