"""The attention that the picture can show: fetched when that layer is chosen, head by head."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import gradio as gr
import numpy as np

from tpexplore.study.attention import attention_by_head

from .choices import cached_model
from .events import MODEL_QUEUE, QUIET
from .payload import base64_of
from .plan_text import read_plan
from .replies import reply_to
from .takeaway_button import Seen, seen_excerpt

STEPS = 65535
"""Of each row's highest value: a patch with a thousandth of it keeps three digits."""


def wire(viewer: gr.HTML, seen: gr.State) -> None:
    """Answer the viewer's requests; ``seen`` holds what the viewer shows."""

    def reply(seen: Seen | None, event: gr.EventData):
        return gr.update(attended=json.dumps(respond(seen, event._data)))

    viewer.attend(
        reply,
        seen,
        viewer,
        trigger_mode="multiple",  # the viewer itself asks once for each picture
        **MODEL_QUEUE,
        **QUIET,
    )


def respond(seen: Seen | None, request: Any) -> dict[str, Any]:
    """The attention for the browser's request, or a sentence on why there is none."""
    failure = "The attention could not be computed; the app's log says why."
    return reply_to(request, partial(attention_message, seen), failure)


def attention_message(seen: Seen | None, request: dict[str, Any]) -> dict[str, Any]:
    """Every pruning block's attention to every patch, all patches being there.

    Returns
    -------
    dict
        ``blocks``; ``highest``: of each block, the highest share of all attention in its rows, the mean of
        the heads first, then head by head; ``shares``: base64 of (blocks, 1 + heads, patches) uint16, in
        steps of 1/65535 of the row's highest.

    Raises
    ------
    InputError
        If the viewer shows another clip by now, or the blocks cannot be used.
    """
    samples = seen_excerpt(seen, request).samples
    model = cached_model(seen.choice)
    plan = read_plan(request.get("blocks"), "", model.config.depth)
    heads = np.stack([*attention_by_head(model, samples, plan.blocks).values()])
    rows = np.concatenate([heads.mean(1, keepdims=True), heads], axis=1)
    highest = rows.max(2)
    steps = np.round(rows / np.maximum(highest, np.finfo(np.float32).tiny)[..., None] * STEPS)
    return {
        "blocks": [*plan.blocks],
        "highest": [[float(f"{value:.7g}") for value in row] for row in highest],
        "shares": base64_of(steps.astype("<u2")),
    }
