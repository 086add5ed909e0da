"""Batches of augmented log-mel pictures, in an order fixed by seed and epoch."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from tpexplore.errors import InputError

from . import augment
from .features import Features
from .recipes import Recipe


class Clips:
    """One split of the features, ready to draw batches from."""

    def __init__(self, features: Features, split: str, recipe: Recipe, device: torch.device):
        self.rows = features.indices(split)
        if not len(self.rows):
            raise InputError(f"The features hold no clip of the split {split!r}.")
        self.mel = torch.from_numpy(np.ascontiguousarray(features.mel[self.rows]))
        self.lengths = torch.from_numpy(features.lengths[self.rows])
        self.targets = torch.from_numpy(features.targets[self.rows])
        self.classes = self.targets.shape[1]
        self.recipe, self.device = recipe, device
        if device.type == "cuda":
            self.mel = self.mel.to(device)
        counts = self.targets.sum(0).clamp(min=1).double()
        # A clip with several classes counts as its rarest.
        self.weights = (self.targets * counts**-recipe.balance).amax(1)

    @property
    def steps_per_epoch(self) -> int:
        return max(1, len(self.rows) // self.recipe.batch)

    def order(self, epoch: int) -> Tensor:
        """Clips of one epoch, (clips,), the same on every machine and after every restart."""
        generator = torch.Generator().manual_seed(self.recipe.seed + epoch)
        if self.recipe.balance == 0:
            return torch.randperm(len(self.rows), generator=generator)
        return torch.multinomial(self.weights, len(self.rows), replacement=True, generator=generator)

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Log-mel pictures (batch, frames, 128) of one step, warped, and 0/1 targets (batch, classes)."""
        epoch, at = divmod(step, self.steps_per_epoch)
        batch, change = self.recipe.batch, self.recipe.augment
        chosen = self.order(epoch)[at * batch : (at + 1) * batch]
        mel = self.mel[chosen.to(self.mel.device)].to(self.device, torch.float32)
        lengths = self.lengths[chosen].to(self.device)
        mel = augment.warp(
            mel,
            lengths,
            shift=change.shift,
            stretch=change.stretch,
            pitch=change.pitch,
            pad_share=change.pad_share,
        )
        return augment.gain(mel, change.gain_db), self.targets[chosen].to(self.device, torch.float32)


def mean_and_std(features: Features, split: str = "train") -> tuple[float, float]:
    """Mean and standard deviation of the log-mel values of a split, padding left out."""
    total = squares = count = 0.0
    for row in features.indices(split):
        mel = features.mel[row, : features.lengths[row]].astype(np.float64)
        total, squares, count = total + mel.sum(), squares + (mel**2).sum(), count + mel.size
    mean = total / count
    return float(mean), float(math.sqrt(squares / count - mean**2))
