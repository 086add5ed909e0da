"""timm's patch embedding, with patches that may overlap."""

from __future__ import annotations

from typing import Any

from timm.layers import PatchEmbed
from torch import nn

from tpexplore.signal.grid import Grid


class OverlappingPatchEmbed(PatchEmbed):
    """Patches every few frames and bins instead of side by side.

    Parameters
    ----------
    grid : Grid
    **options :
        As for `timm.layers.PatchEmbed`.
    """

    def __init__(self, *, grid: Grid, **options: Any):
        super().__init__(**options)
        self.grid_size, self.num_patches = (grid.columns, grid.rows), grid.patches
        self.proj = nn.Conv2d(
            self.proj.in_channels,
            self.proj.out_channels,
            kernel_size=grid.patch,
            stride=(grid.time_stride, grid.mel_stride),
            bias=self.proj.bias is not None,
        )
