"""Datasets in their own folder layouts, as lists of labelled clips with a split."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

from tpexplore.errors import InputError
from training.data.datasets.audioset import audioset
from training.data.datasets.base import Dataset, Item
from training.data.datasets.dspspeech20 import dspspeech20
from training.data.datasets.esc50 import esc50
from training.data.datasets.folders import folders
from training.data.datasets.recordings import recordings
from training.data.datasets.speech_commands import speech_commands
from training.data.datasets.urbansound8k import urbansound8k
from training.data.datasets.voxceleb import voxceleb

__all__ = ["DATASETS", "Dataset", "Item", "load_dataset"]

DATASETS: dict[str, Callable[..., Dataset]] = {
    "audioset": audioset,
    "dspspeech20": dspspeech20,
    "esc50": esc50,
    "folders": folders,
    "recordings": recordings,
    "speech_commands": speech_commands,
    "urbansound8k": urbansound8k,
    "voxceleb": voxceleb,
}


def load_dataset(name: str, root: Path, **options: object) -> Dataset:
    """The named dataset under ``root``; ``options`` are the keywords of its parser.

    Raises
    ------
    InputError
        If the dataset or an option is unknown, or if something is missing under ``root``.
    """
    if name not in DATASETS:
        raise InputError(f"Dataset {name!r} is unknown; expected one of {', '.join(DATASETS)}.")
    if not root.is_dir():
        raise InputError(f"{root} is not a folder; expected the {name} dataset there.")
    parse = DATASETS[name]
    takes = set(inspect.signature(parse).parameters) - {"root"}
    if unknown := set(options) - takes:
        known = ", ".join(sorted(takes)) or "none"
        raise InputError(f"{name} has no option {', '.join(sorted(unknown))}; it takes {known}.")
    return parse(root, **options)
