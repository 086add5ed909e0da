"""Starting weights that let a small ViT learn from a few thousand clips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from timm.layers import build_sincos2d_pos_embed
from torch import Tensor

from tpexplore.checkpoints.bundled import bundled_card, is_bundled
from tpexplore.checkpoints.files import sha256_of
from tpexplore.checkpoints.load import load_model
from tpexplore.errors import InputError
from tpexplore.model.vit import AudioViT
from tpexplore.signal.grid import PATCH
from tpexplore.signal.spectrogram import patches_of
from training.engine.checkpoint import load_checkpoint, newest_checkpoint
from training.engine.identity import describe_run, read_model_config

WHITENING_GAIN = 0.5
"""Standard deviation of each patch feature at the start, of the order of the position codes'."""
_HISTORY = (
    *("recipe", "data", "features", "feature_keys", "teacher", "pretrained", "start"),
    *("commit", "training_minutes", "epochs_done"),
)
"""Entries of a bundled model's card about how it was made."""


@torch.no_grad()
def whiten_patches(model: AudioViT, specs: Tensor) -> None:
    """Set the patch embedding to the leading principal components of patches, whitened.

    Neighbouring mel values are strongly correlated, so a random projection shows the first block
    little but loudness; whitening gives every component the same weight [Coates & Ng 2012].

    Parameters
    ----------
    specs : (clips, frames, 128)
        Normalised pictures to take the components from.
    """
    values = patches_of(specs).flatten(0, 1).double()
    mean = values.mean(0)
    power, axes = torch.linalg.eigh(torch.cov(values.T))
    # eigh sorts ascending; if dim exceeds the values of a patch, the remaining kernels stay random.
    count = min(model.config.dim, len(power))
    power, axes = power[-count:].flip(0), axes[:, -count:].flip(1)
    kernel = (axes / (power + 1e-2 * power.mean()).sqrt() * WHITENING_GAIN).T
    projection = model.vit.patch_embed.proj
    projection.weight[:count] = kernel.reshape(-1, 1, PATCH, PATCH).to(projection.weight)
    projection.bias[:count] = -(kernel @ mean).to(projection.bias)


@torch.no_grad()
def place_positions(model: AudioViT) -> None:
    """Set the position embedding to a 2-D sin-cos grid, prefix tokens at 0."""
    grid = model.config.grid
    grid = build_sincos2d_pos_embed([grid.columns, grid.rows], dim=model.config.dim)
    pos = model.vit.pos_embed
    pos.zero_()
    pos[0, model.config.prefix :] = grid.to(pos)


@torch.no_grad()
def start_from(model: AudioViT, source: str) -> None:
    """Take over the weights of an earlier model, where they fit.

    Positions of another grid are left out, and so is the classifier of a model with other classes.

    Parameters
    ----------
    source : str
        Run folder of `training.pretrain` or `training.finetune`, or what `load_model` takes: a bundled name
        or a checkpoint.
    """
    if Path(source).is_dir():
        weights, earlier_config = weights_of_run(Path(source)), read_model_config(Path(source))
    else:
        # A published checkpoint is cropped to the task's length; a bundled model has its own.
        frames = None if is_bundled(source) else model.config.frames
        earlier = load_model(source, frames=frames)
        weights, earlier_config = earlier.state_dict(), earlier.config
    same_classes = earlier_config is not None and earlier_config.labels == model.config.labels
    if model.vit.patch_embed.proj.weight.shape != weights["vit.patch_embed.proj.weight"].shape:
        raise InputError(f"{source} has another width than the recipe's {model.config.dim}.")
    own = model.state_dict()
    classifier = ("vit.head.", "vit.fc_norm.", "head.")
    fitting = {
        key: value
        for key, value in weights.items()
        if key in own and own[key].shape == value.shape and (same_classes or not key.startswith(classifier))
    }
    place_positions(model)
    model.load_state_dict(fitting, strict=False)


def weights_of_run(run: Path) -> dict[str, Tensor]:
    """Weights of the pre-trained encoder in a run folder, or the averaged ones of a fine-tuned model."""
    state = load_checkpoint(run)
    modules = state.get("modules", {}) if state else {}
    if "encoder" in modules:
        return modules["encoder"]
    if "average" not in modules:
        raise InputError(
            f"{run} holds no pre-trained encoder and no fine-tuned model;"
            " run python -m training.pretrain or training.finetune first."
        )
    named = modules["average"].items()
    return {key.removeprefix("module."): value for key, value in named if key.startswith("module.")}


def describe_start(source: str | None) -> dict | None:
    """What a model started from, for its card."""
    if source is None:
        return None
    if Path(source).is_dir():
        newest = newest_checkpoint(Path(source))
        return {**describe_run(Path(source)), "weights_sha256": newest and sha256_of(newest)}
    config = load_model(source).config
    card = bundled_card(source) if is_bundled(source) else {}
    # A later model may take this one's name and card, so its history is copied here.
    history = {part: card[part] for part in _HISTORY if part in card}
    return {"model": config.name, "weights_sha256": config.sha256, **history}


def sample_specs(mel: np.ndarray, indices: np.ndarray, mean: float, std: float, count: int = 512) -> Tensor:
    """Normalised pictures of up to ``count`` clips, evenly spaced over ``indices``."""
    chosen = indices[:: max(1, len(indices) // count)][:count]
    return (torch.from_numpy(mel[chosen].astype(np.float32)) - mean) / (2 * std)
