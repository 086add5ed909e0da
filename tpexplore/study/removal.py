"""Group removal (paper Table IV): which patches leave, and the answers after every block, prefix shared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from tpexplore.errors import InputError, shown
from tpexplore.model.plan import check_list
from tpexplore.model.vit import AudioViT, as_mask, check_model
from tpexplore.stats.values import real_tensor

GROUPS: dict[str, tuple[int, ...]] = {
    "L": (0, 1),
    "H": (3, 4),
    "C1": (0,),
    "C2": (1,),
    "C3": (2,),
    "C4": (3,),
    "C5": (4,),
}
"""Clusters, counted from 0, that make each group: L and H as in the paper, C1 to C5 singly."""


def group_mask(clusters: Tensor, group: str) -> Tensor:
    """Patches of a group.

    Parameters
    ----------
    clusters : (..., patches) integer
        Cluster of every patch, 0 (lowest) to 4, from `Clusters.assign`.
    group : {"L", "H", "C1", …, "C5"}

    Returns
    -------
    Tensor of shape (..., patches), bool
    """
    if not isinstance(group, str) or group not in GROUPS:
        raise InputError(f"Group {shown(group)} is unknown; expected one of {', '.join(GROUPS)}.")
    clusters = real_tensor(clusters, "clusters")
    return torch.isin(clusters, torch.tensor(GROUPS[group], device=clusters.device))


def random_mask(like: Tensor, generator: torch.Generator) -> Tensor:
    """As many random patches of each clip as ``like`` (clips, patches) bool marks."""
    order = torch.rand(like.shape, generator=generator).argsort(1).argsort(1)
    return order.to(like.device) < like.sum(1, keepdim=True)


def removal_curve(
    model: AudioViT, spec: Tensor, masks: Mapping[str, Tensor], blocks: Iterable[int] | None = None
) -> dict[str, Tensor]:
    """Logits after removing each group after each block; every block before a removal runs once.

    Equal to ``model(spec, removal=(block, mask))`` for every pair.

    Parameters
    ----------
    spec : (batch, frames, 128)
    masks : mapping of name -> (batch, patches) bool, True where a patch leaves
        For a single clip a mask may have any number of rows, each a removal from that clip; the blocks
        before the removal still run once.
    blocks : iterable of int, optional
        After which blocks, ascending; all of 1 to depth - 1 by default.

    Returns
    -------
    dict of name -> Tensor of shape (blocks, rows of the mask, classes)

    Raises
    ------
    InputError
        If a block is out of range or not in its order, or a mask does not fit the pictures.
    """
    check_model(model)
    chosen = check_list(range(1, model.config.depth) if blocks is None else blocks, "blocks")
    chosen = [model.check_removal_block(block) for block in chosen]
    if not chosen or chosen != sorted(set(chosen)):
        raise InputError(f"blocks = {shown(chosen)}; expected blocks in ascending order, each once.")
    if not isinstance(masks, Mapping):
        raise InputError(f"masks = {shown(masks)}; expected a dict of a name to each mask.")
    masks = {name: as_mask(leaves, model.device) for name, leaves in masks.items()}
    curves: dict[str, list[Tensor]] = {name: [] for name in masks}
    x, done = model.embed(spec), 0
    for block in chosen:
        x, done = model.run_blocks(x, done + 1, block), block
        for name, leaves in masks.items():
            rows = x.expand(len(leaves), -1, -1) if len(x) == 1 and leaves.ndim == 2 else x
            curves[name].append(model.remove_from(rows, block, leaves).logits)
    return {name: torch.stack(logits) for name, logits in curves.items()}
