"""The fate of every patch, read from holders."""

from __future__ import annotations

import numpy as np

from tpexplore.model.fate import DROPPED, FUSED, Fate, group_sizes, holders_of


def test_dropped_and_fused():
    kept = {3: np.array([[0, 2, 3], [1, 2, 4]]), 5: np.array([[3], [4]])}
    dropped, fused = (Fate(holders_of(kept, 5, gone), 5) for gone in (DROPPED, FUSED))
    for patches in (dropped, fused):
        assert patches.block.tolist() == [[5, 3, 5, 0, 3], [3, 5, 5, 3, 0]]
    assert dropped.into.tolist() == [[-1, -1, -1, 3, -1], [-1, -1, -1, -1, 4]]
    assert dropped.size.tolist() == [[0, 0, 0, 1, 0], [0, 0, 0, 0, 1]]
    assert fused.size.tolist() == [[4, 4, 4, 1, 4], [4, 4, 4, 4, 1]]
    assert group_sizes(fused.holders[3]).tolist() == [[1, 2, 1, 1, 2], [2, 1, 1, 2, 1]]
    assert fused.clip(1).block.tolist() == [3, 5, 5, 3, 0]
    assert fused.clip(1).present_after(3).tolist() == [1, 2, 4]


def test_nothing_pruned():
    whole = Fate({}, 4)
    assert whole.block.tolist() == [0, 0, 0, 0] and whole.into.tolist() == [0, 1, 2, 3]
    assert whole.size.tolist() == [1, 1, 1, 1]
