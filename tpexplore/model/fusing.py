"""Fusing as pure tensor functions: the patches that leave become one further token (EViT)."""

from __future__ import annotations

import torch
from torch import Tensor

from tpexplore.model.pruning import complement


def fuse_patches(tokens: Tensor, positions: Tensor, weights: Tensor, prefix: int) -> Tensor:
    """Keep the patches at ``positions``; the weighted mean of the others becomes one token at the end.

    Parameters
    ----------
    tokens : (batch, prefix + m, dim)
        Prefix tokens, n patches, and where patches were fused before, their token at the end.
    positions : (batch, k)
        Counted from the first patch, ascending; fewer than m, and never that of an earlier fused token.
    weights : (batch, m)
        Of the patches and of the earlier fused token, none negative. Where those of all that are fused are
        0, they count alike.
    prefix : int

    Returns
    -------
    Tensor of shape (batch, prefix + k + 1, dim)

    Notes
    -----
    EViT (Liang et al. 2022) sums the dropped tokens, each times its attention. Here the weights are divided
    by their sum, so that the new token has about the same norm as the others.
    """
    rest = complement(positions, weights.shape[1])
    share = weights.gather(1, rest)
    total = share.sum(1, keepdim=True)
    share = torch.where(total > 0, share / total.clamp(min=torch.finfo(total.dtype).tiny), 1 / rest.shape[1])
    patches = tokens[:, prefix:]
    index = rest[..., None].expand(-1, -1, tokens.shape[-1])
    # A matrix product, which adds up in float32 whatever the tokens' type.
    fused = share[:, None].to(tokens.dtype) @ patches.gather(1, index)
    kept = patches.gather(1, positions[..., None].expand(-1, -1, tokens.shape[-1]))
    return torch.cat([tokens[:, :prefix], kept, fused], dim=1)
