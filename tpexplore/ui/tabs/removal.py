"""The Remove tab: mark patches, delete them after a block, and watch the answer move.

The marks are kept in the browser. It requests one small piece at a time: the model's answers without these
patches, or without as many random ones, after some of the blocks. Pieces go through the queue that all
model work shares, so that one user's curve never keeps another user's clip waiting for long.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np
import torch
from torch import Tensor

from tpexplore.errors import InputError
from tpexplore.model.config import ModelConfig
from tpexplore.model.forward import probabilities, to_numpy
from tpexplore.model.plan import STATISTICS
from tpexplore.model.vit import AudioViT, check_classifier
from tpexplore.results.comparison import COUNTERPARTS, SAME_TASK, load_published
from tpexplore.study.exploration import Exploration
from tpexplore.study.removal import GROUPS, random_mask, removal_curve
from tpexplore.ui.board import create_board
from tpexplore.ui.choices import ModelChoice, cached_model
from tpexplore.ui.events import MODEL_QUEUE, QUIET
from tpexplore.ui.payload import TOP, base64_of, compact, picture_message
from tpexplore.ui.replies import FORGOTTEN, reply_to
from tpexplore.ui.trace import ClipTrace, traced

from . import Setting, Tab

DRAWS = 8
"""Random selections that the curve is compared with."""

MASK_IN_LINK = r"[A-Za-z0-9_-]{2,1400}"
"""A mask as in `decode_mask`, but in base64url without padding."""


@dataclass(frozen=True, eq=False)
class Shown:
    """The clip and model whose patches are marked in the browser."""

    stamp: str
    choice: ModelChoice
    spec: Tensor
    before: np.ndarray


@dataclass(frozen=True, eq=False)
class Question:
    """One piece that the browser asks for: without ``mask`` itself, or without as many random patches."""

    mask: Tensor
    blocks: tuple[int, ...]
    draws: tuple[int, ...]


def build(choices: list[ModelChoice]) -> Tab:
    """Lay out the tab inside the current `gr.Tab`."""
    board = create_board(
        "removal",
        "removal/start.js",
        html="removal/removal.html",
        styles=["shared/board.css", "removal/removal.css"],
        events=["ask"],
        reply="",
    )
    shown = gr.State(None)

    def refresh(path: str | None, choice: ModelChoice | None, start: float | None, *_: Any) -> tuple:
        trace = traced(path, choice, start)
        state = show(trace, choice)
        return compact(board_payload(trace, state)), state

    def reply(state: Shown | None, event: gr.EventData):
        return gr.update(reply=compact(respond(state, event._data)))

    board.ask(
        reply,
        shown,
        board,
        trigger_mode="multiple",  # the browser never sends two requests at once
        **MODEL_QUEUE,
        **QUIET,
    )
    link = {
        "by": Setting(values={name: name for name in STATISTICS}),
        "group": Setting(values={name: name for name in GROUPS}),
        "patches": Setting(pattern=MASK_IN_LINK),
        "block": Setting(pattern=r"[1-9]\d?"),
    }
    return Tab([board, shown], refresh, link=link)


# -- data of a clip for the browser


def show(trace: ClipTrace, choice: ModelChoice) -> Shown:
    """Run the unpruned model and remember what later answers are compared with.

    Raises
    ------
    InputError
        If the model has no classifier.
    """
    check_classifier(trace.model)
    config = trace.model.config
    with torch.inference_mode():
        before = class_probabilities(config, trace.model(trace.spec[None]).logits)[0]
    # The same clip and model get the same stamp, so that the browser's answers stay valid.
    content = repr((config.name, config.sha256, choice)).encode() + trace.spec.numpy().tobytes()
    return Shown(hashlib.sha256(content).hexdigest()[:16], choice, trace.spec, before)


def board_payload(trace: ClipTrace, state: Shown) -> dict[str, Any]:
    """Everything the board draws before it asks for anything, as plain JSON."""
    config = trace.model.config
    best = np.argsort(-state.before, kind="stable")[:TOP]
    picture = Exploration(
        config=config,
        spectrogram=trace.spec.numpy(),
        real_frames=trace.real_frames,
        intensity=trace.intensity.numpy(),
        variation=trace.variation.numpy(),
        unpruned=None,
        points={},
    )
    return {
        "stamp": state.stamp,
        "model": {"name": config.name, "family": config.family, "depth": config.depth},
        "clip": {"name": trace.name, "start": round(trace.start, 3)},
        "picture": picture_message(picture),
        "groups": {name: list(clusters) for name, clusters in GROUPS.items()},
        "clusters": {statistic: _clusters(trace, statistic) for statistic in STATISTICS},
        "before": {
            "answer": config.labels[best[0]],
            "probability": _rounded(state.before[best[0]]),
            "rows": [[config.labels[i], _rounded(state.before[i])] for i in best],
        },
        "draws": DRAWS,
        "measured": measured_removal(trace),
        "published": published_removal(config),
    }


def _clusters(trace: ClipTrace, statistic: str) -> dict[str, Any]:
    """Cluster of every patch, one byte each, and what the clusters were made of."""
    try:
        ids, _, own = trace.clustered(statistic)
    except InputError as error:  # a clip too uniform to be clustered can still be painted
        return {"ids": None, "own": True, "problem": str(error)}
    return {"ids": base64_of(ids.numpy().astype(np.uint8)), "own": own, "problem": ""}


def measured_removal(trace: ClipTrace) -> dict[str, Any] | None:
    """Accuracy after group removal, measured over the dataset with exactly these weights, or None."""
    if not trace.measured or "removal" not in trace.measured:
        return None
    about = {key: trace.measured.get(key) for key in ("task", "split", "metric", "n", "date", "commit")}
    return {**about, "weights": trace.measured["weights_sha256"][:12], **trace.measured["removal"]}


def published_removal(config: ModelConfig) -> dict[str, Any] | None:
    """The paper's Table IV for the dataset that this model is compared with, as fractions, or None."""
    for dataset, task in COUNTERPARTS.items():
        if task is None or config.name != f"{config.family}-{task}":
            continue
        for row in load_published()["tables"].get("table4_group_removal", []):
            if (row["dataset"], row["model"].lower()) == (dataset, config.family):
                points = {
                    group: [[int(block), value / 100] for block, value in row[group].items()]
                    for group in ("L", "H")
                }
                return {"dataset": dataset, "same_task": dataset in SAME_TASK, **points}
    return None


# -- questions and answers


def respond(state: Shown | None, request: Any) -> dict[str, Any]:
    """Answer one question of the browser; a problem is returned as a sentence."""

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if state is None:
            raise InputError(FORGOTTEN)
        if request.get("stamp") != state.stamp:
            return {"stale": True}  # another clip is on its way to the browser
        model = cached_model(state.choice)
        question = read_question(request, model.config)
        started = time.perf_counter()
        result = answer_question(model, state, question)
        return {**result, "seconds": round(time.perf_counter() - started, 4)}

    return reply_to(request, answer, "The answer could not be computed; the app's log says why.")


def read_question(request: dict[str, Any], config: ModelConfig) -> Question:
    """Check what came from the browser.

    Raises
    ------
    InputError
        If the request is not valid.
    """
    last = config.depth - 1
    blocks = _whole_numbers(request.get("blocks"), "blocks", 1, last)
    draws = _whole_numbers(request.get("draws", []), "draws", 0, DRAWS - 1)
    if not blocks:
        raise InputError(f"There is no block; expected at least one from 1 to {last}.")
    return Question(decode_mask(request.get("mask"), config.patches), blocks, draws)


def _whole_numbers(values: Any, name: str, low: int, high: int) -> tuple[int, ...]:
    fits = (
        isinstance(values, list)
        and all(type(value) is int and low <= value <= high for value in values)
        and values == sorted(set(values))
    )
    if not fits:
        raise InputError(
            f"The {name} are {_shown(values)}; expected ascending whole numbers from {low} to {high}."
        )
    return tuple(values)


def decode_mask(text: Any, patches: int) -> Tensor:
    """Base64 of one bit a patch, patch 0 in the lowest bit of the first byte -> (1, patches) bool.

    Raises
    ------
    InputError
        If the text is not valid, or has another number of patches.
    """
    length = -(-patches // 8)
    problem = f"The mask {_shown(text)} is unusable; expected base64 of {length} bytes, a bit a patch."
    if not isinstance(text, str):
        raise InputError(problem)
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InputError(problem) from None
    bits = np.unpackbits(np.frombuffer(raw, np.uint8), bitorder="little")
    if len(raw) != length or bits[patches:].any():
        raise InputError(problem)
    return torch.from_numpy(bits[:patches].astype(bool))[None]


def _shown(value: Any, most: int = 40) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= most else f"{text[:most]}…"


def draw_masks(mask: Tensor, draws: Sequence[int]) -> Tensor:
    """Random selections as large as ``mask`` (1, patches): the draws of those numbers, (draws, patches).

    One patch more is the same draw with one patch more, so that painting moves the curve smoothly.
    """
    return torch.cat([random_mask(mask, torch.Generator().manual_seed(draw)) for draw in draws])


def answer_question(model: AudioViT, state: Shown, question: Question) -> dict[str, Any]:
    """What the model says without the marked patches, or without as many random ones."""
    mask, blocks, draws = question.mask, question.blocks, question.draws
    masks = draw_masks(mask, draws) if draws else mask
    with torch.inference_mode():
        logits = removal_curve(model, state.spec[None], {"chosen": masks}, blocks)["chosen"]
        after = class_probabilities(model.config, logits)  # (blocks, rows, classes)
    if not draws:
        left = int((~mask).sum())
        return {"answers": [_answer(model.config, state.before, row[0], left) for row in after]}
    best = int(state.before.argmax())
    return {
        "values": [[_rounded(p[best]) for p in row] for row in after],
        "stays": [[bool(p.argmax() == best) for p in row] for row in after],
    }


def _answer(config: ModelConfig, before: np.ndarray, after: np.ndarray, left: int) -> dict[str, Any]:
    answer, best = int(after.argmax()), int(before.argmax())
    shown = {*np.argsort(-before, kind="stable")[:TOP], *np.argsort(-after, kind="stable")[:TOP]}
    rows = sorted(shown, key=lambda i: -before[i])
    return {
        "answer": config.labels[answer],
        "probability": _rounded(after[answer]),
        "kept": _rounded(after[best]),
        "stays": answer == best,
        "left": left,
        "rows": [[config.labels[i], _rounded(before[i]), _rounded(after[i])] for i in rows],
    }


def class_probabilities(config: ModelConfig, logits: Tensor) -> np.ndarray:
    """`probabilities` as an array."""
    return to_numpy(probabilities(logits, config))


def _rounded(value: float) -> float:
    return round(float(value), 4)
