"""The models to choose from, each loaded once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tpexplore.checkpoints.bundled import Example, bundled_card, bundled_names, is_bundled
from tpexplore.checkpoints.load import load_model
from tpexplore.errors import InputError
from tpexplore.model.device import best_device
from tpexplore.model.packing import pack
from tpexplore.model.plan import FAMILY_NAMES, KEEP_RATES
from tpexplore.model.vit import AudioViT
from tpexplore.results.store import bundled_models
from tpexplore.signal.decode import SAMPLE_RATE
from tpexplore.study.sweep import explore

LARGE_MACS = 20e9
"""From here on, as ViT-B has, a pass takes longer than anything that warming up could save."""

NO_MODEL = "No model is bundled with this copy: start the app with --checkpoint MODEL to explore your own."

NO_CLIP = "Choose a clip first: upload or record one, or pick an example."


@dataclass(frozen=True)
class ModelChoice:
    """One entry of the model menu."""

    label: str
    source: str
    frames: int | None = None

    @property
    def link_name(self) -> str:
        """Its name in a link: a checkpoint file's name without folders, a Hub model's name without owner."""
        return Path(self.source).name


def model_choices(checkpoint: str | None = None, frames: int | None = None) -> list[ModelChoice]:
    """The models to choose from: the person's own first, where there is one, then the bundled ones."""
    own = []
    if checkpoint:
        source = str(checkpoint) if Path(checkpoint).name else str(Path(checkpoint).resolve())  # "."
        own.append(ModelChoice(Path(source).name, source, frames))
    return own + [ModelChoice(_label(model), model["name"]) for model in bundled_models()]


def _label(model: dict[str, Any]) -> str:
    return f"{FAMILY_NAMES[model['family']]} · {model['name']}"


def cached_model(choice: ModelChoice) -> AudioViT:
    """Load a model to this machine's best device, or return it if it is loaded already.

    Bundled models stay loaded, about 30 MB each, so that switching between them is immediate. Of the users'
    own models, which may take hundreds of MB, the last two stay.
    """
    return (_bundled if is_bundled(choice.source) else _own)(choice)


def _load(choice: ModelChoice) -> AudioViT:
    model = pack(load_model(choice.source, frames=choice.frames).to(best_device()))
    # Warm up: the first pass of a process takes up to a second longer, and the first at each keep-rate a
    # few milliseconds, which would distort the times of a clip. A large model's passes take seconds, so one
    # is enough.
    large = model.config.macs() > LARGE_MACS
    explore(
        model,
        np.zeros(SAMPLE_RATE, np.float32),
        keep_rates=(1,) if large else KEEP_RATES,
        scores=("attention",),
    )
    return model


_bundled = lru_cache(maxsize=None)(_load)
_own = lru_cache(maxsize=2)(_load)


def check_request(path: str | os.PathLike[str] | None, choice: ModelChoice | None) -> None:
    """Raise InputError unless there is a clip and a model."""
    if choice is None:
        raise InputError(NO_MODEL)
    if not path:
        raise InputError(NO_CLIP)


def fitting_source(source: str, example: Example, choices: Sequence[ModelChoice]) -> str:
    """The model for an example: the chosen one, unless only another bundled one has a class for it.

    A person's own checkpoint stays chosen. One of the same family is preferred.
    """
    bundled = bundled_names()
    if source not in bundled or example.fits(bundled_card(source)):
        return source
    family = bundled_card(source)["family"]
    fitting = [
        choice.source
        for choice in choices
        if choice.source in bundled and example.fits(bundled_card(choice.source))
    ]
    return next(iter(sorted(fitting, key=lambda name: bundled_card(name)["family"] != family)), source)
