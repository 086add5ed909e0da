"""What a tab is, as far as the page around it has to know."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Tab:
    """One tab: what it shows, and how that is filled.

    The page calls ``refresh`` when the tab is opened, and while it is open whenever the clip, the model
    or one of ``inputs`` changes; for a tab that is not open it computes nothing.

    Attributes
    ----------
    id : str
    outputs : list of Gradio components
    refresh : callable
        ``refresh(path, choice, start, *values of inputs)`` returns one value per output, or an iterator of
        such tuples where the picture grows. It may call ``gr.Progress()``, and raises InputError with a
        sentence for the person.
    inputs : list of Gradio components
        The tab's own settings.
    read : dict of component -> str
        Those of ``inputs`` that stand for what a picture in the browser shows: a JavaScript expression for
        the value, read when a request is made.
    own_models : bool
        Whether the tab has a choice of models of its own, so that the page's line above it names the
        clip only.
    """

    id: str
    outputs: list[Any]
    refresh: Callable[..., tuple | Iterator[tuple]]
    inputs: list[Any] = field(default_factory=list)
    read: dict[Any, str] = field(default_factory=dict)
    own_models: bool = False


NOT_MEASURED = "not measured for this checkpoint"


def sample_of(measured: Mapping[str, Any]) -> str:
    """What a measured curve is an average of, e.g. "spc12 test (680 clips)"."""
    return f"dataset ({measured['n']} clips)"
