"""TopK token pruning as pure tensor functions: scores, selection, group removal.

Patches only: prefix tokens (CLS, and AST's distillation token) are never scored, counted or dropped.
How many patches stay, and when, is in `plan`.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor


def column_score(attention: Tensor, prefix: int) -> Tensor:
    """AudioMAE's score (paper Eq. 2a): attention that patches receive from patches.

    Parameters
    ----------
    attention : (batch, heads, tokens, tokens)
        Softmax over the last axis; tokens = prefix + patches.
    prefix : int
        Leading tokens to leave out, as queries and as keys.

    Returns
    -------
    Tensor of shape (batch, patches)
    """
    # One axis at a time, the columns cut last: in memory's order, at a fifth of the time. In float32 at
    # least: half-precision means of many small shares would tie.
    received = attention[:, :, prefix:].mean(2, dtype=at_least_float32(attention.dtype))
    return received.mean(1)[:, prefix:]


def class_score(class_row: Tensor, prefix: int) -> Tensor:
    """AST's score (paper Eq. 2b): attention that patches receive from the CLS token.

    Parameters
    ----------
    class_row : (batch, heads, tokens)
        The CLS token's softmax row; tokens = prefix + patches.

    Returns
    -------
    Tensor of shape (batch, patches)
    """
    return class_row[:, :, prefix:].mean(1, dtype=at_least_float32(class_row.dtype))


def column_score_by_head(attention: Tensor, prefix: int) -> Tensor:
    """`column_score` before the mean over heads: (batch, heads, patches)."""
    return attention[:, :, prefix:].mean(2, dtype=at_least_float32(attention.dtype))[:, :, prefix:]


def class_score_by_head(class_row: Tensor, prefix: int) -> Tensor:
    """`class_score` before the mean over heads: (batch, heads, patches)."""
    return class_row[:, :, prefix:].to(at_least_float32(class_row.dtype))


def at_least_float32(dtype: torch.dtype) -> torch.dtype:
    """float32 for half-precision types, others as they are."""
    return torch.promote_types(dtype, torch.float32)


def time_even_ranks(scores: Tensor, columns: Tensor) -> Tensor:
    """Values that rank the best patch of every time column first, then every second best, and so on.

    Parameters
    ----------
    scores : (batch, n)
        By which patches of one column, and those of the same place in theirs, are ranked.
    columns : (batch, n) integer
        Time column of each patch.

    Returns
    -------
    Tensor of shape (batch, n), float32, all different and negative
    """
    n = scores.shape[1]
    rank = scores.argsort(dim=1, descending=True, stable=True).argsort(dim=1)
    together = columns[:, :, None] == columns[:, None, :]
    better = rank[:, None, :] < rank[:, :, None]
    place = (together & better).sum(2)
    return -(place * n + rank + 1).float()


def random_ranks(seed: int, clips: Iterable[int], patches: int) -> Tensor:
    """A random order to rank patches by; a clip's is the same in any batch and on any device.

    Parameters
    ----------
    seed : int
    clips : iterable of int
        Number of each clip, e.g. its position in a data set.
    patches : int

    Returns
    -------
    Tensor of shape (clips, patches), float32
        Every row holds 0 to patches - 1.
    """
    rows = [np.random.default_rng((seed, clip)).random(patches).argsort().argsort() for clip in clips]
    return torch.from_numpy(np.array(rows, dtype=np.float32))


def top_positions(scores: Tensor, k: int) -> Tensor:
    """Positions of the ``k`` highest scores of each row, in ascending order.

    Equal scores keep the lower position: padding patches often tie exactly, and without a rule the
    outcome would depend on the device.

    Parameters
    ----------
    scores : (batch, n)

    Returns
    -------
    Tensor of shape (batch, k), integer
    """
    ranked = scores.argsort(dim=1, descending=True, stable=True)
    return ranked[:, :k].sort(dim=1).values


def complement(positions: Tensor, n: int) -> Tensor:
    """The positions from 0 to n - 1 that are not in ``positions`` (batch, k), ascending: (batch, n - k)."""
    taken = positions.new_zeros(positions.shape[0], n, dtype=torch.uint8).scatter(1, positions, 1)
    return taken.argsort(dim=1, stable=True)[:, : n - positions.shape[1]]


def take_patches(tokens: Tensor, positions: Tensor, prefix: int) -> Tensor:
    """Keep all prefix tokens and the patches at ``positions``.

    Parameters
    ----------
    tokens : (batch, prefix + n, dim)
    positions : (batch, k)
        Counted from the first patch, not from CLS.

    Returns
    -------
    Tensor of shape (batch, prefix + k, dim)
    """
    index = positions[..., None].expand(-1, -1, tokens.shape[-1])
    return torch.cat([tokens[:, :prefix], tokens[:, prefix:].gather(1, index)], dim=1)


def surviving_positions(leaves: Tensor) -> tuple[Tensor, Tensor]:
    """Positions that a group removal leaves, packed to the longest row of the batch.

    Parameters
    ----------
    leaves : (batch, patches), bool
        True where a patch is removed.

    Returns
    -------
    positions : (batch, longest), integer
        Survivors in ascending order; rows with fewer end in removed patches, to be masked.
    valid : (batch, longest), bool
        True where ``positions`` is a survivor.
    """
    counts = (~leaves).sum(1)
    longest = int(counts.max()) if len(counts) else 0
    positions = leaves.to(torch.uint8).argsort(dim=1, stable=True)[:, :longest]
    return positions, torch.arange(longest, device=leaves.device) < counts[:, None]
