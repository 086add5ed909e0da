"""Log-mel features of a dataset, or of several joined, as training reads them from disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tpexplore.errors import InputError
from tpexplore.signal.spectrogram import MEL_BINS
from training.data.front_ends import EARLIER
from training.data.index_file import PER_CLIP, damaged, read_index
from training.data.joined_pictures import JoinedPictures


@dataclass(frozen=True)
class Features:
    """Log-mel pictures before normalisation, of one dataset or of several joined.

    Attributes
    ----------
    mel : (clips, frames, 128) float16
        Padded with each clip's minimum; memory-mapped from one or several datasets' files.
    lengths : (clips,) int
        Frames before padding.
    targets : (clips, classes) bool
    splits, sources, files : lists of str
    meta : dict
        "dataset", "task", "split", "class_names", "frames", "multilabel", "attribution", … and, by the name
        of the features, "keys" of what they were made of and "list_keys" of their list of clips alone.
    """

    mel: np.ndarray | JoinedPictures
    lengths: np.ndarray
    targets: np.ndarray
    splits: list[str]
    sources: list[str]
    files: list[str]
    meta: dict

    @property
    def labels(self) -> np.ndarray:
        """Class of every clip, (clips,), of a dataset that is not multi-label."""
        return self.targets.argmax(1)

    @property
    def keys(self) -> dict[str, str]:
        """Content key of every dataset in here, by the name of its features."""
        return self.meta.get("keys", {})

    @property
    def list_keys(self) -> dict[str, str]:
        """Keys of the lists of clips; cards of the first edition have only these."""
        return self.meta.get("list_keys", {})

    def indices(self, split: str) -> np.ndarray:
        return np.flatnonzero(np.array(self.splits) == split)


def read_features(folder: Path) -> Features:
    """Open features made by `training.features`.

    Raises
    ------
    InputError
        If there are none, if an earlier version made them, or if they are damaged.
    """
    if not (folder / "index.json").is_file():
        raise InputError(f"{folder} holds no finished features; run python -m training.features first.")
    index = read_index(folder)
    if index["front_end"] in EARLIER:
        raise InputError(
            f"{folder} was made by an earlier version, which decoded some files differently;"
            " make the features again with python -m training.features."
        )
    mel = _read_pictures(folder, len(index["files"]), index["frames"])
    digest = index.pop("sha256", None)
    if digest and digest != digest_of(mel, index):
        raise damaged(folder, "mel.npy or index.json was changed afterwards")
    lengths, labels, splits, sources, files = (index.pop(name) for name in PER_CLIP)
    meta, mel = index, mel[: len(files)]
    targets = np.zeros((len(labels), len(meta["class_names"])), dtype=bool)
    for row, classes in enumerate(labels):
        targets[row, classes] = True
    name = folder.resolve().name
    list_key = short_hash([files, labels, splits, meta["class_names"], meta["frames"]])
    # Features of the first edition carry no key; their list of clips stands in for it.
    meta["keys"] = {name: meta.pop("key", None) or list_key}
    meta["list_keys"] = {name: list_key}
    return Features(mel, np.array(lengths), targets, splits, sources, files, meta)


def _read_pictures(folder: Path, clips: int, frames: int) -> np.ndarray:
    """mel.npy, memory-mapped; the first edition left unused rows at its end."""
    try:
        mel = np.load(folder / "mel.npy", mmap_mode="r")
    except FileNotFoundError as error:
        raise damaged(folder, "mel.npy is missing") from error
    except OSError:
        raise
    except Exception as error:  # from NumPy, zipfile or the header's parser
        raise damaged(folder, "mel.npy is cut short or is no array") from error
    if not isinstance(mel, np.ndarray):
        raise damaged(folder, "mel.npy holds several arrays, expected one")
    if mel.dtype != np.float16 or mel.shape[1:] != (frames, MEL_BINS) or len(mel) < clips:
        expected = f"float16 of shape {(clips, frames, MEL_BINS)}"
        raise damaged(folder, f"mel.npy holds {mel.dtype} of shape {mel.shape}, expected {expected}")
    return mel


def common_frames(several: Sequence[Features]) -> int:
    """Number of frames per clip in all these features; InputError if they differ."""
    if len(sizes := {features.meta["frames"] for features in several}) > 1:
        raise InputError(f"The features have {sorted(sizes)} frames; expected all the same.")
    return sizes.pop()


def join_features(several: list[Features]) -> Features:
    """The training splits of several datasets as one, for pre-training; classes stand side by side."""
    if len(several) == 1:
        return several[0]
    frames = common_frames(several)
    rows = [f.indices("train") for f in several]
    width = sum(f.targets.shape[1] for f in several)
    targets, offset = [], 0
    for f, train in zip(several, rows, strict=True):
        wide = np.zeros((len(train), width), dtype=bool)
        wide[:, offset : offset + f.targets.shape[1]] = f.targets[train]
        targets.append(wide)
        offset += f.targets.shape[1]
    chosen = list(zip(several, rows, strict=True))
    meta = {
        "dataset": " + ".join(f.meta["dataset"] for f in several),
        "class_names": [name for f in several for name in f.meta["class_names"]],
        "frames": frames,
        "attribution": "; ".join(f.meta["attribution"] for f in several),
        **_joined_keys(several),
    }
    return Features(
        JoinedPictures([f.mel for f in several], rows),
        np.concatenate([f.lengths[train] for f, train in chosen]),
        np.concatenate(targets),
        ["train"] * sum(map(len, rows)),
        [f.sources[row] for f, train in chosen for row in train],
        [f.files[row] for f, train in chosen for row in train],
        meta,
    )


def add_unlabelled(first: Features, others: list[Features]) -> Features:
    """All clips of ``first``, then the training clips of the others without labels."""
    several = (first, *others)
    common_frames(several)
    added = [(f, f.indices("train")) for f in others]
    count = sum(len(rows) for _, rows in added)
    unlabelled = np.zeros((count, first.targets.shape[1]), dtype=bool)
    about = {
        "dataset": " + ".join(f.meta["dataset"] for f in several),
        "attribution": "; ".join(dict.fromkeys(f.meta["attribution"] for f in several)),
        **_joined_keys(several),
    }
    return Features(
        JoinedPictures([f.mel for f in several], [np.arange(len(first.files)), *(rows for _, rows in added)]),
        np.concatenate([first.lengths, *(f.lengths[rows] for f, rows in added)]),
        np.concatenate([first.targets, unlabelled]),
        first.splits + ["train"] * count,
        first.sources + [f.sources[row] for f, rows in added for row in rows],
        first.files + [f.files[row] for f, rows in added for row in rows],
        first.meta | about,
    )


def _joined_keys(several: Sequence[Features]) -> dict[str, dict[str, str]]:
    """Entries of ``meta`` that name what several features were made of."""
    return {
        "keys": {name: key for f in several for name, key in f.keys.items()},
        "list_keys": {name: key for f in several for name, key in f.list_keys.items()},
    }


def short_hash(content: object) -> str:
    """SHA-256 of plain values, cut to twelve hexadecimal digits."""
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:12]


def digest_of(mel: np.ndarray, index: dict) -> str:
    """SHA-256 of pictures and their index, to detect features that were changed afterwards."""
    digest = hashlib.sha256(json.dumps(index, sort_keys=True).encode())
    for picture in mel:
        digest.update(picture.tobytes())
    return digest.hexdigest()
