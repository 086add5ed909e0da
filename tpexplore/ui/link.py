"""The link to the current view: what it may contain, and what the page does when opened by one.

The browser reads the address, keeps it up to date and offers the link (`boards/page/link.js`,
`boards/explore/address.js`). It asks Python only for views that differ from the page as it was built. A
user's own clip never gets into a link.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from tpexplore.checkpoints.bundled import HUB_PREFIX, Example, bundled_card, bundled_names
from tpexplore.model.plan import KEEP_RATES, METHODS, RANKINGS
from tpexplore.signal.decode import read_clip

from .board import create_board
from .choices import ModelChoice
from .controls import Controls
from .events import BROWSER_ONLY
from .picking import file_value
from .tabs import Setting

SPOKEN = "spc-12"
"""An example with an answer for this task is a spoken word."""

OPENED = "() => { document.dispatchEvent(new Event('tp-opened')); return []; }"
"""Tells link.js that its request has been shown, or has failed."""

BUTTON = (
    '<button type="button" id="link-copy" class="head-button" aria-describedby="link-status"'
    ' title="The link opens what you see now.">Copy link</button>'
)
HANDED_OUT = """
<p id="link-status" aria-live="polite" aria-atomic="true"></p>
<input id="link-field" class="head-field" type="text" readonly aria-label="Link to what is seen"
  aria-describedby="link-status" hidden>
"""
"""What copying says, and the link where it cannot be copied."""
PROBLEM = '<div class="message-box"><p id="link-problem" class="message" role="alert"></p></div>'
"""What of a link was not understood."""


@dataclass(frozen=True)
class Place:
    """The parts of a link that need the server.

    Attributes
    ----------
    path : str or None
        Path of an example; None if the sound is the user's own, or there are no examples.
    source : str or None
        Source of a model; None if it is the user's own, which only the browser remembers, or there are none.
    start : float or None
    tab : str
    settings : dict of name -> value
    """

    path: str | None
    source: str | None
    start: float | None
    tab: str
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TabNames:
    """The names of tabs in a link.

    Attributes
    ----------
    ids : list of str
    inside : dict of str -> list of str
        Of a tab with an inner switch, the ids of the tabs behind it; the first opens first.
    aliases : dict of str -> str
        Further name -> id.
    """

    ids: Sequence[str]
    inside: Mapping[str, Sequence[str]] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)


def create_link(
    choices: Sequence[ModelChoice],
    examples: Sequence[Example],
    tabs: TabNames,
    settings: Mapping[str, Setting],
    shared: Mapping[str, str],
    offers_own: bool = False,
) -> gr.HTML:
    """Place the component that reads and writes the address; `BUTTON`, `HANDED_OUT`, `PROBLEM` are visible.

    Parameters
    ----------
    choices, examples, tabs :
        Values that a link may name; the first of each is the default, which a link can leave out.
    settings : dict of "tab.name" -> Setting
    shared : dict of "tab.name" -> "rate" or "score"
        Those that show the page's own, see `Tab.page`.
    offers_own : bool
        Whether a link may name a model of the Hugging Face Hub; a path of this machine it never does.
    """
    names = {
        "examples": {
            _example_name(example): {
                "file": file_value(example),
                "title": example.title,
                "seconds": read_clip(example.path).file_seconds,
            }
            for example in examples
        },
        "models": {choice.link_name: choice.source for choice in choices},
        "fitting": fitting_examples(choices, examples),
        "ownModels": offers_own,
        "tabs": list(tabs.ids),
        "inside": tabs.inside,
        "aliases": tabs.aliases,
        "scores": list(RANKINGS),
        "methods": list(METHODS),
        "rates": list(KEEP_RATES),
        "settings": {
            name: {
                "values": setting.values,
                "span": setting.span,
                "pattern": setting.pattern,
                "first": setting.component and setting.component.value,
                "served": setting.component is not None,
                "page": shared.get(name),
            }
            for name, setting in settings.items()
        },
    }
    return create_board(
        "link", "page/link.js", events=["open", "show"], visible="hidden", known=json.dumps(names)
    )


def fitting_examples(choices: Sequence[ModelChoice], examples: Sequence[Example]) -> dict[str, str]:
    """For each bundled model, by its name in links, the first example whose sounds it knows, if any.

    A model of speakers knows nobody of the examples, but a voice says more than thunder.
    """
    bundled = bundled_names()

    def suits(example: Example, card: dict[str, Any]) -> bool:
        return example.fits(card) or ("speakers" in card["task"] and SPOKEN in example.labels)

    fitting_by_model = {
        choice.link_name: [one for one in examples if suits(one, bundled_card(choice.source))]
        for choice in choices
        if choice.source in bundled
    }
    return {name: _example_name(fitting[0]) for name, fitting in fitting_by_model.items() if fitting}


def read_place(
    request: Any,
    choices: Sequence[ModelChoice],
    examples: Sequence[Example],
    tabs: Sequence[str],
    settings: Mapping[str, Setting],
) -> Place:
    """The browser's request, checked again: an unknown value is replaced by the default."""
    request = request if isinstance(request, dict) else {}
    paths = {_example_name(example): str(example.path) for example in examples}
    sources = {choice.link_name: choice.source for choice in choices}
    sources |= {source: source for source in sources.values() if source.startswith(HUB_PREFIX)}
    texts = request.get("settings")
    texts = texts if isinstance(texts, dict) else {}
    read = {name: setting.read(texts.get(name)) for name, setting in settings.items() if setting.component}
    is_own = {name: request.get(name, "") is None for name in ("example", "model")}
    start = request.get("start")
    # Below infinity before it becomes a float: JSON's whole numbers may be larger than any.
    fits = type(start) in (int, float) and 0 <= start <= sys.float_info.max
    return Place(
        path=None if is_own["example"] else _named(paths, request.get("example")),
        source=None if is_own["model"] else _named(sources, request.get("model")),
        start=float(start) if fits else None,
        tab=_named({tab: tab for tab in tabs}, request.get("tab")),
        settings={name: value for name, value in read.items() if value is not None},
    )


def note_choice(chosen: Controls) -> None:
    """Dispatch an event in the browser when clip or model changes, without the server."""
    gr.on(
        [chosen.clip.change, chosen.model.change],
        inputs=[chosen.clip, chosen.model],
        js=_tell("(clip, model) =>", "tp-request", "{ clip, model }"),
        **BROWSER_ONLY,
    )
    # A new clip starts at its loudest part, wherever the one before did.
    chosen.picks.click(js=_tell("() =>", "tp-start", "null"), **BROWSER_ONLY)


def note_tabs(tabs: Mapping[str, gr.Tab], settings: Mapping[str, Setting]) -> None:
    """Dispatch an event in the browser when a tab opens or its settings change, without the server.

    Gradio runs an event's listeners one after the other, each to its end: these before any that analyses.
    """
    for id, tab in tabs.items():
        tab.select(js=_tell("() =>", "tp-tab", json.dumps(id)), **BROWSER_ONLY)
    for name, setting in settings.items():
        if setting.component is not None:
            detail = f"{{ name: {json.dumps(name)}, value }}"
            tell = _tell("(value) =>", "tp-setting", detail)
            setting.component.input(inputs=setting.component, js=tell, **BROWSER_ONLY)


def _tell(arguments: str, event: str, detail: str) -> str:
    return (
        f"{arguments} {{ document.dispatchEvent(new CustomEvent('{event}', {{ detail: {detail} }}));"
        " return []; }"
    )


def _named(known: Mapping[str, Any], name: Any) -> Any:
    return known[name] if isinstance(name, str) and name in known else next(iter(known.values()), None)


def _example_name(example: Example) -> str:
    return example.path.stem
