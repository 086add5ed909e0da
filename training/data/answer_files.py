"""A tagger's answers on disk: arrays in parts, then joined; errors name the damaged file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tpexplore.checkpoints.labels import audioset_labels
from tpexplore.errors import InputError
from tpexplore.writing import whole_file

KINDS = ("logits", "embeddings")


def write_part(path: Path, answers: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """Write the answers to some clips."""
    with whole_file(path) as file:
        np.savez(file, **dict(zip(KINDS, map(np.array, zip(*answers, strict=True)), strict=True)))


def read_part(path: Path, clips: int) -> dict[str, np.ndarray]:
    """Arrays of a part, by kind.

    Raises
    ------
    InputError
        If a file is damaged.
    """
    try:
        with np.load(path) as part:
            arrays = {kind: part[kind] for kind in KINDS}
    except Exception as error:  # NumPy and zipfile raise many kinds
        raise damaged(path, "cannot be read") from error
    for kind in KINDS:
        _check_array(path, kind, arrays[kind], clips)
    return arrays


def join_parts(target: Path, clips: dict[Path, int]) -> None:
    """Join parts into one file for each kind of answer; ``clips`` has the number of clips of each part."""
    parts = {path: read_part(path, count) for path, count in clips.items()}
    first = next(iter(parts.values()))
    for path, part in parts.items():
        if (width := part["embeddings"].shape[1]) != (expected := first["embeddings"].shape[1]):
            raise damaged(path, f"has embeddings of {width} numbers, the first part of {expected}")
    for kind in KINDS:
        with whole_file(target / f"{kind}.npy") as file:
            np.save(file, np.concatenate([part[kind] for part in parts.values()]))


def read_joined(folder: Path) -> tuple[np.ndarray, ...]:
    """Logits and embeddings of all clips, memory-mapped.

    Raises
    ------
    InputError
        If a file is damaged.
    """
    arrays: list[np.ndarray] = []
    for kind in KINDS:
        path = folder / f"{kind}.npy"
        try:
            array = np.load(path, mmap_mode="r")
        except Exception as error:  # no array, or a file cut short
            raise damaged(path, "cannot be read") from error
        if not isinstance(array, np.ndarray):
            raise damaged(path, "holds several arrays, expected one")
        _check_array(path, kind, array, len(arrays[0]) if arrays else None)
        arrays.append(array)
    return tuple(arrays)


def _check_array(path: Path, kind: str, array: np.ndarray, clips: int | None) -> None:
    """Raise InputError unless an array holds finite numbers for ``clips`` clips, or any number if None."""
    is_right = array.dtype == np.float16 and array.ndim == 2 and clips in (None, len(array))
    if not is_right or (kind == "logits" and array.shape[1] != len(audioset_labels())):
        rows = "one row" if clips is None else f"{clips} rows"
        wide = f" of {len(audioset_labels())}" if kind == "logits" else ""
        has = f"has {kind} of type {array.dtype} and shape {array.shape}"
        raise damaged(path, f"{has}, expected float16 and {rows}{wide}" + " for each clip" * (clips is None))
    if not np.isfinite(array).all():
        raise damaged(path, f"has NaN or infinity in its {kind}")


def damaged(path: Path, fault: str) -> InputError:
    """The error for a damaged file of answers."""
    what = path if path.parent.name == "parts" else path.parent
    return InputError(
        f"{path} is damaged: it {fault}; delete {what} and run python -m training.answers again."
    )
