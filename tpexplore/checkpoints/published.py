"""Published AudioMAE and AST checkpoints: their keys and normalisation, and how to refuse other models."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, cat, ones, zeros

from tpexplore.checkpoints.adapters import refuse_adapted
from tpexplore.checkpoints.files import Inert
from tpexplore.checkpoints.huggingface import (
    PREFIX,
    from_transformers,
    is_transformers,
    transformers_name,
)
from tpexplore.checkpoints.position_grid import Geometry, crop_positions, find_geometry, shorter
from tpexplore.errors import InputError
from tpexplore.model.plan import PREFIX_TOKENS
from tpexplore.signal.grid import PATCH
from tpexplore.signal.spectrogram import AUDIOSET_NORMALISATION, Padding

AUDIOSET_CLASSES = 527

AUDIOSET = AUDIOSET_NORMALISATION
ESC50, SPEECH_COMMANDS = (-6.6268077, 5.358466), (-6.845978, 5.5654526)
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
"""A number of classes that identifies the data decides before the frames; 0 is AudioSet pre-training."""

ENTRIES = ("model", "state_dict", "model_state_dict")
"""Keys of weights in files with an optimiser's state: of AudioMAE, Lightning, torch's tutorials."""
_POSITIONS = re.compile(rf"(.+?\.)??((v\.)?pos_embed|({re.escape(PREFIX)})?embeddings\.position_embeddings)")
"""The position grid's name in every form, behind the name of what the model is a part of."""

OTHER_ARCHITECTURES = {
    "PaSST": r"(^|\.)time_new_pos_embed$",
    "BEATs": r"\.grep_linear\.",
    "CAV-MAE": r"(^|\.)patch_embed_a\.",
    "EAT": r"(^|\.)modality_encoders\.",
    "HTS-AT": r"\.relative_position_bias_table$",
    "wav2vec 2.0 or one of its kin": r"(^|\.)feature_extractor\.conv_layers\.",
}
"""Other audio transformers, each by a key that it has and AudioMAE and AST have not."""

SSAST_TRAINING = ("mask_embed", "p_input_fdim", "p_input_tdim", "cpredlayer.", "gpredlayer.")
"""What SSAST's pre-training leaves beside the encoder, which is AST's."""


@dataclass(frozen=True)
class Official:
    """A published checkpoint with `AudioViT`'s names, and the settings that its weights imply."""

    family: str
    form: str  # whose names the file has: "audiomae", "ast" or "transformers"
    geometry: Geometry
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


def published_name(key: str, form: str) -> str:
    """What a published checkpoint calls the weight that `AudioViT` calls ``key``, for messages."""
    key = key.removeprefix("vit.")
    if form == "audiomae":
        return key
    if form == "transformers":
        return transformers_name(key)
    if key == "reg_token":
        return "v.dist_token"
    return f"mlp_{key}" if key.startswith("head.") else f"v.{key}"


def convert(contents: object, frames: int | None, geometry: Geometry | None = None) -> Official:
    """Read a published checkpoint's contents.

    Parameters
    ----------
    contents : object
        What the file holds: a state dict, or a dict with one under "model".
    frames : int or None
        Input frames; fewer than the checkpoint's crop its position grid as its own code does. None keeps
        the checkpoint's.
    geometry : Geometry, optional
        For weights saved by transformers, the geometry in the file beside them.

    Raises
    ------
    InputError
        If it is neither AudioMAE nor AST, or its patches or frames do not fit.
    """
    state, trained_pruned = _unwrap(contents)
    state = _without_wrapper(state)
    _refuse_others(state)
    form = "transformers" if is_transformers(state) else "ast" if "v.pos_embed" in state else "audiomae"
    family = "audiomae" if form == "audiomae" else "ast"
    state = {"transformers": from_transformers, "ast": _ast_names, "audiomae": _audiomae_names}[form](state)
    _check_embedding(state, form)
    head = "head.1.bias" if family == "ast" else "head.bias"
    pretrained = not any(key.startswith("head.") for key in state)
    if head not in state and not pretrained:
        raise InputError(f"it lacks {published_name(head, form)}")
    classes = 0 if pretrained else state[head].numel()
    patches = max(0, state["pos_embed"].shape[1] - PREFIX_TOKENS[family])
    if geometry and form == "transformers":
        own = _checked(geometry, patches)
    else:
        own = find_geometry(patches, family, classes, frames)
    read = own if frames is None else shorter(own, frames)
    state["pos_embed"] = crop_positions(state["pos_embed"], family, own.grid, read.grid)
    if family == "ast":
        state = ast_to_time_major(state, own.grid.rows)
    blocks = {int(m[1]) for key in state if (m := re.match(r"blocks\.(\d+)\.", key))}
    return Official(
        family=family,
        form=form,
        geometry=read,
        dim=state["pos_embed"].shape[2],
        depth=len(blocks),  # a gap in the numbers shows later, as a key that is missing
        classes=classes,
        # The upstream projects padded raw log-mel with 0; the paper's own fine-tuning with the minimum.
        pad="min" if trained_pruned else "zero",
        state={k if family == "ast" and k.startswith("head.") else f"vit.{k}": v for k, v in state.items()},
    )


def _refuse_others(state: Mapping[str, Tensor]) -> None:
    refuse_adapted(state)
    for name, key in OTHER_ARCHITECTURES.items():
        if any(re.search(key, own) for own in state):
            raise InputError(f"it holds {name}; expected AudioMAE or AST")


def _check_embedding(state: Mapping[str, Tensor], form: str) -> None:
    for key in ("pos_embed", "patch_embed.proj.weight"):
        if key not in state:
            raise InputError(f"it lacks {published_name(key, form)}; expected an AudioMAE or AST checkpoint")
    shape = tuple(state["patch_embed.proj.weight"].shape)
    if shape[1:] != (1, PATCH, PATCH):
        kind = ", as SSAST's with frames for patches" if shape[1:] == (1, 128, 2) else ""
        raise InputError(f"its patch kernel has shape {shape}{kind}; expected (width, 1, {PATCH}, {PATCH})")
    shape = tuple(state["pos_embed"].shape)
    if len(shape) != 3 or shape[0] != 1:
        name = published_name("pos_embed", form)
        raise InputError(f"its {name} has shape {shape}; expected (1, prefix + patches, width)")


def _checked(geometry: Geometry, patches: int) -> Geometry:
    """A geometry that a file beside the weights names, or InputError if the weights disagree."""
    grid = geometry.grid
    if grid.patches != patches:
        raise InputError(
            f"its config.json means {grid.patches} patches ({geometry.frames} frames, strides"
            f" {geometry.mel_stride} and {geometry.time_stride}), but its position grid has {patches}"
        )
    return geometry.without_margin if geometry.time_stride == PATCH else geometry


def _unwrap(contents: object) -> tuple[dict[str, Tensor], bool]:
    """The state dict inside, and whether it comes from the paper's pruned fine-tuning."""
    trained_pruned = False
    if isinstance(contents, Mapping):
        arguments = contents.get("args")
        trained_pruned = isinstance(arguments, Inert) and "base_keep_rate" in vars(arguments)
        contents = next((contents[e] for e in ENTRIES if isinstance(contents.get(e), Mapping)), contents)
    if not isinstance(contents, Mapping):
        raise InputError("it holds no state dict")
    tensors = {k: v for k, v in contents.items() if isinstance(k, str) and isinstance(v, Tensor)}
    return tensors, trained_pruned


def _without_wrapper(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights by the names that they have in the model itself.

    torch's DataParallel and torch.compile put "module." and "_orig_mod." before them, a LightningModule
    or a larger model the name of its own part.
    """
    wrappers = {match[1] or "" for key in state if (match := _POSITIONS.fullmatch(key))}
    if len(wrappers) != 1:
        return state
    return {key.removeprefix(*wrappers): value for key, value in state.items()}


def _ast_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    renamed = {}
    for key, value in state.items():
        # DeiT's ImageNet heads, unused, and what SSAST needs for pre-training alone.
        if key.startswith(("v.head.", "v.head_dist.", *SSAST_TRAINING)):
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
    state["pos_embed"] = cat([pos[:, :prefix], grid], dim=1)
    return state
