"""Pruning by intensity or variation exactly as the paper's published code does it, for comparison.

That code ranks the patches, then gathers the chosen ids from the whole sequence, prefix tokens included
(audiomae/models_vit.py and ast/src/models/ast_models.py, ``forward_with_custom_rank``). So

- id i picks the token before patch i: patch i - 1 of AudioMAE, patch i - 2 of AST, in the family's own
  order (AST numbers patches frequency first);
- CLS and AST's distillation token survive only if patch 0 or 1 is among the highest;
- later stages still subtract the prefix from a sequence that has none, and keep fewer;
- tokens come out by descending rank, so AudioMAE's mean over "all but the first" leaves the highest
  token out, and AST reads its answer from the two highest patches instead of its two answer tokens.

The paper fine-tuned with this ranking; models here never saw it. So its cost here is an upper bound of the
error in Table I's intensity and variation columns, above all for AST, which loses its answer tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tpexplore.model.config import ModelConfig
from tpexplore.model.plan import PRUNE_BLOCKS, kept_count
from tpexplore.model.vit import AudioViT

READABLE = 2
"""Tokens that either family's answer needs: AudioMAE's mean leaves one out, AST reads two."""


def published_counts(config: ModelConfig, keep_rate: float) -> list[int]:
    """Tokens left after each pruning block, e.g. 58, 52, 46 of AudioMAE's 64 patches at 0.9."""
    counts, tokens = [], config.prefix + config.patches
    for _ in PRUNE_BLOCKS:
        tokens = kept_count(keep_rate, tokens - config.prefix)
        counts.append(tokens)
    return counts


def own_order(config: ModelConfig) -> Tensor:
    """Patch ids (time first) in the order of the published family's own tokens, (patches,)."""
    ids = torch.arange(config.patches)
    return config.grid.as_map(ids).T.flatten() if config.family == "ast" else ids


def shifted_logits(model: AudioViT, x: Tensor, statistic: Tensor, keep_rate: float) -> Tensor:
    """Answers of the published code's pruning; counterpart of `Entered.output`.

    Parameters
    ----------
    x : (batch, prefix + patches, dim)
        Tokens after block 4's attention residual.
    statistic : (batch, patches)
        Intensity or variation, by patch id.
    keep_rate : float
        Such that `published_counts` ends in `READABLE` or more.

    Returns
    -------
    Tensor of shape (batch, classes)
    """
    config = model.config
    order = own_order(config).to(x.device)
    x = torch.cat([x[:, : config.prefix], x[:, config.prefix :][:, order]], dim=1)
    ranks = statistic[:, order]
    ends = [block - 1 for block in PRUNE_BLOCKS[1:]] + [config.depth]
    for block, count, end in zip(PRUNE_BLOCKS, published_counts(config, keep_rate), ends, strict=True):
        if block != PRUNE_BLOCKS[0]:
            x, _ = model.attend(x, block, with_score=False)
        chosen = ranks.argsort(dim=1, descending=True, stable=True)[:, :count]
        ranks = ranks.gather(1, chosen)
        x = x.gather(1, chosen[..., None].expand(-1, -1, x.shape[-1]))
        x = model.run_blocks(model.run_mlp(x, block), block + 1, end)
    return model.readout(x)
