"""The button that offers a ZIP of the viewer's current view.

The ZIP is sent in the answer to the request. It is not written to a file, so nobody else could fetch it and
nothing has to be removed.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

import gradio as gr

from tpexplore.errors import InputError
from tpexplore.model.plan import METHODS, RANKINGS, check_keep_rate, check_method, check_score
from tpexplore.results.takeaway import PNG, build_takeaway
from tpexplore.signal.excerpt import Excerpt
from tpexplore.study.sweep import explore

from .choices import ModelChoice, cached_model
from .clips import clip_name, example_at, excerpt_of
from .events import AT_ONCE, MODEL_QUEUE, QUIET
from .plan_text import read_plan
from .replies import FORGOTTEN, reply_to

MAX_PICTURES, MAX_PICTURE_BYTES = 3, 4_000_000
"""What is taken from a browser; a print of the viewer has about 0.4 MB."""


PNG_END = b"IEND\xaeB`\x82"


@dataclass(frozen=True)
class Seen:
    """What the viewer shows."""

    path: str
    choice: ModelChoice
    start: float | None


def wire(viewer: gr.HTML, seen: gr.State) -> None:
    """Answer the viewer's button; ``seen`` holds what the viewer shows."""

    def reply(seen: Seen | None, event: gr.EventData):
        return gr.update(reply=json.dumps(respond(seen, event._data)))

    takeaway = viewer.takeaway(
        reply,
        seen,
        viewer,
        trigger_mode="multiple",  # the button never sends two requests at once
        **MODEL_QUEUE,
        **QUIET,
    )
    # Else the server would keep every visitor's last ZIP.
    takeaway.then(lambda: gr.update(reply=""), outputs=viewer, **AT_ONCE)


def respond(seen: Seen | None, request: Any) -> dict[str, Any]:
    """The ZIP as base64, or a sentence on why there is none."""

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        return {"zip": base64.b64encode(make_zip(seen, request)).decode()}

    return reply_to(request, answer, "The ZIP could not be made; the app's log says why.")


def make_zip(seen: Seen | None, request: dict[str, Any]) -> bytes:
    """The view that the browser names, once more and with its pictures.

    Raises
    ------
    InputError
        If the viewer shows another clip by now, or what was sent cannot be used.
    """
    if seen is None:
        raise InputError(FORGOTTEN)
    score, keep_rate = check_score(request.get("score")), check_keep_rate(request.get("keep_rate"))
    method = check_method(request.get("method", METHODS[0]), score)
    plan = read_plan(request.get("blocks"), request.get("rates"))
    keep_rate = plan.keep_rate(keep_rate)
    pictures = read_pictures(request.get("pictures"))
    model = cached_model(seen.choice)
    excerpt = seen_excerpt(seen, request)
    # Attention's ranks belong to every table, and the unpruned answer to every result.
    scores = [name for name in RANKINGS if name in ("attention", score)]
    exploration = explore(
        model,
        excerpt.samples,
        keep_rates=(keep_rate, 1.0),
        scores=scores,
        blocks=plan.blocks,
        method=method,
    )
    example = example_at(seen.path)
    return build_takeaway(
        exploration,
        keep_rate=keep_rate,
        score=score,
        clip_name=clip_name(seen.path),
        start=excerpt.start,
        source=seen.choice.source,
        frames=seen.choice.frames,
        pictures=pictures,
        example=example.path if example else None,
    )


def seen_excerpt(seen: Seen | None, request: dict[str, Any]) -> Excerpt:
    """The sound that the viewer shows; InputError unless it is that of ``request``."""
    if seen is None:
        raise InputError(FORGOTTEN)
    excerpt = excerpt_of(seen.path, seen.choice, seen.start)
    model = cached_model(seen.choice).config.name
    shown = {"clip": clip_name(seen.path), "model": model, "start": round(excerpt.start, 3)}
    if any(request.get(name) != value for name, value in shown.items()):
        raise InputError("The clip or model has changed; please try again.")
    return excerpt


def read_pictures(sent: Any) -> dict[str, bytes]:
    """Name -> PNG, from base64.

    Raises
    ------
    InputError
        If it is anything else, too many or too large.
    """
    if not isinstance(sent, dict) or len(sent) > MAX_PICTURES:
        raise InputError(f"The pictures are unusable; expected at most {MAX_PICTURES}, by name.")
    pictures = {}
    for name, text in sent.items():
        if not isinstance(text, str) or len(text) > MAX_PICTURE_BYTES * 4 // 3:
            raise InputError(
                f"The picture {name[:40]!r} is too large; expected at most {MAX_PICTURE_BYTES:,} bytes."
            )
        try:
            content = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            content = b""
        if not (content.startswith(PNG) and content.endswith(PNG_END)):
            raise InputError(f"The picture {name[:40]!r} is not a complete PNG.")
        pictures[name[:40]] = content
    return pictures
