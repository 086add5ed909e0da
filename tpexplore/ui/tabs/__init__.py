"""The interface between a tab and the page."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from tpexplore.model.plan import KEEP_RATES, SCORES

FIRST_KEEP_RATE = 0.5
"""The page's first keep-rate and score; `boards/page/state.js` starts with the same."""

_NUMBER = re.compile(r"\d*\.?\d+", re.ASCII)  # as in JavaScript
_CHECKED = {"no": False, "yes": True}


@dataclass(frozen=True)
class Setting:
    """One of a tab's settings, as a link names it.

    Exactly one of ``values``, ``span`` and ``pattern`` defines the valid values in a link.

    Attributes
    ----------
    component : Gradio component or None
        None for one that the tab's picture keeps in the browser.
    values : dict of name in a link -> value, or None
    span : (lowest, highest), or None
        Of a number.
    pattern : str
        Of a text, a regular expression that Python and JavaScript read alike.
    page : str
        "rate" or "score" where a picture keeps no setting of its own but follows the page's, as `Tab.page`.
    """

    component: Any = None
    values: Mapping[str, Any] | None = None
    span: tuple[float, float] | None = None
    pattern: str = ""
    page: str = ""

    @classmethod
    def of(cls, component: gr.Radio | gr.Dropdown | gr.Checkbox | gr.Slider) -> Setting:
        """A component whose values are their own names."""
        if isinstance(component, gr.Slider):
            return cls(component, span=(component.minimum, component.maximum))
        if isinstance(component, gr.Checkbox):
            return cls(component, _CHECKED)
        return cls(component, {value: value for _, value in component.choices})

    def read(self, text: Any) -> Any:
        """The value for a text in a link, or None if it is not valid."""
        if not isinstance(text, str):
            return None
        if self.values is not None:
            return self.values.get(text)
        if self.span is None:
            return text if re.fullmatch(self.pattern, text, re.ASCII) else None
        number = float(text) if _NUMBER.fullmatch(text) else math.nan
        return number if self.span[0] <= number <= self.span[1] else None


@dataclass(frozen=True)
class Tab:
    """One tab: its components and how they are filled.

    The page calls ``refresh`` when the tab is opened, and while it is open whenever the clip, the model
    or one of ``inputs`` changes; for a tab that is not open it computes nothing.

    Attributes
    ----------
    outputs : list of Gradio components
    refresh : callable
        ``refresh(path, choice, start, *values of inputs)`` returns one value per output, or an iterator of
        such tuples where the picture grows. It may call ``gr.Progress()``, and raises InputError with a
        sentence for the person.
    inputs : list of Gradio components
        The tab's own settings.
    read : dict of component -> str
        For ``inputs`` whose value is the state of a picture in the browser: a JavaScript expression for the
        value, evaluated for every request.
    link : dict of str -> Setting
        The tab's settings in a link.
    page : dict of component -> "rate" or "score"
        The ``inputs`` that show and change the page's own keep-rate or score, which all tabs share
        (`boards/page/state.js`). An old link that names one of them sets the page's value.
    again : callable or None
        Listener for an event of the tab's picture that requests another analysis of the same clip.
    request : list of Gradio components
        The ``inputs`` that are part of a request: if they differ, the tab is filled again.
    own_models : bool
        Whether the tab has a choice of models of its own, so that the page's line above it names the
        clip only.
    pick : callable or None
        The listener of an event with which the tab's picture chooses a place in the clip, in seconds: the
        page then shows that place in its first tab.
    hears_clip : bool
        Whether the tab shows the page's clip, so that the page's line above it names it.
    """

    outputs: list[Any]
    refresh: Callable[..., tuple | Iterator[tuple]]
    inputs: list[Any] = field(default_factory=list)
    read: dict[Any, str] = field(default_factory=dict)
    link: dict[str, Setting] = field(default_factory=dict)
    page: dict[Any, str] = field(default_factory=dict)
    own_models: bool = False
    again: Callable[..., Any] | None = None
    request: list[Any] = field(default_factory=list)
    pick: Callable[..., Any] | None = None
    hears_clip: bool = True


PAGE_STATE = {name: f"globalThis.tpPage.get().{name}" for name in ("rate", "score")}
"""A JavaScript expression for each part of the page's state."""


def page_settings() -> dict[Any, str]:
    """Two hidden components for `Tab.inputs` and `Tab.read`: the page's score and keep-rate."""
    return {
        gr.Textbox(SCORES[0], visible=False): PAGE_STATE["score"],
        gr.Number(FIRST_KEEP_RATE, visible=False): PAGE_STATE["rate"],
    }


NOT_MEASURED = "not measured for this checkpoint"
KEEP_RATE_INFO = "At three points (blocks 4, 7 and 10) the model keeps this share of what is left."
SCORE_CHOICES = [(name.capitalize(), name) for name in SCORES]


def keep_rate_slider(label: str = "Keep-rate", **options) -> gr.Slider:
    """A slider for `Tab.page`: it shows and changes the page's keep-rate."""
    return gr.Slider(
        KEEP_RATES[0],
        KEEP_RATES[-1],
        FIRST_KEEP_RATE,
        step=0.05,
        label=label,
        info=KEEP_RATE_INFO,
        elem_classes="keep-rate",  # page/rate.js writes the percentage beside it
        **options,
    )


def sound_only_box() -> gr.Checkbox:
    """Whether patches of padding are left out."""
    return gr.Checkbox(
        False,
        label="Without the padding after the clip's end",
        info="Count only patches that hold sound.",
        elem_classes="tick-box",  # page/settings.css gives it its width: Gradio's page ignores min_width here
    )


def sample_of(measured: Mapping[str, Any]) -> str:
    """The sample behind a measured average, e.g. "dataset (680 clips)"."""
    return f"dataset ({measured['n']} clips)"
