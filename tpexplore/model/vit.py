"""AudioMAE and AST with TopK token pruning, as two readings of one timm VisionTransformer.

Both families run on a (frames, 128) picture with time down and frequency across, so patch id
``t * rows + f`` is the token order of both. AST's published weights read the transposed picture and
number patches frequency first; `ast_to_time_major` turns their patch kernel and position grid once,
when they are loaded, and nothing later has to know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import torch
from timm.models.vision_transformer import Attention, VisionTransformer
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from tpexplore.errors import InputError
from tpexplore.model import pruning
from tpexplore.model.embedding import OverlappingPatchEmbed
from tpexplore.model.forward import Entered, Output
from tpexplore.model.macs import HEAD_WIDTH, count_macs
from tpexplore.model.plan import (
    FAMILIES,
    PREFIX_TOKENS,
    PRUNE_BLOCKS,
    check_blocks,
    check_keep_rates,
    check_method,
    check_score,
)
from tpexplore.signal.decode import SAMPLE_RATE
from tpexplore.signal.grid import PATCH, Grid
from tpexplore.signal.mel import MEL_BINS
from tpexplore.signal.spectrogram import (
    Padding,
    fit_frames,
    log_mel,
    normalise,
    samples_for,
)
from tpexplore.signal.waveform import as_waveform


@dataclass(frozen=True)
class ModelConfig:
    """What a checkpoint is and how its input is made.

    Attributes
    ----------
    family : {"audiomae", "ast"}
    frames : int
        Frames of its input; a multiple of 16 where patches do not overlap.
    dim, depth, classes : int
        Width, blocks and classes; heads are ``dim / 64``.
    mean, std : float
        Of the log-mel values it was trained on.
    pad : {"min", "zero"}
        What fills clips shorter than ``frames``.
    multilabel : bool
        Whether classes are judged one by one (sigmoid, AudioSet) or compete (softmax).
    mel_stride, time_stride : int
        Bins and frames from one patch to the next: 16, or less where patches overlap.
    name, task, labels, sha256 :
        Where it comes from; labels are "class 0", "class 1", … where a file names none.
    """

    family: str
    frames: int
    dim: int
    depth: int
    classes: int
    mean: float
    std: float
    pad: Padding = "min"
    multilabel: bool = False
    name: str = ""
    task: str = ""
    labels: tuple[str, ...] = ()
    sha256: str = ""
    mel_stride: int = PATCH
    time_stride: int = PATCH

    def __post_init__(self):
        if self.family not in FAMILIES:
            raise InputError(f"Family {self.family!r} is unknown; expected one of {', '.join(FAMILIES)}.")
        if self.frames < PATCH or (self.time_stride == PATCH and self.frames % PATCH):
            raise InputError(f"frames = {self.frames}; expected a positive multiple of {PATCH}.")
        Grid.of(self.frames, self.mel_stride, self.time_stride)  # raises where no patches can lie so
        if self.dim < HEAD_WIDTH or self.dim % HEAD_WIDTH:
            raise InputError(f"Width {self.dim} is unsupported; expected a multiple of {HEAD_WIDTH}.")
        if self.depth < PRUNE_BLOCKS[-1]:
            raise InputError(f"{self.depth} blocks; expected at least {PRUNE_BLOCKS[-1]}, the last to prune.")
        if not self.labels:
            object.__setattr__(self, "labels", tuple(f"class {i}" for i in range(self.classes)))
        if len(self.labels) != self.classes:
            raise InputError(f"{len(self.labels)} labels were given for {self.classes} classes.")

    @property
    def heads(self) -> int:
        return self.dim // HEAD_WIDTH

    @property
    def prefix(self) -> int:
        """Tokens before the patches."""
        return PREFIX_TOKENS[self.family]

    @cached_property
    def grid(self) -> Grid:
        """Where its patches lie."""
        return Grid.of(self.frames, self.mel_stride, self.time_stride)

    @property
    def patches(self) -> int:
        return self.grid.patches

    @property
    def seconds(self) -> float:
        """Length of audio that fills the input."""
        return samples_for(self.frames) / SAMPLE_RATE

    def macs(
        self,
        keep_rate: float | Sequence[float] = 1.0,
        blocks: Sequence[int] = PRUNE_BLOCKS,
        method: str = "drop",
    ) -> int:
        """Multiply-accumulates of one clip, see `count_macs`."""
        return count_macs(
            dim=self.dim,
            depth=self.depth,
            tokens=self.patches,
            prefix=self.prefix,
            classes=self.classes,
            keep_rate=keep_rate,
            blocks=blocks,
            method=method,
        )


class AudioViT(nn.Module):
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

    def __init__(self, config: ModelConfig, drop_path: float = 0.0):
        super().__init__()
        self.config = config
        ast, grid = config.family == "ast", config.grid
        embedding = {"embed_layer": partial(OverlappingPatchEmbed, grid=grid)} if grid.overlaps else {}
        self.vit = VisionTransformer(
            img_size=(config.frames, MEL_BINS),
            patch_size=PATCH,
            in_chans=1,
            embed_dim=config.dim,
            depth=config.depth,
            num_heads=config.heads,
            reg_tokens=config.prefix - 1,
            num_classes=0 if ast else config.classes,
            global_pool="token" if ast else "avg",
            drop_path_rate=drop_path,
            **embedding,
        )
        if ast:
            self.head = nn.Identity()
            if config.classes:
                self.head = nn.Sequential(nn.LayerNorm(config.dim), nn.Linear(config.dim, config.classes))

    @property
    def device(self) -> torch.device:
        return self.vit.pos_embed.device

    @property
    def dtype(self) -> torch.dtype:
        return self.vit.pos_embed.dtype

    # -- input

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
        wave = torch.from_numpy(as_waveform(clip)[: samples_for(config.frames)])
        spec = normalise(fit_frames(log_mel(wave), config.frames, config.pad), config.mean, config.std)
        return spec.to(self.device, self.dtype)

    def embed(self, spec: Tensor) -> Tensor:
        """Tokens before block 1: (batch, frames, 128), anywhere -> (batch, prefix + patches, dim)."""
        config = self.config
        if spec.ndim != 3 or spec.shape[1:] != (config.frames, MEL_BINS):
            raise InputError(
                f"The spectrogram has shape {tuple(spec.shape)};"
                f" expected (batch, {config.frames}, {MEL_BINS})."
            )
        vit = self.vit
        prefix = [vit.cls_token] if vit.reg_token is None else [vit.cls_token, vit.reg_token]
        patches = vit.patch_embed(spec[:, None].to(self.device, self.dtype))
        tokens = torch.cat([t.expand(spec.shape[0], -1, -1) for t in prefix] + [patches], dim=1)
        return tokens + vit.pos_embed

    # -- blocks, counted from 1

    def run_blocks(self, x: Tensor, first: int, last: int, mask: Tensor | None = None) -> Tensor:
        """Whole blocks ``first`` to ``last``, fused attention.

        ``mask`` is False at keys to ignore, or what is added to every query's product with a key.
        """
        for block in self.vit.blocks[first - 1 : last]:
            x = block(x, attn_mask=mask)
        return x

    def attend(
        self, x: Tensor, block: int, with_score: bool, mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """First half of a block: attention and its residual. ``mask`` as for `run_blocks`, without a score.

        Returns
        -------
        x : (batch, tokens, dim)
        score : (batch, patches present), float32 at least, or None without ``with_score``
        """
        layer = self.vit.blocks[block - 1]
        if with_score:
            out, score = self._scored_attention(layer.attn, layer.norm1(x))
        else:
            out, score = layer.attn(layer.norm1(x), attn_mask=mask), None
        return x + layer.drop_path1(layer.ls1(out)), score

    def attend_with_keys(self, x: Tensor, block: int, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """`attend`, and the patches' keys averaged over heads, (batch, patches present, head width)."""
        layer = self.vit.blocks[block - 1]
        query, key, value = _query_key_value(layer.attn, layer.norm1(x))
        mixed = scaled_dot_product_attention(query, key, value, attn_mask=mask)
        out = layer.attn.proj(mixed.transpose(1, 2).flatten(2))
        return x + layer.drop_path1(layer.ls1(out)), key[:, :, self.config.prefix :].mean(1)

    def run_mlp(self, x: Tensor, block: int) -> Tensor:
        """Second half of a block: MLP and its residual."""
        layer = self.vit.blocks[block - 1]
        return x + layer.drop_path2(layer.ls2(layer.mlp(layer.norm2(x))))

    def _scored_attention(self, attn: Attention, x: Tensor) -> tuple[Tensor, Tensor]:
        prefix = self.config.prefix
        query, key, value = _query_key_value(attn, x)
        if self.config.family == "ast":  # one query row is all the score needs
            score = pruning.class_score(_softmax(query[:, :, :1], key, attn.scale)[:, :, 0], prefix)
            mixed = scaled_dot_product_attention(query, key, value)
        else:
            attention = _softmax(query, key, attn.scale)
            score = pruning.column_score(attention, prefix)
            mixed = attention @ value
        return attn.proj(mixed.transpose(1, 2).flatten(2)), score

    def readout(self, x: Tensor, weight: Tensor | None = None) -> Tensor:
        """Tokens after the last block -> logits.

        ``weight`` (batch, n) says how often each patch counts where they are averaged: False or 0 where it
        is to be ignored, the size of a merged one.
        """
        if self.config.family == "ast":
            return self.head(self.vit.norm(x)[:, : self.config.prefix].mean(1))
        if weight is None:
            return self.vit.forward_head(self.vit.norm(x))
        weight = weight[..., None].to(x.dtype)
        pooled = (x[:, self.config.prefix :] * weight).sum(1) / weight.sum(1).clamp(min=1)
        return self.vit.head(self.vit.fc_norm(pooled))

    # -- whole passes

    def patch_ids(self, batch: int) -> Tensor:
        """Ids of all patches, (batch, patches)."""
        return torch.arange(self.config.patches, device=self.device).expand(batch, -1)

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
            What patches are ranked by (paper Eq. 2; Sec. 3.3); or at random, or the best by attention of
            every time column first.
        blocks : sequence of int
            Blocks that prune, ascending.
        method : {"drop", "fuse", "merge"}
            What becomes of the others: they leave, become one token together, or join those they are most
            like. Merging ranks nothing.
        seed : int
            Of the random order, which is the same for every clip.
        trace : bool
            Also return the attention score of every block, of the unpruned model.
        removal : (block, mask) or None
            Drop the patches where ``mask`` (batch, patches) is True after the whole of ``block``
            (paper Table IV).

        Raises
        ------
        InputError
            If an argument is out of range, or if pruning, ``trace`` and ``removal`` are combined.
        """
        blocks = check_blocks(blocks, self.config.depth)
        rates = check_keep_rates(keep_rate, blocks)
        check_method(method, check_score(score))
        if (min(rates) < 1) + trace + (removal is not None) > 1:
            raise InputError("Pruning (keep_rate below 1), trace and removal cannot be combined.")
        if trace:
            return self._traced(self.embed(spec))
        if removal is not None:
            block, leaves = removal
            self.check_removal_block(block)
            return self.remove_from(self.run_blocks(self.embed(spec), 1, block), block, leaves)
        return Entered(self, spec, blocks).output(rates, score, method, seed)

    def _traced(self, x: Tensor) -> Output:
        scores = []
        for layer in self.vit.blocks:
            # The tokens go through the untouched block, so tracing changes no bit of the logits.
            scores.append(self._scored_attention(layer.attn, layer.norm1(x))[1])
            x = layer(x)
        return Output(self.readout(x), scores=torch.stack(scores, dim=1))

    def check_removal_block(self, block: int) -> None:
        """Raise InputError unless a group can leave after ``block``."""
        if not 1 <= block < self.config.depth:
            last = self.config.depth - 1
            raise InputError(f"Removal after block {block}; expected a block from 1 to {last}.")

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
        leaves = torch.as_tensor(leaves, device=x.device)
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
        return Output(self.readout(x, valid), remaining=valid.sum(1))


def _query_key_value(attn: Attention, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Each of shape (batch, heads, tokens, head width)."""
    batch, tokens, _ = x.shape
    qkv = attn.qkv(x).reshape(batch, tokens, 3, attn.num_heads, attn.head_dim)
    return qkv.permute(2, 0, 3, 1, 4).unbind(0)


def _softmax(query: Tensor, key: Tensor, scale: float) -> Tensor:
    products = (query * scale) @ key.transpose(-2, -1)
    if products.requires_grad:
        return products.softmax(dim=-1)
    # In place: of 513 tokens, fetching another 12 MiB from the system took longer than the arithmetic.
    return torch.softmax(products, dim=-1, out=products)


def ast_to_time_major(state: Mapping[str, Tensor], rows: int) -> dict[str, Tensor]:
    """Turn AST weights from their frequency-major reading of the picture to time-major.

    The published model sees the picture transposed, (128, frames). Transposing every 16×16 kernel and
    reordering the position grid gives the same tokens in time-major order.

    Parameters
    ----------
    state : mapping with "patch_embed.proj.weight" (dim, 1, 16, 16) and "pos_embed" (1, 2 + patches, dim)
    rows : int
        Patches over frequency.
    """
    state = dict(state)
    state["patch_embed.proj.weight"] = state["patch_embed.proj.weight"].transpose(2, 3).contiguous()
    prefix = PREFIX_TOKENS["ast"]
    pos = state["pos_embed"]
    grid = pos[:, prefix:].unflatten(1, (rows, -1)).transpose(1, 2).flatten(1, 2)
    state["pos_embed"] = torch.cat([pos[:, :prefix], grid], dim=1)
    return state
