"""A split of the features in fixed batches, shared between processes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from tpexplore.errors import InputError
from tpexplore.model.config import ModelConfig
from tpexplore.signal.spectrogram import normalise
from training.data.features import Features
from training.system import parallel

BATCH = 32
"""Clips per forward pass; few enough for a ViT-B's attention on a laptop."""

Key = TypeVar("Key")


@dataclass(frozen=True)
class Batch:
    """Some clips of a split.

    Attributes
    ----------
    index : int
        Which of the split's batches this is.
    first : int
        Position of its first clip in the split.
    spec : (clips, frames, 128) float32, normalised
    lengths : (clips,) int
        Frames before padding.
    """

    index: int
    first: int
    spec: Tensor
    lengths: Tensor


def split_rows(features: Features, split: str) -> np.ndarray:
    """Rows of a split's clips; there must be some."""
    rows = features.indices(split)
    if not len(rows):
        known = ", ".join(sorted(set(features.splits)))
        raise InputError(f"The features hold no clip of the split {split!r}; expected one of {known}.")
    return rows


def split_batches(
    features: Features, split: str, config: ModelConfig, device: torch.device, title: str
) -> Iterator[Batch]:
    """This process's batches of a split, with a progress bar in the main one."""
    rows = split_rows(features, split)
    mine = parallel.shard(math.ceil(len(rows) / BATCH))
    for index in tqdm(mine, desc=title, disable=not parallel.is_main()):
        first = index * BATCH
        part = rows[first : first + BATCH]
        mel = torch.from_numpy(features.mel[part].astype(np.float32)).to(device)
        lengths = torch.from_numpy(features.lengths[part]).to(device)
        yield Batch(index, first, normalise(mel, config.mean, config.std), lengths)


def gather_clips(mine: Mapping[int, Mapping[Key, np.ndarray]]) -> dict[Key, np.ndarray]:
    """Join the batches of all processes into one array per key, in the split's order."""
    parts = list(parallel.gather(mine).values())
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def gather_counts(mine: Mapping[Key, Tensor]) -> dict[Key, Tensor]:
    """Add up the processes' counts; they are whole numbers, so the order changes nothing."""
    # A process without a batch has no counts.
    parts = [part for part in parallel.gather({parallel.rank(): dict(mine)}).values() if part]
    return {key: sum(part[key] for part in parts) for key in parts[0]}
