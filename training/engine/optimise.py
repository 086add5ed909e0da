"""Optimisers and learning-rate schedules."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import torch
from torch import nn

from training.engine.muon import Muon
from training.recipes.settings import Optimiser, Schedule

_BLOCK = re.compile(r"(?:^|\.)blocks\.(\d+)\.")
_BEFORE_BLOCKS = ("patch_embed", "pos_embed", "cls_token", "reg_token", "mask_token")


def optimisers_for(modules: Sequence[nn.Module], recipe: Optimiser) -> list[torch.optim.Optimizer]:
    """One AdamW or Adam for everything, or Muon for the matrices inside blocks and AdamW for the rest.

    Muon orthogonalises each step of a matrix, scaled so that one learning rate serves both.
    Vectors, tokens and positions get no weight decay. Every group's "scale" is its share of the learning
    rate.
    """
    matrices: dict[float, list[nn.Parameter]] = {}
    decayed: dict[float, list[nn.Parameter]] = {}
    plain: dict[float, list[nn.Parameter]] = {}
    for module in modules:
        depth = 1 + max(
            (int(m[1]) for name, _ in module.named_parameters() if (m := _BLOCK.search(name))), default=-1
        )
        for name, parameter in module.named_parameters():
            if not parameter.requires_grad:
                continue
            scale = layer_scale(name, depth, recipe.layer_decay)
            vector = parameter.ndim < 2 or "pos_embed" in name or "token" in name
            muon = recipe.kind == "muon" and parameter.ndim == 2 and _BLOCK.search(name) and not vector
            kind = matrices if muon else plain if vector else decayed
            kind.setdefault(scale, []).append(parameter)

    def groups(kind: dict[float, list[nn.Parameter]], weight_decay: float) -> list[dict]:
        return [{"params": p, "weight_decay": weight_decay, "scale": s} for s, p in kind.items()]

    usual = torch.optim.Adam if recipe.kind == "adam" else torch.optim.AdamW
    adam = usual(
        groups(decayed, recipe.weight_decay) + groups(plain, 0.0), lr=recipe.lr, betas=tuple(recipe.betas)
    )
    if not matrices:
        return [adam]
    return [Muon(groups(matrices, recipe.weight_decay), lr=recipe.lr), adam]


def layer_scale(name: str, depth: int, decay: float) -> float:
    """Share of the learning rate of one parameter under layer decay [BEiT; AudioMAE].

    The classifier has 1, the last block ``decay``, and so on down to the patch embedding.
    """
    if decay == 1:
        return 1.0
    if match := _BLOCK.search(name):
        level = int(match[1]) + 1
    else:
        level = 0 if any(part in name for part in _BEFORE_BLOCKS) else depth + 1
    return decay ** (depth + 1 - level)


def learning_rate(step: int, steps: int, steps_per_epoch: int, peak: float, schedule: Schedule) -> float:
    """Learning rate of one step, counted from 0."""
    warmup = round(schedule.warmup_epochs * steps_per_epoch) + schedule.warmup_steps
    if step < warmup:
        return peak * (step + 1) / warmup
    if schedule.kind == "multistep":
        epoch = step / steps_per_epoch
        passed = 0 if epoch < schedule.start else 1 + math.floor((epoch - schedule.start) / schedule.every)
        return peak * schedule.gamma**passed
    share = 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))
    return schedule.min_lr + (peak - schedule.min_lr) * share
