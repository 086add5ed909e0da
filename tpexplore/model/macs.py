"""Exact multiply-accumulate counts of a pruned ViT (paper Table II)."""

from __future__ import annotations

from collections.abc import Sequence

from tpexplore.model.plan import (
    PRUNE_BLOCKS,
    check_blocks,
    check_method,
    check_whole,
    keep_plan,
    merge_rounds,
)

HEAD_WIDTH = 64
"""Width of one attention head, in every model here."""
PATCH_VALUES = 256
MLP_RATIO = 4
LARGEST_SIZE = 1_000_000
"""Far above any model's; blocks and classes are gone through one by one."""


CLASSES = {"SPC-2": 35, "ESC-50": 50, "AS-20K": 527, "VoxCeleb-1": 1251}
"""Classes of the paper's datasets; Table II's heads depend on them."""


def count_macs(
    *,
    dim: int,
    depth: int,
    tokens: int,
    prefix: int,
    classes: int,
    keep_rate: float | Sequence[float] = 1.0,
    blocks: Sequence[int] = PRUNE_BLOCKS,
    method: str = "drop",
) -> int:
    """Multiply-accumulates of one clip's forward pass.

    Counts the patch embedding, every linear layer, QKᵀ, AV and the head; not norms, softmax or GELU.
    A pruning block attends over all tokens present and runs its MLP on those kept. With ``prefix=1``
    all 21 cells of the paper's Table II are met within 0.1 G.

    Fusing adds its one token to every later product, and the weighted sum that makes it. Merging adds the
    products of keys that find which patches are alike; its means, sums of a few tokens each, are left out
    like the norms.

    Parameters
    ----------
    dim, depth : int
        Width and number of blocks.
    tokens : int
        Patches of the unpruned clip.
    prefix : int
        Tokens that are never pruned: 1 (CLS), or 2 for AST with its distillation token.
    classes : int
    keep_rate : float or sequence of float
        Share kept at each of the pruning blocks; one for all, or one for each.
    blocks : sequence of int
        Blocks that prune, ascending.
    method : {"drop", "fuse", "merge"}

    Raises
    ------
    InputError
        If a size is not a whole number, a keep-rate is not in (0, 1], a block is not from 1 to ``depth``,
        or the method is unknown.

    Examples
    --------
    >>> count_macs(dim=768, depth=12, tokens=512, prefix=1, classes=527, keep_rate=0.7)
    31186523904
    """
    for name, number, least in (
        ("dim", dim, 1),
        ("depth", depth, 1),
        ("tokens", tokens, 1),
        ("prefix", prefix, 0),
        ("classes", classes, 0),
    ):
        check_whole(number, name, least, LARGEST_SIZE)
    blocks = check_blocks(blocks, depth)
    left = keep_plan(keep_rate, tokens, blocks)
    check_method(method)
    total = tokens * PATCH_VALUES * dim + dim * classes
    present, extra = tokens, 0
    for block in range(1, depth + 1):
        attending = prefix + present + extra
        if block in left and left[block] < present:
            if method == "fuse":
                total += (present - left[block] + extra) * dim
                extra = 1
            elif method == "merge":
                for before, _ in merge_rounds(present, left[block]):
                    total += (before - before // 2) * (before // 2) * HEAD_WIDTH
            present = left[block]
        projections = attending * 4 * dim * dim  # Q, K, V and the output projection
        products = 2 * attending * attending * dim  # QKᵀ and AV
        mlp = (prefix + present + extra) * 2 * MLP_RATIO * dim * dim
        total += projections + products + mlp
    return total
