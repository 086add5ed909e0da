"""Weights on disk: safetensors with int8 rows, and PyTorch files read without running their code."""

from __future__ import annotations

import hashlib
import json
import pickle
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from .errors import InputError

SCALE = ".row_scale"


class Inert:
    """Stands in for every class or function a PyTorch file names that is not plain tensor data.

    The paper authors' checkpoints carry an argparse.Namespace; optimiser states may carry more. Their
    attributes are kept, their code never runs.
    """

    def __init__(self, *_args: object):
        pass


def read_torch_file(path: Path) -> object:
    """Contents of a .pth file, tensors and plain containers; anything else becomes `Inert`.

    Raises
    ------
    InputError
        If the file is no PyTorch file, or calls on a module that may touch the system.
    """
    try:
        try:
            strangers = torch.serialization.get_unsafe_globals_in_checkpoint(path)
        except ValueError:  # the format before torch 1.6 cannot be listed; it loads if it is plain
            strangers = []
        with torch.serialization.safe_globals([(Inert, name) for name in strangers]):
            return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, TypeError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError(f"{path.name} cannot be read as a PyTorch checkpoint: {reason}") from error


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors of a .safetensors file, int8 rows expanded to float32, and its metadata."""
    try:
        with safe_open(path, framework="pt") as file:
            stored = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
            metadata = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path.name} cannot be read as a safetensors file: {error}") from error
    scales = {key.removesuffix(SCALE): stored.pop(key) for key in [*stored] if key.endswith(SCALE)}
    return {key: _expand(value, scales.get(key)) for key, value in stored.items()}, metadata


def write_safetensors(path: Path, state: dict[str, Tensor], config: dict) -> None:
    """Save weights: matrices as int8 with one scale per row, all else as float32.

    A row is rounded to 1/127 of its largest entry, so a 5.4 M model takes 5.5 MB.
    """
    stored = {}
    for key, value in state.items():
        value = value.detach().float().cpu()
        if value.ndim < 2 or value.shape[0] == 1:  # vectors, tokens and position grids
            stored[key] = value.contiguous()
            continue
        rows = value.flatten(1)
        scale = rows.abs().amax(1).clamp(min=1e-12) / 127
        stored[key] = (rows / scale[:, None]).round().to(torch.int8).reshape(value.shape).contiguous()
        stored[key + SCALE] = scale
    save_file(stored, path, metadata={"format": "tpexplore", "config": json.dumps(config)})


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _expand(value: Tensor, scale: Tensor | None) -> Tensor:
    if scale is None:
        return value.float()
    return value.float() * scale.reshape(-1, *[1] * (value.ndim - 1))
