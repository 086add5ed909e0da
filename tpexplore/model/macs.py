"""Exact multiply-accumulate counts of a pruned ViT (paper Table II)."""

from __future__ import annotations

from tpexplore.model.plan import PRUNE_BLOCKS, check_keep_rate, keep_plan

PATCH_VALUES = 256
MLP_RATIO = 4


CLASSES = {"SPC-2": 35, "ESC-50": 50, "AS-20K": 527, "VoxCeleb-1": 1251}
"""Classes of the paper's datasets; Table II's heads depend on them."""


def count_macs(
    *, dim: int, depth: int, tokens: int, prefix: int, classes: int, keep_rate: float = 1.0
) -> int:
    """Multiply-accumulates of one clip's forward pass.

    Counts the patch embedding, every linear layer, QKᵀ, AV and the head; not norms, softmax or GELU.
    A pruning block attends over all tokens present and runs its MLP on those kept. With ``prefix=1``
    all 21 cells of the paper's Table II are met within 0.1 G.

    Parameters
    ----------
    dim, depth : int
        Width and number of blocks.
    tokens : int
        Patches of the unpruned clip.
    prefix : int
        Tokens that are never pruned: 1 (CLS), or 2 for AST with its distillation token.
    classes : int
    keep_rate : float
        Share kept at each of blocks 4, 7 and 10.

    Raises
    ------
    InputError
        If ``keep_rate`` is not above 0 and up to 1.

    Examples
    --------
    >>> count_macs(dim=768, depth=12, tokens=512, prefix=1, classes=527, keep_rate=0.7)
    31186523904
    """
    left = keep_plan(check_keep_rate(keep_rate), tokens)
    total = tokens * PATCH_VALUES * dim + dim * classes
    present = tokens
    for block in range(1, depth + 1):
        attending = prefix + present
        if block in PRUNE_BLOCKS:
            present = left[block]
        projections = attending * 4 * dim * dim  # Q, K, V and the output projection
        products = 2 * attending * attending * dim  # QKᵀ and AV
        mlp = (prefix + present) * 2 * MLP_RATIO * dim * dim
        total += projections + products + mlp
    return total
