"""The model as its users call it: a clip's spectrogram, then logits from a pass that prunes on the way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from tpexplore.errors import InputError, shown
from tpexplore.model import pruning
from tpexplore.model.backbone import Backbone
from tpexplore.model.forward import Entered, Output
from tpexplore.model.plan import (
    PRUNE_BLOCKS,
    check_blocks,
    check_keep_rates,
    check_method,
    check_score,
    check_whole,
)
from tpexplore.signal.spectrogram import fit_frames, log_mel, normalise, samples_for
from tpexplore.signal.waveform import as_waveform


def check_model(model: object) -> None:
    """Raise InputError unless it is an `AudioViT`: not a name, and not another library's wrapper."""
    if not isinstance(model, AudioViT):
        raise InputError(f"The model is of {type(model)}; expected a model from load_model.")


def as_mask(mask: object, device: torch.device) -> Tensor:
    """A removal mask as a dense tensor on a device, or InputError if it is not a mask."""
    try:
        if isinstance(mask, np.ndarray):
            mask = mask.copy()  # PyTorch takes no reversed views, and warns of read-only ones
        mask = torch.as_tensor(mask, device=device)
        tuple(mask.shape)  # which nested tensors do not have
        return mask.to_dense() if mask.layout != torch.strided else mask
    except (TypeError, ValueError, OverflowError, RuntimeError):
        raise InputError(f"The removal mask is of {type(mask)}; expected bools.") from None


def check_classifier(model: object) -> None:
    """Raise InputError unless it is an `AudioViT` that has a classifier and real weights."""
    check_model(model)
    if not model.config.classes:
        raise InputError(f"{model.config.name} is pre-trained only: it has no classes to predict.")
    if any(weight.is_meta for weight in model.parameters()):
        raise InputError(f"{model.config.name} is on the device meta, which holds no numbers.")


class AudioViT(Backbone):
    """AudioMAE or AST, pruned or not.

    Parameters
    ----------
    config : ModelConfig
    drop_path : float
        Stochastic depth at the last block, rising linearly from 0 at the first; for training.

    Notes
    -----
    AudioMAE averages the patches, normalises and classifies. AST normalises all tokens, averages CLS
    and distillation token, and classifies through a LayerNorm and a linear layer.
    """

    def spectrogram(self, clip: np.ndarray | Tensor) -> Tensor:
        """Normalised log-mel of a clip, as this model reads it.

        Parameters
        ----------
        clip : (samples,)
            Mono, 16 kHz, e.g. from `load_audio`; see `as_waveform` for what else goes.

        Returns
        -------
        Tensor of shape (frames, 128)
            Computed in float32 on the CPU; on the model's device and in its type.
        """
        config = self.config
        with torch.device("cpu"):  # whatever the caller's default device is
            wave = torch.from_numpy(as_waveform(clip)[: samples_for(config.frames)])
            spec = normalise(fit_frames(log_mel(wave), config.frames, config.pad), config.mean, config.std)
        return spec.to(self.device, self.dtype)

    def forward(
        self,
        spec: Tensor,
        keep_rate: float | Sequence[float] = 1.0,
        score: str = "attention",
        *,
        blocks: Sequence[int] = PRUNE_BLOCKS,
        method: str = "drop",
        seed: int = 0,
        trace: bool = False,
        removal: tuple[int, Tensor] | None = None,
    ) -> Output:
        """Classify spectrograms, pruning on the way.

        Parameters
        ----------
        spec : (batch, frames, 128)
            Normalised log-mel, from `spectrogram`.
        keep_rate : float or sequence of float
            Share of the present patches that the pruning blocks each keep, above 0 and up to 1; one for
            all blocks, or one for each.
        score : {"attention", "intensity", "variation", "random", "time-even"}
            What patches are ranked by (paper Eq. 2; Sec. III-B); or at random, or the best by attention of
            every time column first.
        blocks : sequence of int
            Blocks that prune, ascending.
        method : {"drop", "fuse", "merge"}
            What happens to the others: dropped, fused into one token, or merged into the most similar ones.
            Merging does not rank.
        seed : int
            Of the random order, which is the same for every clip.
        trace : bool
            Also return the attention score of every block, of the unpruned model.
        removal : (block, mask) or None
            Drop the patches where ``mask`` (batch, patches) is True after the whole of ``block``
            (paper Table IV).

        Returns
        -------
        Output
            Its logits are (batch, classes).

        Raises
        ------
        InputError
            If an argument is out of range, or if pruning, ``trace`` and ``removal`` are combined.
        """
        blocks = check_blocks(blocks, self.config.depth)
        rates = check_keep_rates(keep_rate, blocks)
        check_method(method, check_score(score))
        seed = check_whole(seed, "seed", 0)
        if not isinstance(trace, bool):
            raise InputError(f"trace is {shown(trace)}; expected True or False.")
        if (min(rates) < 1) + trace + (removal is not None) > 1:
            raise InputError("Pruning (keep_rate below 1), trace and removal cannot be combined.")
        if trace:
            return self._traced(self.embed(spec))
        if removal is not None:
            try:
                block, leaves = removal
            except (TypeError, ValueError):
                raise InputError("removal is not a pair; expected a block and a mask.") from None
            block = self.check_removal_block(block)
            return self.remove_from(self.run_blocks(self.embed(spec), 1, block), block, leaves)
        return Entered(self, spec, blocks).output(rates, score, method, seed)

    def _traced(self, x: Tensor) -> Output:
        scores = []
        for layer in self.vit.blocks:
            # The tokens go through the untouched block, so tracing changes no bit of the logits.
            scores.append(self._scored_attention(layer.attn, layer.norm1(x))[1])
            x = layer(x)
        return Output(self.readout(x), self.config.patches, scores=torch.stack(scores, dim=1))

    def check_removal_block(self, block: object) -> int:
        """Return ``block`` as an int, or raise InputError unless a group can leave after it."""
        last = self.config.depth - 1
        try:
            return check_whole(block, "block", 1, last)
        except InputError:
            sentence = f"Removal after block {shown(block)}; expected a block from 1 to {last}."
            raise InputError(sentence) from None

    def remove_from(self, x: Tensor, block: int, leaves: Tensor) -> Output:
        """Everything after a group removal.

        Parameters
        ----------
        x : (batch, prefix + patches, dim)
            Tokens after the whole of ``block``.
        block : int
            From 1 to depth - 1.
        leaves : (batch, patches) bool
            True where a patch leaves. Clips of one batch may lose different numbers.
        """
        config = self.config
        leaves = as_mask(leaves, x.device)
        if leaves.dtype != torch.bool or leaves.shape != (len(x), config.patches):
            raise InputError(
                f"The removal mask is {leaves.dtype} of shape {tuple(leaves.shape)};"
                f" expected bool of shape ({len(x)}, {config.patches})."
            )
        positions, valid = pruning.surviving_positions(leaves)
        x = pruning.take_patches(x, positions, config.prefix)
        mask = None
        if not valid.all():
            keys = torch.cat([valid.new_ones(len(x), config.prefix), valid], dim=1)
            mask = keys[:, None, None, :]
        x = self.run_blocks(x, block + 1, config.depth, mask)
        return Output(self.readout(x, valid), config.patches, remaining=valid.sum(1))
