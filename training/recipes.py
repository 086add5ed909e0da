"""Recipes: every setting of a training run, as data files."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path

from tpexplore.errors import InputError

FOLDER = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class Recipe:
    """Settings that every stage has.

    Attributes
    ----------
    seed, epochs, batch : int
    lr : float
        Peak learning rate, after ``warmup`` epochs; a half cosine to 0 follows.
    weight_decay : float
    shift, stretch, pitch, pad_share, gain_db :
        See `training.augment`.
    """

    seed: int
    epochs: float
    batch: int
    lr: float
    warmup: float
    weight_decay: float
    shift: float
    stretch: float
    pitch: float
    pad_share: float
    gain_db: float


@dataclass(frozen=True)
class TeacherRecipe(Recipe):
    """A CNN of timm: ``arch`` with ``channels`` per stage."""

    arch: str
    channels: tuple[int, ...]
    mixup: float
    label_smoothing: float
    time_mask: int
    freq_mask: int


@dataclass(frozen=True)
class PretrainRecipe(Recipe):
    """Masked auto-encoding: share masked, and the decoder's width and blocks."""

    dim: int
    depth: int
    mask: float
    decoder_dim: int
    decoder_depth: int


@dataclass(frozen=True)
class FinetuneRecipe(Recipe):
    """Supervised training of either family, first unpruned, then elastic.

    Attributes
    ----------
    token_drop : float
        Share of patches dropped at random before pruning starts.
    time_mask, freq_mask : int
        SpecAug's widest bands in frames and bins; off, like ``token_drop``, once pruning starts.
    prune_start, prune_warmup : float
        Epochs before pruning, and epochs over which the lowest keep-rate falls to ``lowest``.
    full_share : float
        Share of the pruning steps that run at keep-rate 1.0.
    scores : dict of score -> share of the pruning steps
    distil : float
        Weight of the teacher's soft labels against the true ones.
    distil_features : float
        Weight of matching the teacher's feature map, before pruning starts.
    ema : float
        Decay of the averaged weights, which are what is exported.
    """

    family: str
    dim: int
    depth: int
    drop_path: float
    mixup: float
    label_smoothing: float
    time_mask: int
    freq_mask: int
    token_drop: float
    prune_start: float
    prune_warmup: float
    lowest: float
    full_share: float
    scores: dict[str, float]
    distil: float
    distil_features: float
    ema: float


def load_recipe(name: str, kind: type[Recipe]) -> Recipe:
    """Read ``recipes/NAME.json``, or a file, into a recipe of ``kind``."""
    path = Path(name) if name.endswith(".json") else FOLDER / f"{name}.json"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.json")))
        raise InputError(f"Recipe {name!r} does not exist; expected a .json file or one of {known}.")
    values = json.loads(path.read_text())
    wanted = {f.name for f in fields(kind)}
    if wrong := wanted ^ set(values):
        raise InputError(f"{path.name} has missing or unknown settings: {', '.join(sorted(wrong))}.")
    return kind(**values)
