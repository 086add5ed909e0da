"""Statistics over the patches of a dataset (paper Sec. III).

Rank statistics live in `kendall` and clusters in `clusters`; both can be imported from here, too.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tpexplore.errors import InputError
from tpexplore.signal.grid import Grid
from tpexplore.stats.clusters import (
    Clusters,
    ValueHistogram,
    cluster_counts,
    cluster_survival,
    cluster_values,
)
from tpexplore.stats.kendall import TIES, cliffs_delta, cliffs_delta_per_clip, kendall_tau

__all__ = [
    "TIES",
    "Clusters",
    "ValueHistogram",
    "cliffs_delta",
    "cliffs_delta_per_clip",
    "cluster_counts",
    "cluster_survival",
    "cluster_values",
    "joint_histogram",
    "kendall_tau",
    "log_density",
    "padding_patches",
]


def joint_histogram(
    intensity: Tensor, variation: Tensor, x_edges: Tensor, y_edges: Tensor, weights: Tensor | None = None
) -> Tensor:
    """Patches by intensity and variation (paper Fig. 6), counted as ``numpy.histogram2d`` does.

    Parameters
    ----------
    intensity, variation : same shape
    x_edges, y_edges : (bins + 1,)
        Ascending. A bin holds its lower edge, the last one both; values outside are left out.
    weights : bool, same shape, optional
        True where a patch counts: ``~padding_patches(...)`` leaves padding out.

    Returns
    -------
    Tensor of shape (bins_x, bins_y), int64
        Counts of several batches add up to those of all.
    """
    if weights is not None and weights.dtype != torch.bool:
        raise InputError(f"Weights are of type {weights.dtype}; expected a mask of torch.bool.")
    shapes = {tuple(part.shape) for part in (intensity, variation, weights) if part is not None}
    if len(shapes) > 1:
        raise InputError(
            f"Shapes {sorted(shapes)} differ; expected one shape of intensity, variation, weights."
        )
    inside = torch.ones_like(intensity, dtype=torch.bool) if weights is None else weights
    bins = []
    for values, edges in ((intensity, x_edges), (variation, y_edges)):
        values, edges = values.double(), _check_edges(edges).to(values.device)
        inside = inside & (values >= edges[0]) & (values <= edges[-1])
        bins.append((torch.bucketize(values, edges, right=True) - 1).clamp(max=len(edges) - 2))
    shape = (len(x_edges) - 1, len(y_edges) - 1)
    cells = bins[0][inside] * shape[1] + bins[1][inside]
    return torch.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)


def log_density(counts: Tensor, x_edges: Tensor, y_edges: Tensor) -> Tensor:
    """``log(1 + density)`` of a joint histogram, the colour of paper Fig. 6.

    Density is the share of all counts in a cell by the cell's area; an empty histogram has 0 everywhere.

    Parameters
    ----------
    counts : (bins_x, bins_y)
    x_edges, y_edges : (bins + 1,)

    Returns
    -------
    Tensor of shape (bins_x, bins_y), float64
    """
    widths = [_check_edges(edges).diff().to(counts.device) for edges in (x_edges, y_edges)]
    if counts.shape != (len(widths[0]), len(widths[1])):
        raise InputError(
            f"Counts of shape {tuple(counts.shape)} do not fit {len(x_edges)} and {len(y_edges)} edges;"
            " expected one edge more than bins."
        )
    density = counts.double() / counts.sum().clamp(min=1) / (widths[0][:, None] * widths[1])
    return density.log1p()


def padding_patches(lengths: Tensor, frames: int, grid: Grid | None = None) -> Tensor:
    """Patches that hold nothing but padding.

    Parameters
    ----------
    lengths : (clips,), integer
        Real frames of each clip, before padding; more than ``frames`` if it was cut.
    frames : int
        Frames of the padded picture.
    grid : Grid, optional
        Where the patches lie; by default side by side.

    Returns
    -------
    Tensor of shape (clips, patches), bool
        In patch-id order. A patch that is partly sound is not padding.
    """
    if lengths.ndim != 1 or lengths.is_floating_point() or (lengths < 0).any():
        raise InputError(
            f"Lengths {lengths.tolist()} are not frame counts; expected one whole number per clip."
        )
    grid = grid or Grid.of(frames)
    starts = torch.arange(grid.columns, device=lengths.device) * grid.time_stride
    return (starts >= lengths[:, None]).repeat_interleave(grid.rows, dim=1)


def _check_edges(edges: Tensor) -> Tensor:
    """Bin edges as float64, or InputError unless they ascend."""
    edges = edges.double()
    if edges.ndim != 1 or len(edges) < 2 or not (edges.diff() > 0).all():
        raise InputError(f"Bin edges {edges.tolist()} cannot be used; expected two or more, ascending.")
    return edges
