"""Clips that a command makes, one file each, from their numbers."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from tqdm import tqdm

from tpexplore.signal.decode import SAMPLE_RATE
from tpexplore.writing import write_bytes
from training.system import parallel

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
    folder: Path, count: int, kind: int, make: Callable[[np.random.Generator], np.ndarray]
) -> None:
    """Write the clips 0 … ``count`` - 1 that are not in ``folder`` yet; under torchrun they are shared out.

    Each is drawn from ``kind`` and its own number, so that the same numbers give the same clips everywhere.
    """
    folder.mkdir(parents=True, exist_ok=True)  # a place that cannot be used is known before any work
    for number in tqdm(parallel.shard(count), desc=folder.name, disable=not parallel.is_main()):
        path = folder / f"{folder.name}{number:06d}.flac"
        if not path.exists():
            write_clip(path, make(np.random.default_rng((kind, number))))
