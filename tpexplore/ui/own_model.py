"""The field for a person's own model: what may be typed there, how much is fetched, and loading it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from tpexplore.checkpoints.bundled import HUB_PREFIX, check_model_name
from tpexplore.checkpoints.hub import bytes_to_fetch
from tpexplore.checkpoints.sources import wanted_files
from tpexplore.errors import InputError
from tpexplore.model.device import device_name

from .board import create_board
from .choices import ModelChoice, cached_model

ALLOW = "TPEXPLORE_OWN_MODELS"
"""Environment variable: 1 offers the field on a Space too, 0 takes it away anywhere."""

WHAT = f"{HUB_PREFIX}owner/name, or the path of a checkpoint file or folder on this machine"
_HUB_ADDRESS = re.compile(r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/([^/]+/[^/?#]+).*")
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class OwnModel:
    """The components of the field."""

    source: gr.Textbox
    load: gr.Button
    status: gr.HTML
    used: gr.HTML


def on_a_space() -> bool:
    """Whether anyone may be visiting."""
    return bool(os.environ.get("SPACE_ID"))


def is_offered() -> bool:
    """Whether visitors may name a model; on a Space, which has to fetch it, only if its owner allows it."""
    return os.environ.get(ALLOW, "0" if on_a_space() else "1") not in ("", "0")


def build() -> OwnModel:
    """Lay out the field inside the current column."""
    with gr.Accordion("Your own model", elem_id="own-model"):
        source = gr.Textbox(
            label="AST or AudioMAE",
            info=f"{HUB_PREFIX}owner/name" if on_a_space() else f"{WHAT}.",
            placeholder=f"{HUB_PREFIX}MIT/ast-finetuned-audioset-10-10-0.4593",
            max_lines=1,
            elem_id="own-model-source",
        )
        load = gr.Button("Load this model", size="sm", elem_id="own-model-load")
        status = gr.HTML(elem_id="own-model-status", elem_classes="message-box")
        used = create_board(
            "own-model-used", "page/own.js", html="page/own.html", styles=["shared/board.css"]
        )
    return OwnModel(source, load, status, used)


def about(choice: ModelChoice) -> str:
    """The message to the page about a model just loaded: its source, to remember, and a sentence."""
    model = cached_model(choice)
    config = model.config
    sentence = (
        f"{choice.label}: {config.classes:,} answers, {config.patches:,} patches,"
        f" {config.macs() / 1e9:.1f} G MACs without pruning. It runs on {device_name(model.device)}."
    )
    return json.dumps({"source": choice.source, "about": sentence})


def choice_of(text: str) -> ModelChoice:
    """The model that a person names, as an entry of the menu; nothing is fetched.

    Raises
    ------
    InputError
        If it is nothing of the kind; on a Space also if it is not on the Hugging Face Hub.
    """
    source = (text or "").strip().strip("\"'")
    if not source:
        raise InputError(f"Type {WHAT}.")
    if address := _HUB_ADDRESS.fullmatch(source):
        source = HUB_PREFIX + address[1]
    elif _REPOSITORY.fullmatch(source) and not Path(source).exists():
        source = HUB_PREFIX + source
    if on_a_space() and not source.startswith(HUB_PREFIX):
        raise InputError(f"{source!r} is not on the Hugging Face Hub; expected {HUB_PREFIX}owner/name.")
    check_model_name(source)
    return ModelChoice(Path(source).name or Path(source).resolve().name, source)


def loading(text: str) -> Iterator[tuple[str, ModelChoice | None]]:
    """Load the model that a person names.

    Yields
    ------
    sentence, choice
        Progress sentences, and last an empty sentence with the entry for the menu.

    Raises
    ------
    InputError
        If it cannot be used.
    """
    choice = choice_of(text)
    if choice.source.startswith(HUB_PREFIX):
        size = bytes_to_fetch(choice.source.removeprefix(HUB_PREFIX), wanted_files)
        if size:
            yield f"Fetching {size / 1e6:,.0f} MB. It stays on this machine for the next time.", None
    yield f"Loading {choice.label}.", None
    cached_model(choice)
    yield "", choice
