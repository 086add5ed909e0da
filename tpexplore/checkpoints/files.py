"""Weights on disk: safetensors with int8 rows, and PyTorch files read without running their code."""

from __future__ import annotations

import hashlib
import json
import pickletools
import warnings
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from tpexplore.errors import InputError
from tpexplore.writing import write_bytes

SCALE = ".row_scale"
FORMAT = "tpexplore"
"""Marks a safetensors file written here, in its metadata."""

SYSTEM_MODULES = ("os", "posix", "nt", "sys")
"""Modules that torch refuses by name, even with a replacement."""


class Inert:
    """Stands in for every class or function a PyTorch file names that is not plain tensor data.

    The paper authors' checkpoints carry an argparse.Namespace; optimiser states may carry more. Their
    attributes are kept, their code never runs.
    """

    def __init__(self, *_args: object):
        pass

    def __setstate__(self, state: object):
        # Other states (a tuple for NumPy's dtypes, which every NumPy scalar brings) hold nothing of use.
        if isinstance(state, dict):
            self.__dict__.update(state)


def read_torch_file(path: Path) -> object:
    """Contents of a .pth file, tensors and plain containers; anything else becomes `Inert`.

    Raises
    ------
    InputError
        If the file is not a PyTorch file, or calls a module that may touch the system.
    """
    try:
        strangers = _strangers(path)
        for name in strangers:
            if name.split(".")[0] in SYSTEM_MODULES:
                raise InputError(
                    f"{path.name} calls {name}; expected a checkpoint of weights and settings only."
                )
        with (
            torch.serialization.safe_globals([(Inert, name) for name in strangers]),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")  # about the file's format, which is settled below
            return torch.load(path, map_location="cpu", weights_only=True)
    except InputError:
        raise
    except Exception as error:  # a damaged file fails in many ways, and torch's advice is to trust it
        raise InputError(
            f"{path.name} cannot be read as a PyTorch checkpoint;"
            " expected a complete file of tensors and plain values, as torch.save writes it."
        ) from error


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors of a .safetensors file, int8 rows expanded to float32, and its metadata."""
    try:
        with safe_open(path, framework="pt") as file:
            stored = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
            metadata = file.metadata() or {}
        scales = {key.removesuffix(SCALE): stored.pop(key) for key in [*stored] if key.endswith(SCALE)}
        return {key: _expand(value, scales.get(key)) for key, value in stored.items()}, metadata
    except Exception as error:  # the header, a type torch lacks, a scale that does not fit its rows
        raise InputError(
            f"{path.name} cannot be read as a safetensors file; expected a complete one."
        ) from error


def write_safetensors(path: Path, state: dict[str, Tensor], config: dict) -> None:
    """Write weights to a file, see `safetensors_of`."""
    write_bytes(path, safetensors_of(state, config))


def safetensors_of(state: dict[str, Tensor], config: dict, most_bytes: int | None = None) -> bytes:
    """A file of weights: matrices as int8 with one scale per row, all else as float32.

    A row is rounded to 1/127 of its largest entry, so a 5.4 M model takes 5.5 MB.

    Raises
    ------
    InputError
        If it would take more than ``most_bytes``.
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
    content = save(stored, metadata={"format": FORMAT, "config": json.dumps(config)})
    if most_bytes is not None and len(content) > most_bytes:
        raise InputError(f"The weights would take {len(content):,} bytes; expected at most {most_bytes:,}.")
    return content


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _strangers(path: Path) -> list[str]:
    """Classes and functions that a PyTorch file names beyond torch's own, without loading it."""
    try:
        return torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except ValueError:
        # The format before torch 1.6: magic number, version, system and contents, one pickle each. Torch's
        # own names are among these, and stay torch's.
        with path.open("rb") as file:
            operations = [op for _ in range(4) for op in pickletools.genops(file)]
        return sorted({arg.replace(" ", ".") for op, arg, _ in operations if op.name == "GLOBAL"})


def _expand(value: Tensor, scale: Tensor | None) -> Tensor:
    if scale is None:
        # Values that are not floating-point keep their type, which is refused later. A copy: the tensors are
        # parts of the file, and a file that is overwritten would change the model.
        return value.to(torch.float32 if value.is_floating_point() else value.dtype, copy=True)
    return value.float() * scale.reshape(-1, *[1] * (value.ndim - 1))
