"""Clips that a command makes, one file each, with their numbers as seeds."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from tqdm import tqdm

from tpexplore.errors import UNREADABLE_JSON, InputError
from tpexplore.signal.decode import SAMPLE_RATE
from tpexplore.text import load_json
from tpexplore.writing import write_bytes, write_json
from training.system import parallel
from training.system.lock import lock_folder

NOTE = "made_of.json"
"""File beside the clips that records what they were made of."""

PEAKS = (0.1, 0.9)
"""Range of a clip's peak, which is drawn at random."""


def levelled(rng: np.random.Generator, samples: np.ndarray) -> np.ndarray:
    """Samples scaled to a random peak; a silent clip stays silent."""
    return samples * (rng.uniform(*PEAKS) / max(float(np.abs(samples).max()), 1e-6))


def write_clip(path: Path, samples: np.ndarray) -> None:
    """Write FLAC, whole or not at all."""
    encoded = io.BytesIO()
    soundfile.write(encoded, samples, SAMPLE_RATE, subtype="PCM_16", format="FLAC")
    write_bytes(path, encoded.getvalue())


def make_clips(
    folder: Path,
    count: int,
    kind: int,
    make: Callable[[np.random.Generator], np.ndarray],
    made_of: dict[str, object],
) -> None:
    """Write the clips 0 … ``count`` - 1 that ``folder`` lacks; under torchrun the processes share them.

    The seed of a clip is ``kind`` and its number, so that the same numbers give the same clips everywhere.

    Parameters
    ----------
    made_of : dict
        What the clips are made of, as JSON; it is recorded in the folder.

    Raises
    ------
    InputError
        If the folder holds clips that were made of something else, or another process has locked it.
    """
    folder.mkdir(parents=True, exist_ok=True)  # fails before any work if the place cannot be used
    lock = lock_folder(folder)  # released when this returns
    _note(folder, made_of)
    name = folder.resolve().name.lstrip(".")  # a clip whose name begins with a dot is hidden
    for number in tqdm(parallel.shard(count), desc=name, disable=not parallel.is_main()):
        path = folder / f"{name}{number:06d}.flac"
        if not path.exists():
            write_clip(path, make(np.random.default_rng((kind, number))))
    del lock


def _note(folder: Path, made_of: dict[str, object]) -> None:
    """Record what a folder's clips are made of, once; InputError if its record differs.

    A folder without a record comes from an earlier version: it gets one.
    """
    path = folder / NOTE
    try:
        same = not path.exists() or load_json(path) == made_of
    except UNREADABLE_JSON:
        same = False
    if not same:
        raise InputError(f"The clips in {folder} were made of something else; choose another folder.")
    if parallel.is_main() and not path.exists():
        write_json(path, made_of)
