"""Clips that a command makes, one file each, from their numbers."""

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
"""Beside the clips: what they were made of."""

PEAKS = (0.1, 0.9)
"""Between which a clip's highest sample is drawn."""


def levelled(rng: np.random.Generator, samples: np.ndarray) -> np.ndarray:
    """Samples whose highest has a drawn level; a silent clip stays silent."""
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
    """Write the clips 0 … ``count`` - 1 that are not in ``folder`` yet; under torchrun they are shared out.

    Each is drawn from ``kind`` and its own number, so that the same numbers give the same clips everywhere.

    Parameters
    ----------
    made_of : dict
        What the clips are made of, as JSON; it is noted in the folder.

    Raises
    ------
    InputError
        If the folder holds clips that were made of something else, or another process has it.
    """
    folder.mkdir(parents=True, exist_ok=True)  # a place that cannot be used is known before any work
    lock = lock_folder(folder)  # released when this returns
    _note(folder, made_of)
    name = folder.resolve().name.lstrip(".")  # a clip whose name begins with a dot is hidden
    for number in tqdm(parallel.shard(count), desc=name, disable=not parallel.is_main()):
        path = folder / f"{name}{number:06d}.flac"
        if not path.exists():
            write_clip(path, make(np.random.default_rng((kind, number))))
    del lock


def _note(folder: Path, made_of: dict[str, object]) -> None:
    """Write down what a folder's clips are made of, once; InputError if it is something else.

    A folder of clips without a note is one of an earlier version: it gets the note.
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
