"""Starting weights that let a small ViT learn from a few thousand clips."""

from __future__ import annotations

import numpy as np
import torch
from timm.layers import build_sincos2d_pos_embed
from torch import Tensor

from tpexplore.spectrogram import PATCH, ROWS, patches_of
from tpexplore.vit import AudioViT

WHITENING_GAIN = 0.5
"""Standard deviation of each patch feature at the start, of the order of the position codes'."""


@torch.no_grad()
def whiten_patches(model: AudioViT, specs: Tensor) -> None:
    """Set the patch embedding to the leading principal components of patches, whitened.

    Neighbouring mel values are strongly correlated, so a random projection shows the first block
    little but loudness; whitening gives every component the same say [Coates & Ng 2012].

    Parameters
    ----------
    specs : (clips, frames, 128)
        Normalised pictures to take the components from.
    """
    values = patches_of(specs).flatten(0, 1).double()
    mean = values.mean(0)
    power, axes = torch.linalg.eigh(torch.cov(values.T))
    # eigh sorts ascending; a model wider than a patch has values keeps its random kernels for the rest.
    count = min(model.config.dim, len(power))
    power, axes = power[-count:].flip(0), axes[:, -count:].flip(1)
    kernel = (axes / (power + 1e-2 * power.mean()).sqrt() * WHITENING_GAIN).T
    projection = model.vit.patch_embed.proj
    projection.weight[:count] = kernel.reshape(-1, 1, PATCH, PATCH).to(projection.weight)
    projection.bias[:count] = -(kernel @ mean).to(projection.bias)


@torch.no_grad()
def place_positions(model: AudioViT) -> None:
    """Set the position embedding to a 2-D sin-cos grid, prefix tokens at 0."""
    columns = model.config.frames // PATCH
    grid = build_sincos2d_pos_embed([columns, ROWS], dim=model.config.dim)
    pos = model.vit.pos_embed
    pos.zero_()
    pos[0, model.config.prefix :] = grid.to(pos)


def sample_specs(mel: np.ndarray, indices: np.ndarray, mean: float, std: float, count: int = 512) -> Tensor:
    """Normalised pictures of up to ``count`` clips, evenly spaced over ``indices``."""
    chosen = indices[:: max(1, len(indices) // count)][:count]
    return (torch.from_numpy(mel[chosen].astype(np.float32)) - mean) / (2 * std)
