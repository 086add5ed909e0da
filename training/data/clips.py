"""Batches of augmented log-mel pictures, in an order fixed by seed and epoch."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from tpexplore.errors import InputError
from training.data import augment
from training.data.answers import StoredAnswers
from training.data.features import Features
from training.data.pseudo_labels import with_pseudo_labels
from training.recipes.settings import Recipe


class Clips:
    """One split of the features, ready to draw batches from.

    Parameters
    ----------
    answers : StoredAnswers, optional
        A tagger's answers to every clip of ``features``.
    labelled_share : float, optional
        Share of the clips of a batch that have a label, on average; by default their share of the data.
    pseudo_labels : bool
        Whether clips without a label get soft ones, see `training.data.pseudo_labels`; needs ``answers``.
    """

    def __init__(
        self,
        features: Features,
        split: str,
        recipe: Recipe,
        device: torch.device,
        answers: StoredAnswers | None = None,
        labelled_share: float | None = None,
        pseudo_labels: bool = False,
    ):
        self.rows = features.indices(split)
        if not len(self.rows):
            raise InputError(f"The features hold no clip of the split {split!r}.")
        self.pictures = features.mel  # of all splits: a copy of this split would double the memory
        self.lengths = torch.from_numpy(features.lengths[self.rows])
        self.targets = torch.from_numpy(features.targets[self.rows])
        self.classes = self.targets.shape[1]
        self.recipe, self.device = recipe, device
        self.on_device = None
        if device.type == "cuda":
            self.on_device = torch.from_numpy(np.ascontiguousarray(features.mel[self.rows])).to(device)
        self.tag_logits = self.embeddings = None
        if answers is not None:
            self.tag_logits = torch.from_numpy(np.ascontiguousarray(answers.logits[self.rows]))
            self.embeddings = standardised(torch.from_numpy(answers.embeddings[self.rows].astype(np.float32)))
        self.weights = draw_weights(self.targets, recipe.balance, labelled_share)
        if pseudo_labels:
            self.targets = with_pseudo_labels(self.targets, self.embeddings)

    @property
    def steps_per_epoch(self) -> int:
        return max(1, len(self.rows) // self.recipe.batch)

    def order(self, epoch: int) -> Tensor:
        """Clips of one epoch, (clips,), the same on every machine and after every restart."""
        generator = torch.Generator().manual_seed(self.recipe.seed + epoch)
        if self.weights is None:
            return torch.randperm(len(self.rows), generator=generator)
        return torch.multinomial(self.weights, len(self.rows), replacement=True, generator=generator)

    def _mel(self, chosen: Tensor) -> Tensor:
        """Pictures of clips, (clips, frames, 128), before augmentation."""
        if self.on_device is not None:
            mel = self.on_device[chosen.to(self.device)]
        else:
            mel = torch.from_numpy(self.pictures[self.rows[chosen.numpy()]]).to(self.device)
        return mel.float()

    def batch(self, step: int) -> dict[str, Tensor]:
        """The clips of one step.

        Returns
        -------
        dict
            "mel" (batch, frames, 128), warped; "targets" (batch, classes), from 0 to 1; and from a tagger's
            stored answers "tag_logits" (batch, 527) and "embeddings" (batch, channels), standardised.
        """
        epoch, at = divmod(step, self.steps_per_epoch)
        batch, change = self.recipe.batch, self.recipe.augment
        chosen = self.order(epoch)[at * batch : (at + 1) * batch]
        mel = self._mel(chosen)
        lengths = self.lengths[chosen].to(self.device)
        mel = augment.warp(
            mel,
            lengths,
            shift=change.shift,
            stretch=change.stretch,
            pitch=change.pitch,
            pad_share=change.pad_share,
        )
        drawn = {"mel": augment.gain(mel, change.gain_db)}
        per_clip = {"targets": self.targets, "tag_logits": self.tag_logits, "embeddings": self.embeddings}
        for name, values in per_clip.items():
            if values is not None:
                drawn[name] = values[chosen].to(self.device, torch.float32)
        return drawn


def draw_weights(targets: Tensor, balance: float, labelled_share: float | None) -> Tensor | None:
    """Relative frequency of drawing each clip, (clips,); None if all are drawn once per epoch."""
    if balance == 0 and labelled_share is None:
        return None
    counts = targets.sum(0).clamp(min=1).double()
    labelled = targets.any(1)
    weights = torch.ones(len(targets), dtype=torch.float64)
    if labelled.any():
        # A clip with several classes counts as its rarest.
        weights[labelled] = (targets[labelled] * counts**-balance).amax(1)
    if labelled_share is not None and labelled.any() and not labelled.all():
        weights[labelled] *= labelled_share / weights[labelled].sum()
        weights[~labelled] = (1 - labelled_share) / (~labelled).sum()
    return weights


def standardised(values: Tensor) -> Tensor:
    """Each column of (clips, columns) with mean 0 and standard deviation 1."""
    return (values - values.mean(0)) / values.std(0, correction=0).clamp(min=1e-4)


def mean_and_std(features: Features, split: str = "train") -> tuple[float, float]:
    """Mean and standard deviation of the log-mel values of a split, padding left out."""
    rows = features.indices(split)
    if not len(rows):
        raise InputError(f"The features hold no clip of the split {split!r}.")
    total = squares = count = 0.0
    for row in rows:
        mel = features.mel[row, : features.lengths[row]].astype(np.float64)
        total, squares, count = total + mel.sum(), squares + (mel**2).sum(), count + mel.size
    mean = total / count
    variance = squares / count - mean**2
    if not variance > 1e-6:
        raise InputError(f"All clips of the split {split!r} are silent; there is nothing to learn.")
    return float(mean), float(math.sqrt(variance))
