"""Small checkpoints with the keys, prefixes, shapes and pickled extras of the published ones.

The real files cannot be downloaded where this is developed. Keys and shapes are those of the
published code and READMEs; only the numbers are random and, unless a test needs more, the width small.
"""

from __future__ import annotations

import argparse
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

State = dict[str, Tensor]

SMALL = 64
"""One head: the narrowest that loads."""

TWO_HEADS = 128
"""Two heads, so that means over heads are tested."""


class _Numbers:
    """Seeded weights large enough that attention is far from uniform and every key matters."""

    def __init__(self, seed: int):
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.generator) * 0.15

    def norm(self, dim: int) -> tuple[Tensor, Tensor]:
        return 1 + self(dim), self(dim)


class _Zeros(_Numbers):
    """The same shapes without random numbers, for tests in which only shapes and sizes count."""

    def __call__(self, *shape: int) -> Tensor:
        return torch.zeros(shape)


def _block(make: _Numbers, prefix: str, dim: int) -> State:
    norm1, norm2 = make.norm(dim), make.norm(dim)
    return {
        f"{prefix}.norm1.weight": norm1[0],
        f"{prefix}.norm1.bias": norm1[1],
        f"{prefix}.attn.qkv.weight": make(3 * dim, dim),
        f"{prefix}.attn.qkv.bias": make(3 * dim),
        f"{prefix}.attn.proj.weight": make(dim, dim),
        f"{prefix}.attn.proj.bias": make(dim),
        f"{prefix}.norm2.weight": norm2[0],
        f"{prefix}.norm2.bias": norm2[1],
        f"{prefix}.mlp.fc1.weight": make(4 * dim, dim),
        f"{prefix}.mlp.fc1.bias": make(4 * dim),
        f"{prefix}.mlp.fc2.weight": make(dim, 4 * dim),
        f"{prefix}.mlp.fc2.bias": make(dim),
    }


def _encoder(make: _Numbers, dim: int, patches: int, depth: int) -> State:
    state = {
        "cls_token": make(1, 1, dim),
        "pos_embed": make(1, 1 + patches, dim),
        "patch_embed.proj.weight": make(dim, 1, 16, 16),
        "patch_embed.proj.bias": make(dim),
    }
    for i in range(depth):
        state |= _block(make, f"blocks.{i}", dim)
    return state


def audiomae_state(
    *, frames: int = 1024, classes: int = 527, dim: int = SMALL, depth: int = 12, zeros: bool = False
) -> State:
    """AudioMAE after fine-tuning: mean over patches, fc_norm, head; no final norm."""
    make = _Zeros(0) if zeros else _Numbers(1)
    state = _encoder(make, dim, frames // 16 * 8, depth)
    state["fc_norm.weight"], state["fc_norm.bias"] = make.norm(dim)
    return state | {"head.weight": make(classes, dim), "head.bias": make(classes)}


def audiomae_pretrained_state(*, dim: int = SMALL, decoder: int = 64) -> State:
    """AudioMAE after pre-training: encoder with its final norm, mask token and decoder, no classifier."""
    make = _Numbers(2)
    state = _encoder(make, dim, 512, 12)
    state["norm.weight"], state["norm.bias"] = make.norm(dim)
    state |= {
        "mask_token": make(1, 1, decoder),
        "decoder_pos_embed": make(1, 513, decoder),
        "decoder_embed.weight": make(decoder, dim),
        "decoder_embed.bias": make(decoder),
    }
    for i in range(2):
        state |= _block(make, f"decoder_blocks.{i}", decoder)
    state["decoder_norm.weight"], state["decoder_norm.bias"] = make.norm(decoder)
    return state | {"decoder_pred.weight": make(256, decoder), "decoder_pred.bias": make(256)}


def ast_state(*, patches: int = 512, classes: int = 527, dim: int = SMALL) -> State:
    """AST as DataParallel saved it: everything under "module.", the DeiT inside under "v."."""
    make = _Numbers(3)
    inner = _encoder(make, dim, patches, 12)
    inner["dist_token"] = make(1, 1, dim)
    inner["pos_embed"] = make(1, 2 + patches, dim)
    inner["norm.weight"], inner["norm.bias"] = make.norm(dim)
    for head in ("head", "head_dist"):  # ImageNet's, left over and unused
        inner |= {f"{head}.weight": make(1000, dim), f"{head}.bias": make(1000)}
    state = OrderedDict((f"module.v.{key}", value) for key, value in inner.items())
    norm = make.norm(dim)
    state["module.mlp_head.0.weight"], state["module.mlp_head.0.bias"] = norm
    state["module.mlp_head.1.weight"] = make(classes, dim)
    state["module.mlp_head.1.bias"] = make(classes)
    state._metadata = OrderedDict(
        {"": {"version": 1}, "module": {"version": 1}}
    )  # nn.Module.state_dict adds it
    return state


def pruned_audiomae_contents(*, frames: int = 512, classes: int = 50, dim: int = SMALL) -> dict:
    """What the paper's authors' fine-tuning saves: weights, optimiser, scaler and all of its arguments."""
    weight = torch.nn.Parameter(torch.zeros(3))
    optimizer = torch.optim.AdamW([weight], lr=1e-3)
    weight.grad = torch.ones(3)
    optimizer.step()
    return {
        "model": audiomae_state(frames=frames, classes=classes, dim=dim),
        "optimizer": optimizer.state_dict(),
        "epoch": 119,
        "scaler": {
            "scale": 65536.0,
            "growth_factor": 2.0,
            "backoff_factor": 0.5,
            "growth_interval": 2000,
            "_growth_tracker": 137,
        },
        "args": argparse.Namespace(
            base_keep_rate=0.7,
            drop_loc="(3, 6, 9)",
            shrink_start_epoch=20,
            output_dir=Path("/results/esc50"),
            lr=np.float64(5e-4),
            seed=np.int64(12),
            distributed=True,
            device="cuda",
            mask_t_prob=0.3,
            label_csv=None,
        ),
    }


def save(path: Path, contents: object, old_format: bool = False) -> Path:
    """torch.save, also as before torch 1.6."""
    torch.save(contents, path, _use_new_zipfile_serialization=not old_format)
    return path
