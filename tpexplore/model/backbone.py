"""AudioMAE and AST block by block, as two readings of one timm VisionTransformer.

Both families run on a (frames, 128) picture with time down and frequency across, so patch id
``t * rows + f`` is the token order of both. AST's published weights read the transposed picture and
number patches frequency first; `checkpoints.published` turns their patch kernel and position grid once,
when they are loaded, and nothing later has to know.
"""

from __future__ import annotations

from functools import partial

import torch
from timm.models.vision_transformer import Attention, VisionTransformer
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from tpexplore.errors import InputError
from tpexplore.model import pruning
from tpexplore.model.config import ModelConfig
from tpexplore.model.embedding import OverlappingPatchEmbed
from tpexplore.signal.grid import PATCH
from tpexplore.signal.mel import MEL_BINS

_LARGEST_VALUE = 1e6
"""Of a spectrogram; normalised ones stay below 100."""


class Backbone(nn.Module):
    """The weights, and the parts of a pass that pruning is put together from. Blocks count from 1.

    Parameters
    ----------
    config : ModelConfig
    drop_path : float
        Stochastic depth at the last block, rising linearly from 0 at the first; for training.
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

    def patch_ids(self, batch: int) -> Tensor:
        """Ids of all patches, (batch, patches)."""
        return torch.arange(self.config.patches, device=self.device).expand(batch, -1)

    def embed(self, spec: Tensor) -> Tensor:
        """Tokens before block 1: (batch, frames, 128), anywhere -> (batch, prefix + patches, dim)."""
        config = self.config
        if (
            not isinstance(spec, Tensor)
            or spec.layout != torch.strided
            or spec.is_nested
            or (spec.is_meta and self.device.type != "meta")
        ):
            raise InputError(
                f"The spectrogram is of {type(spec)}; expected an ordinary tensor, as `spectrogram` gives it."
            )
        if spec.is_complex():
            raise InputError(f"The spectrogram is of {spec.dtype}; expected real numbers.")
        if spec.ndim != 3 or spec.shape[1:] != (config.frames, MEL_BINS):
            raise InputError(
                f"The spectrogram has shape {tuple(spec.shape)};"
                f" expected (batch, {config.frames}, {MEL_BINS})."
            )
        _check_values(spec)
        if spec.is_inference() and not torch.is_inference_mode_enabled():
            spec = spec.clone()  # autograd cannot use the original
        vit = self.vit
        prefix = [vit.cls_token] if vit.reg_token is None else [vit.cls_token, vit.reg_token]
        patches = vit.patch_embed(spec[:, None].to(self.device, self.dtype))
        tokens = torch.cat([t.expand(spec.shape[0], -1, -1) for t in prefix] + [patches], dim=1)
        return tokens + vit.pos_embed

    # -- blocks, counted from 1

    def run_blocks(self, x: Tensor, first: int, last: int, mask: Tensor | None = None) -> Tensor:
        """Whole blocks ``first`` to ``last``, fused attention.

        ``mask`` is False at keys to ignore, or a number to add to every query-key product.
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

    def scores_by_head(self, x: Tensor, block: int) -> Tensor:
        """The attention score that ``block`` ranks by, before its mean over heads.

        Parameters
        ----------
        x : (batch, tokens, dim)
            Tokens before the block.
        block : int

        Returns
        -------
        Tensor of shape (batch, heads, patches present), float32 at least
        """
        layer, prefix = self.vit.blocks[block - 1], self.config.prefix
        query, key, _ = _query_key_value(layer.attn, layer.norm1(x))
        if self.config.family == "ast":
            row = _softmax(query[:, :, :1], key, layer.attn.scale)[:, :, 0]
            return pruning.class_score_by_head(row, prefix)
        return pruning.column_score_by_head(_softmax(query, key, layer.attn.scale), prefix)

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


def _check_values(spec: Tensor) -> None:
    """Raise InputError if a spectrogram holds values that give no answer, or one that means nothing.

    Not on a GPU, which would have to be waited for, nor while a pass is recorded, which has no values yet.
    """
    is_recorded = torch.compiler.is_compiling() or torch.jit.is_tracing()
    if is_recorded or spec.device.type != "cpu" or type(spec) not in (Tensor, nn.Parameter) or not len(spec):
        return
    lowest, highest = spec.detach().float().aminmax()  # NaN where one value is
    if not (lowest > -_LARGEST_VALUE and highest < _LARGEST_VALUE):
        raise InputError("The spectrogram holds NaN, infinite or absurdly large values; expected about ±5.")


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
