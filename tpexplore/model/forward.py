"""The one pruned pass: what comes before the pruning once, then any keep-rate, ranking and method.

Runs on the device and in the number type of its model. Blocks count from 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from tpexplore.model import fusing, merging, pruning
from tpexplore.model.backbone import Backbone
from tpexplore.model.config import ModelConfig
from tpexplore.model.fate import DROPPED, FUSED, Fate, holders_of
from tpexplore.model.plan import (
    BY_ATTENTION,
    PRUNE_BLOCKS,
    STATISTICS,
    check_blocks,
    check_keep_rates,
    check_method,
    check_score,
    kept_count,
)
from tpexplore.signal.spectrogram import patch_statistics


@dataclass(frozen=True)
class Stage:
    """One pruning block at work.

    Attributes
    ----------
    block : int
    ids : (batch, n) integer
        Patches present before, ascending.
    scores : (batch, n) or None
        The scores that ranked them; None without ranking: by merging, or if all are kept.
    kept : (batch, k) integer
        Patches present after, ascending; by merging those that others may have joined.
    holders : (batch, patches) integer or None
        By merging, the id of the patch whose token now holds each patch.
    """

    block: int
    ids: Tensor
    scores: Tensor | None
    kept: Tensor
    holders: Tensor | None = None


@dataclass(frozen=True)
class Passed:
    """The tokens after all blocks.

    Attributes
    ----------
    tokens : (batch, prefix + k, dim)
        Patches in the order of their ids; after them the fused token, where there is one.
    stages : tuple of Stage
        One for each pruning block; none at keep-rate 1.0.
    sizes : (batch, k) or None
        Patches in each token, where some were merged.
    """

    tokens: Tensor
    stages: tuple[Stage, ...] = ()
    sizes: Tensor | None = None


@dataclass(frozen=True)
class Output:
    """What a forward pass returns.

    Attributes
    ----------
    logits : (batch, classes)
        Of a pre-trained model, which has no classes, the pooled features (batch, dim).
    patches : int
        Patches before any pruning.
    stages : tuple of Stage
        One for each pruning block; none at keep-rate 1.0.
    method : {"drop", "fuse", "merge"}
    scores : (batch, depth, patches) or None
        Attention score of every block, with ``trace``.
    remaining : (batch,) integer or None
        Patches that a group removal left; 0 means the prediction rests on prefix tokens alone (AST)
        or on the classifier's bias (AudioMAE, which has nothing left to average).
    """

    logits: Tensor
    patches: int
    stages: tuple[Stage, ...] = ()
    method: str = "drop"
    scores: Tensor | None = None
    remaining: Tensor | None = None

    @property
    def kept(self) -> dict[int, Tensor]:
        """Pruning block -> (batch, k) patch ids left after it, ascending; empty at keep-rate 1.0."""
        return {stage.block: stage.kept for stage in self.stages}

    @cached_property
    def fate(self) -> Fate:
        """What became of every patch of every clip, as arrays on the CPU."""
        if self.method == "merge":
            holders = {stage.block: stage.holders.cpu().numpy() for stage in self.stages}
        else:
            kept = {block: ids.cpu().numpy() for block, ids in self.kept.items()}
            holders = holders_of(kept, self.patches, FUSED if self.method == "fuse" else DROPPED)
        return Fate(holders, self.patches)


class Entered:
    """A batch of clips up to the first pruning block, which all its passes share.

    Parameters
    ----------
    model : Backbone
    spec : (batch, frames, 128)
        Normalised log-mel, from `AudioViT.spectrogram`.
    blocks : sequence of int
        Blocks that prune, ascending.
    ids : (batch, n) integer, optional
        The patches to look at, ascending; all by default.

    Examples
    --------
    >>> entered = Entered(model, spec[None])
    >>> [entered.output(rate).logits for rate in (1.0, 0.7, 0.5)]
    """

    def __init__(
        self,
        model: Backbone,
        spec: Tensor,
        blocks: Sequence[int] = PRUNE_BLOCKS,
        ids: Tensor | None = None,
    ):
        self.model, self.spec = model, spec
        self.blocks = check_blocks(blocks, model.config.depth)
        x = model.embed(spec)
        self.ids = model.patch_ids(spec.shape[0]) if ids is None else ids
        if self.ids.shape[1] < model.config.patches:
            x = pruning.take_patches(x, self.ids, model.config.prefix)
        self.tokens = model.run_blocks(x, 1, self.blocks[0] - 1)
        self._attended: dict[str, tuple[Tensor, Tensor | None]] = {}

    # -- what the first pruning block sees

    @cached_property
    def statistics(self) -> dict[str, Tensor]:
        """Intensity and variation of every patch, each (batch, patches)."""
        values = patch_statistics(self.spec.to(self.tokens.device), self.model.config.grid)
        return dict(zip(STATISTICS, values, strict=True))

    def attend_first(self, score: str | Tensor = "attention", method: str = "drop") -> None:
        """Run the first pruning block's attention, which all keep-rates share, ahead of them."""
        self._attend_first(_reads(score, method))

    def ranking(self, score: str | Tensor = "attention", seed: int = 0) -> Tensor:
        """What the first pruning block ranks the patches by, (batch, n)."""
        fixed = self._fixed_ranks(score, seed)
        if fixed is not None:
            return fixed.gather(1, self.ids)
        return _ranks(self._attend_first("score")[1], self.ids, self.model.config.grid.rows, score)

    # -- whole passes

    def output(
        self,
        keep_rate: float | Sequence[float] = 1.0,
        score: str | Tensor = "attention",
        method: str = "drop",
        seed: int = 0,
    ) -> Output:
        """Logits, and what became of the patches. Arguments as for `run`."""
        passed = self.run(keep_rate, score, method, seed)
        # Without sizes one argument: the readout of a plain ViT.
        extra = () if passed.sizes is None else (passed.sizes,)
        logits = self.model.readout(passed.tokens, *extra)
        return Output(logits, self.model.config.patches, passed.stages, method)

    def run(
        self,
        keep_rate: float | Sequence[float] = 1.0,
        score: str | Tensor = "attention",
        method: str = "drop",
        seed: int = 0,
    ) -> Passed:
        """The remaining blocks, pruning on the way.

        Parameters
        ----------
        keep_rate : float or sequence of float
            Share of the present patches that each pruning block keeps, above 0 and up to 1; one for all
            blocks, or one for each.
        score : str or (batch, patches)
            A ranking's name (see `plan.RANKINGS`), or your own values; the highest are kept.
        method : {"drop", "fuse", "merge"}
            Fusing weighs by attention where that ranks, else alike. Merging ranks nothing.
        seed : int
            Of the random order.

        Raises
        ------
        InputError
            If an argument is out of range, or merging is combined with another score than "attention".
        """
        rates = check_keep_rates(keep_rate, self.blocks)
        check_method(method, score if isinstance(score, str) else "own values")
        if set(rates) == {1.0}:
            return Passed(self.model.run_blocks(self.tokens, self.blocks[0], self.model.config.depth))
        fixed = None if method == "merge" else self._fixed_ranks(score, seed)
        return self._prune(rates, _Pruned(self, score, method, fixed))

    # -- parts

    def _prune(self, rates: Sequence[float], pruned: _Pruned) -> Passed:
        """One pruned pass from the first pruning block on."""
        model, last = self.model, self.model.config.depth
        ends = [block - 1 for block in self.blocks[1:]] + [last]
        stages = []
        for block, rate, end in zip(self.blocks, rates, ends, strict=True):
            need = _reads(pruned.score, pruned.method) if rate < 1 else "nothing"
            if block == self.blocks[0]:
                pruned.tokens, attention = self._attend_first(need)
            else:
                pruned.tokens, attention = _attend(model, pruned.tokens, block, need, pruned.bias())
            stages.append(pruned.stage(block, rate, attention))
            x = model.run_mlp(pruned.tokens, block)
            pruned.tokens = model.run_blocks(x, block + 1, end, pruned.bias())
        return Passed(pruned.tokens, tuple(stages), pruned.sizes)

    def _attend_first(self, need: str) -> tuple[Tensor, Tensor | None]:
        if need not in self._attended:
            self._attended[need] = _attend(self.model, self.tokens, self.blocks[0], need)
        return self._attended[need]

    def _fixed_ranks(self, score: str | Tensor, seed: int) -> Tensor | None:
        """Ranking values (batch, patches) that need no attention; None if attention ranks."""
        if isinstance(score, Tensor):
            return score
        if check_score(score) in BY_ATTENTION:
            return None
        if score == "random":
            ranks = pruning.random_ranks(seed, [0], self.model.config.patches)
            return ranks.to(self.tokens.device).expand(self.spec.shape[0], -1)
        return self.statistics[score]


class _Pruned:
    """Tokens on their way through the pruning blocks, and which patches they are.

    Attributes
    ----------
    tokens : (batch, prefix + n, dim), with the fused token one more
    ids : (batch, n)
    fused : int
        Patches in the fused token, 0 while there is none.
    sizes, holders : Tensor or None
        By merging, of the tokens (batch, n) and of all patches (batch, patches); see `Stage`.
    """

    def __init__(self, entered: Entered, score: str | Tensor, method: str, fixed: Tensor | None):
        self.tokens, self.ids = entered.tokens, entered.ids
        self.prefix, self.rows = entered.model.config.prefix, entered.model.config.grid.rows
        self.score, self.method, self.fixed = score, method, fixed
        self.fused = 0
        self.sizes = None
        self.holders = entered.model.patch_ids(self.ids.shape[0]) if method == "merge" else None

    def bias(self) -> Tensor | None:
        """What attention adds for tokens of several patches."""
        if self.sizes is None:
            return None
        return merging.size_bias(self.sizes, self.prefix, self.tokens.dtype)

    def stage(self, block: int, rate: float, attention: Tensor | None) -> Stage:
        """Prune; ``attention`` is what the block's attention was read for, see `_reads`."""
        ids, present = self.ids, self.ids.shape[1]
        k = kept_count(rate, present)
        ranks = None
        if self.method == "merge":
            if k < present:
                self._merge(attention, k)
        elif rate < 1:
            if attention is None:
                ranks = self.fixed.gather(1, ids)
            else:
                ranks = _ranks(attention[:, :present], ids, self.rows, self.score)
            positions = pruning.top_positions(ranks, k)
            if k < present:
                self._leave(positions, attention)
            self.ids = ids.gather(1, positions)
        return Stage(block, ids, ranks, self.ids, self.holders)

    def _leave(self, positions: Tensor, attention: Tensor | None) -> None:
        """Drop or fuse all patches but those at ``positions``."""
        if self.method == "drop":
            self.tokens = pruning.take_patches(self.tokens, positions, self.prefix)
            return
        weights = self._counts() if attention is None else attention
        self.tokens = fusing.fuse_patches(self.tokens, positions, weights, self.prefix)
        self.fused += self.ids.shape[1] - positions.shape[1]

    def _counts(self) -> Tensor:
        """Patches in each token, (batch, n) and one more for the fused token, float32."""
        ones = torch.ones(self.ids.shape, device=self.ids.device)
        return torch.cat([ones, torch.full_like(ones[:, :1], self.fused)], dim=1) if self.fused else ones

    def _merge(self, keys: Tensor, k: int) -> None:
        if self.sizes is None:
            self.sizes = torch.ones(self.ids.shape, device=self.ids.device)
        merged = merging.merge_patches(self.tokens[:, self.prefix :], keys, self.sizes, k)
        self.tokens = torch.cat([self.tokens[:, : self.prefix], merged.tokens], dim=1)
        self.sizes = merged.sizes
        # Map each present patch's id to its new holder's, then look up each patch's old holder in that map.
        become = self.holders.scatter(1, self.ids, self.ids.gather(1, merged.holders))
        self.holders = become.gather(1, self.holders)
        self.ids = self.ids.gather(1, merged.positions)


def _reads(score: str | Tensor, method: str) -> str:
    """What is read from the attention of a pruning block: its "score", its "keys", or "nothing"."""
    if method == "merge":
        return "keys"
    return "score" if isinstance(score, str) and score in BY_ATTENTION else "nothing"


def _attend(
    model: Backbone, x: Tensor, block: int, need: str, bias: Tensor | None = None
) -> tuple[Tensor, Tensor | None]:
    if need == "keys":
        return model.attend_with_keys(x, block, bias)
    return model.attend(x, block, need == "score", bias)


def _ranks(attention: Tensor, ids: Tensor, rows: int, score: str) -> Tensor:
    """Attention score (batch, n) of the patches ``ids`` -> the values that rank them."""
    return pruning.time_even_ranks(attention, ids // rows) if score == "time-even" else attention


# -- results


def probabilities(logits: Tensor, config: ModelConfig) -> Tensor:
    """Softmax over the last axis, or the sigmoid of a multi-label model; float32 at least."""
    logits = logits.to(pruning.at_least_float32(logits.dtype))
    return logits.sigmoid() if config.multilabel else logits.softmax(-1)


def to_numpy(values: Tensor) -> np.ndarray:
    """A result on the CPU; floating-point ones as float32."""
    values = values.detach() if values.requires_grad else values
    return (values.float() if values.is_floating_point() else values).cpu().numpy()
