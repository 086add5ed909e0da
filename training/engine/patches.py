"""Which patches a training step shows: random ones, or random columns and rows."""

from __future__ import annotations

import torch
from torch import Tensor

from tpexplore.signal.spectrogram import ROWS


def random_patches(clips: int, patches: int, keep: int, device: torch.device) -> Tensor:
    """Ids of ``keep`` random patches per clip, ascending, (clips, keep)."""
    return torch.rand(clips, patches, device=device).argsort(1)[:, :keep].sort(1).values


def random_grid(
    clips: int, patches: int, time_share: float, freq_share: float, device: torch.device
) -> Tensor:
    """Ids of what is left when random time columns and mel rows are dropped (AudioMAE's masking).

    Parameters
    ----------
    time_share, freq_share : float
        Shares dropped; the counts kept are rounded down, e.g. 5 of 8 rows at 0.3.

    Returns
    -------
    Tensor of shape (clips, columns kept × rows kept), ascending
    """
    columns = patches // ROWS
    times = random_patches(clips, columns, int(columns * (1 - time_share)), device)
    rows = random_patches(clips, ROWS, int(ROWS * (1 - freq_share)), device)
    return (times[:, :, None] * ROWS + rows[:, None, :]).flatten(1)
