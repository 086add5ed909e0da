"""The button that tests what the model hears in the kept parts alone, and in the removed parts alone."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import gradio as gr
import numpy as np
import torch

from tpexplore.errors import InputError
from tpexplore.model.forward import Entered
from tpexplore.model.plan import METHODS, check_keep_rate, check_method, check_score
from tpexplore.study.faithfulness import faithfulness, kept_maps, random_maps

from .choices import cached_model
from .events import MODEL_QUEUE, QUIET
from .plan_text import read_plan
from .replies import reply_to
from .takeaway_button import Seen, seen_excerpt

DRAWS = 5
"""Random choices of as many patches, for comparison."""


def wire(viewer: gr.HTML, seen: gr.State) -> None:
    """Answer the viewer's button; ``seen`` holds what the viewer shows."""

    def reply(seen: Seen | None, event: gr.EventData):
        return gr.update(heard=json.dumps(respond(seen, event._data)))

    viewer.hear(
        reply,
        seen,
        viewer,
        trigger_mode="multiple",  # the button never sends two requests at once
        **MODEL_QUEUE,
        **QUIET,
    )


def respond(seen: Seen | None, request: Any) -> dict[str, Any]:
    """The answer to each part, or a sentence on why there is none."""
    failure = "The parts could not be heard; the app's log says why."
    return reply_to(request, partial(hear, seen), failure)


def hear(seen: Seen | None, request: dict[str, Any]) -> dict[str, Any]:
    """Answers to the kept and the removed part of what the browser names, and to random parts.

    Raises
    ------
    InputError
        If the viewer shows another clip by now, the request cannot be used, or nothing is removed.
    """
    score, keep_rate = check_score(request.get("score")), check_keep_rate(request.get("keep_rate"))
    method = check_method(request.get("method", METHODS[0]), score)
    plan = read_plan(request.get("blocks"), request.get("rates"))
    samples = seen_excerpt(seen, request).samples
    model = cached_model(seen.choice)
    with torch.inference_mode():
        entered = Entered(model, model.spectrogram(samples)[None], plan.blocks)
        out = entered.output(plan.keep_rate(keep_rate), score, method)
        if not out.stages:
            raise InputError("At keep-rate 100 % nothing is removed.")
        (kept,) = kept_maps(out)
        result = faithfulness(model, samples, np.stack([kept, *random_maps(kept, DRAWS)]))
    labels = model.config.labels
    parts = {
        name: {"answer": labels[part.answers[0]], "probability": round(float(part.probability[0]), 4)}
        for name, part in (("kept", result.kept), ("removed", result.removed))
    }
    return {
        "whole": {"answer": labels[result.answer], "probability": round(result.probability, 4)},
        **parts,
        "random": {"draws": DRAWS, "same": int(result.kept.same_answer[1:].sum())},
    }
