"""Published AudioMAE and AST checkpoints: their keys, prefixes, position grids and normalisation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, cat, ones, zeros

from tpexplore.checkpoints.files import Inert
from tpexplore.errors import InputError
from tpexplore.model.plan import PREFIX_TOKENS
from tpexplore.model.vit import ast_to_time_major
from tpexplore.signal.spectrogram import PATCH, ROWS, Padding

AUDIOSET_CLASSES = 527

OVERLAPPED_ROWS = 12
"""Patch rows of the AST checkpoints whose patches overlap (stride 10), against 8 of those read here."""

LONGEST_FRAMES = 1024
"""Input frames of the longest published checkpoints, and the most that either family's code takes."""

AUDIOSET, ESC50, SPEECH_COMMANDS = (-4.2677393, 4.5689974), (-6.6268077, 5.358466), (-6.845978, 5.5654526)
VOXCELEB = (-6.370, 3.074)
NORMALISATION = {1024: AUDIOSET, 512: ESC50, 128: SPEECH_COMMANDS}
"""Mean and std by input frames: AudioSet, ESC-50 and Speech Commands, as published with both models."""
NORMALISATION_BY_CLASSES = {
    0: AUDIOSET,
    AUDIOSET_CLASSES: AUDIOSET,
    50: ESC50,
    35: SPEECH_COMMANDS,
    1251: VOXCELEB,
}
"""Where the classes tell the data, they say more than the frames; 0 is pre-training, on AudioSet."""


@dataclass(frozen=True)
class Official:
    """A published checkpoint in `AudioViT`'s names, with what its weights tell of it."""

    family: str
    frames: int
    dim: int
    depth: int
    classes: int  # 0 where there is only an encoder
    pad: Padding
    state: dict[str, Tensor]


def usual_normalisation(frames: int, classes: int) -> tuple[float, float]:
    """Published mean and std of the data that a checkpoint of this size was trained on.

    A checkpoint cropped to fewer frames still expects what it was trained with, so AudioSet's 527
    classes mean AudioSet's values at 512 frames too.
    """
    return NORMALISATION_BY_CLASSES.get(classes) or NORMALISATION.get(frames, AUDIOSET)


def published_name(key: str, family: str) -> str:
    """What a published checkpoint calls the weight that `AudioViT` calls ``key``, for messages."""
    key = key.removeprefix("vit.")
    if family == "audiomae":
        return key
    if key == "reg_token":
        return "v.dist_token"
    return f"mlp_{key}" if key.startswith("head.") else f"v.{key}"


def convert(contents: object, frames: int | None) -> Official:
    """Read a published checkpoint's contents.

    Parameters
    ----------
    contents : object
        What the file holds: a state dict, or a dict with one under "model".
    frames : int or None
        Input frames wanted; fewer than the checkpoint's crop its position grid the way its own code
        does. None keeps the checkpoint's.

    Raises
    ------
    InputError
        If it is neither AudioMAE nor AST, or its patches or frames do not fit.
    """
    state, trained_pruned = _unwrap(contents)
    state = {key.removeprefix("module."): value for key, value in state.items()}
    family = "ast" if "v.pos_embed" in state else "audiomae"
    state = _ast_names(state) if family == "ast" else _audiomae_names(state)
    for key in ("pos_embed", "patch_embed.proj.weight"):
        if key not in state:
            raise InputError(f"it lacks {key}; expected an AudioMAE or AST checkpoint")
    if tuple(state["patch_embed.proj.weight"].shape[1:]) != (1, PATCH, PATCH):
        shape = tuple(state["patch_embed.proj.weight"].shape)
        raise InputError(f"its patch kernel has shape {shape}; expected (width, 1, {PATCH}, {PATCH})")
    if state["pos_embed"].ndim != 3 or state["pos_embed"].shape[0] != 1:
        shape = tuple(state["pos_embed"].shape)
        raise InputError(f"its pos_embed has shape {shape}; expected (1, prefix + patches, width)")
    state["pos_embed"] = _crop_positions(state["pos_embed"], family, frames)
    if family == "ast":
        state = ast_to_time_major(state, ROWS)
    dim = state["pos_embed"].shape[2]
    head = "head.1.bias" if family == "ast" else "head.bias"
    pretrained = family == "audiomae" and not any(key.startswith("head.") for key in state)
    if head not in state and not pretrained:
        raise InputError(f"it lacks {published_name(head, family)}")
    blocks = {int(m[1]) for key in state if (m := re.match(r"blocks\.(\d+)\.", key))}
    return Official(
        family=family,
        frames=(state["pos_embed"].shape[1] - PREFIX_TOKENS[family]) // ROWS * PATCH,
        dim=dim,
        depth=len(blocks),  # a gap in the numbers shows later, as a key that is missing
        classes=0 if pretrained else state[head].numel(),
        # The upstream projects padded raw log-mel with 0; the paper's own fine-tuning with the minimum.
        pad="min" if trained_pruned else "zero",
        state={k if family == "ast" and k.startswith("head.") else f"vit.{k}": v for k, v in state.items()},
    )


def _unwrap(contents: object) -> tuple[dict[str, Tensor], bool]:
    """The state dict inside, and whether it comes from the paper's pruned fine-tuning."""
    trained_pruned = False
    if isinstance(contents, Mapping) and isinstance(contents.get("model"), Mapping):
        arguments = contents.get("args")
        trained_pruned = isinstance(arguments, Inert) and "base_keep_rate" in vars(arguments)
        contents = contents["model"]
    if not isinstance(contents, Mapping):
        raise InputError("it holds no state dict")
    tensors = {k: v for k, v in contents.items() if isinstance(k, str) and isinstance(v, Tensor)}
    return tensors, trained_pruned


def _ast_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    renamed = {}
    for key, value in state.items():
        if key.startswith(("v.head.", "v.head_dist.")):  # DeiT's ImageNet heads, unused
            continue
        if key == "v.dist_token":
            key = "v.reg_token"
        renamed[key.removeprefix("v.").replace("mlp_head.", "head.")] = value
    return renamed


def _audiomae_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    state = {k: v for k, v in state.items() if k != "mask_token" and not k.startswith("decoder_")}
    if "fc_norm.weight" not in state and "norm.weight" in state:
        # Fine-tuning starts fc_norm at identity and discards the encoder's final norm.
        dim = state.pop("norm.weight").numel()
        state.pop("norm.bias", None)
        state |= {"fc_norm.weight": ones(dim), "fc_norm.bias": zeros(dim)}
    return state


def _crop_positions(pos: Tensor, family: str, frames: int | None) -> Tensor:
    """Fit the position grid to fewer frames, each family's documented way.

    AudioMAE views its grid as (8, columns) although its tokens lie (columns, 8), and takes the first
    columns of that view; AST takes the centre columns of its (8, columns) grid.
    """
    prefix = PREFIX_TOKENS[family]
    patches = pos.shape[1] - prefix
    if patches <= 0 or patches % ROWS:
        raise InputError(f"its position grid has {patches} patches; expected a multiple of {ROWS}")
    columns = patches // ROWS
    if columns * PATCH > LONGEST_FRAMES:
        raise InputError(
            f"its position grid has {patches} patches; expected at most {LONGEST_FRAMES // PATCH * ROWS}"
        )
    if family == "ast" and patches % OVERLAPPED_ROWS == 0 and frames != columns * PATCH:
        # AST's published Speech Commands checkpoint is one: 12 × 12 patches would pass for 8 × 18.
        raise InputError(
            f"its {patches} patches may lie in {OVERLAPPED_ROWS} rows of stride 10, which is unsupported;"
            f" give frames = {columns * PATCH} if they are {ROWS} rows of stride {PATCH}"
        )
    if frames is None or frames == columns * PATCH:
        return pos
    wanted = frames // PATCH
    if frames % PATCH or not 0 < wanted < columns:
        raise InputError(
            f"frames = {frames} does not fit; expected a multiple of {PATCH} up to {columns * PATCH}"
        )
    grid = pos[:, prefix:].unflatten(1, (ROWS, columns))
    start = columns // 2 - wanted // 2 if family == "ast" else 0
    return cat([pos[:, :prefix], grid[:, :, start : start + wanted].flatten(1, 2)], dim=1)
