"""Merging as pure tensor functions: similar patches become one (ToMe's bipartite soft matching).

ToMe (Bolya et al. 2023; on AST: FastAST, Behera et al. 2024) splits the tokens by turns into two sets, lets
each of the first set find the most similar of the second by their attention keys, and merges the pairs that
are most alike. A merged token is the mean of all patches in it, its size their number; attention counts it
that many times (proportional attention). Prefix tokens take no part.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import normalize

from tpexplore.model.plan import merge_rounds
from tpexplore.model.pruning import complement, top_positions


@dataclass(frozen=True)
class Merged:
    """What merging n patches to k leaves.

    Attributes
    ----------
    tokens : (batch, k, dim)
    sizes : (batch, k)
        Patches in each token.
    positions : (batch, k) integer
        Where the tokens that are left were among the n, ascending.
    holders : (batch, n) integer
        Position of the token that now holds each of the n, its own where it is left.
    """

    tokens: Tensor
    sizes: Tensor
    positions: Tensor
    holders: Tensor


def match_pairs(keys: Tensor, pairs: int) -> tuple[Tensor, Tensor]:
    """Bipartite soft matching: which tokens merge into which.

    Parameters
    ----------
    keys : (batch, n, width)
        By which tokens are alike: the cosine between them.
    pairs : int
        At most ``n // 2``.

    Returns
    -------
    sources, targets : (batch, pairs) integer
        Sources stand at even positions, ascending, targets at odd ones; several can share a target. Of equal
        similarities the lower position wins.
    """
    keys = normalize(keys, dim=-1)
    similarity, nearest = (keys[:, ::2] @ keys[:, 1::2].transpose(1, 2)).max(dim=2)
    chosen = top_positions(similarity, pairs)
    return 2 * chosen, 2 * nearest.gather(1, chosen) + 1


def merge_patches(tokens: Tensor, keys: Tensor, sizes: Tensor, k: int) -> Merged:
    """Merge patches until k are left.

    Parameters
    ----------
    tokens : (batch, n, dim)
    keys : (batch, n, width)
        Attention keys, averaged over heads. A merged token's key, for the next round, is the mean of its
        patches'.
    sizes : (batch, n)
        Patches in each token so far.
    k : int
        From 1 to n.
    """
    batch, n = sizes.shape
    # Sums are taken in float32 at least: of half-precision tokens the mean must not depend on their number.
    wide = torch.promote_types(tokens.dtype, torch.float32)
    sizes = sizes.to(wide)
    totals = torch.cat([tokens, keys], dim=2).to(wide) * sizes[..., None]
    positions = holders = torch.arange(n, device=tokens.device).expand(batch, -1)
    for before, after in merge_rounds(n, k):
        means = totals[..., tokens.shape[-1] :] / sizes[..., None]
        sources, targets = match_pairs(means, before - after)
        left = complement(sources, before)
        # For each earlier token, its place among the remaining ones: its own, or that of its target.
        places = torch.arange(after, device=left.device).expand_as(left)
        place = left.new_zeros(batch, before).scatter(1, left, places)
        place = place.scatter(1, sources, place.gather(1, targets))
        index = place[..., None].expand(-1, -1, totals.shape[-1])
        totals = totals.new_zeros(batch, after, totals.shape[-1]).scatter_add(1, index, totals)
        sizes = sizes.new_zeros(batch, after).scatter_add(1, place, sizes)
        holders = place.gather(1, holders)
        positions = positions.gather(1, left)
    means = totals[..., : tokens.shape[-1]] / sizes[..., None]
    return Merged(means.to(tokens.dtype), sizes, positions, positions.gather(1, holders))


def size_bias(sizes: Tensor, prefix: int, dtype: torch.dtype) -> Tensor:
    """The logarithm of each key's size, which proportional attention adds to the key's logits.

    Parameters
    ----------
    sizes : (batch, k)
    prefix : int
        Prefix tokens before the patches, each of size 1.
    dtype : torch.dtype
        Of the tokens.

    Returns
    -------
    Tensor of shape (batch, 1, 1, prefix + k)
    """
    logs = sizes.log()
    return torch.cat([logs.new_zeros(logs.shape[0], prefix), logs], dim=1)[:, None, None].to(dtype)
