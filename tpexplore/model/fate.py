"""What became of every patch: still there, dropped, fused, or merged into which other. Needs no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

DROPPED, FUSED = -1, -2
"""Used instead of a holder's id: the patch was dropped, or it is part of the fused token."""


@dataclass(frozen=True)
class Fate:
    """Which token holds each patch after every pruning block; nothing where nothing is pruned.

    Attributes
    ----------
    holders : dict of block -> (..., patches) integer
        Id of the patch whose token holds this one, its own where it is still there; `DROPPED` or `FUSED`.
    patches : int

    Examples
    --------
    Of four patches, block 4 merges patch 0 into 1, block 7 then patch 1 into 3:

    >>> fate = Fate({4: np.array([1, 1, 2, 3]), 7: np.array([3, 3, 2, 3])}, patches=4)
    >>> fate.block, fate.into, fate.size
    (array([4, 7, 0, 0], dtype=uint8), array([3, 3, 2, 3]), array([3, 3, 1, 3]))
    """

    holders: Mapping[int, np.ndarray]
    patches: int

    def clip(self, index: int) -> Fate:
        """Of one clip of a batch."""
        return Fate({block: holders[index] for block, holders in self.holders.items()}, self.patches)

    @property
    def block(self) -> np.ndarray:
        """Block at which each patch ceased to be a token of its own, 0 where it still is: (..., patches)."""
        own = np.arange(self.patches)
        left = np.zeros(self.into.shape, dtype=np.uint8)
        for block in reversed(self.holders):
            left[self.holders[block] != own] = block
        return left

    def present_after(self, block: int) -> np.ndarray:
        """Of one clip, ids of the patches that are still tokens of their own after a pruning block: (k,)."""
        return np.flatnonzero(self.holders[block] == np.arange(self.patches))

    @property
    def into(self) -> np.ndarray:
        """Holders after the last pruning block: (..., patches)."""
        return [np.arange(self.patches), *self.holders.values()][-1]

    @property
    def size(self) -> np.ndarray:
        """Patches in the token that holds each patch in the end, 0 where it was dropped: (..., patches)."""
        return group_sizes(self.into)


def group_sizes(holders: np.ndarray) -> np.ndarray:
    """How many patches share the holder of each, 0 for dropped ones: (..., patches) -> the same shape."""
    rows = holders.reshape(-1, holders.shape[-1])
    sizes = np.stack([np.bincount(row - FUSED, minlength=len(row) - FUSED)[row - FUSED] for row in rows])
    return np.where(rows == DROPPED, 0, sizes).reshape(holders.shape)


def holders_of(kept: Mapping[int, np.ndarray], patches: int, gone: int) -> dict[int, np.ndarray]:
    """Holders where patches that are not kept are dropped or fused.

    Parameters
    ----------
    kept : mapping of block -> (..., k) patch ids
    patches : int
    gone : int
        `DROPPED` or `FUSED`.
    """
    holders = {}
    for block, ids in kept.items():
        holders[block] = np.full((*ids.shape[:-1], patches), gone)
        np.put_along_axis(holders[block], ids, ids, axis=-1)
    return holders
