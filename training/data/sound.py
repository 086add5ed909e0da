"""The sound that features were made of, read again from a dataset's folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tpexplore.errors import InputError
from tpexplore.signal.decode import SAMPLE_RATE, load_audio
from tpexplore.signal.spectrogram import fit_frames, log_mel, samples_for
from training.data.datasets.base import all_audio_files, clip_name
from training.data.features import Features

TOLERANCE = 0.05
"""How far half of a clip's log-mel values may be from its features: those are kept in half precision, and
where a codec left nothing, another machine decodes other rounding errors."""


def read_sound(paths: Iterable[Path], start: float, frames: int) -> np.ndarray:
    """Samples of a clip: its files from ``start`` seconds on, joined, no more than a model reads.

    Not the loudest part, which `tpexplore.signal.excerpt` chooses of a person's file: a dataset says itself
    where its clips begin, and most of its files are no longer than what a model reads.
    """
    samples = samples_for(frames)
    parts = [load_audio(path, offset=start, duration=samples / SAMPLE_RATE) for path in paths]
    return np.concatenate(parts)[:samples]


class Sounds:
    """The clips of some features as sound.

    Parameters
    ----------
    features : Features
    folder : Path
        Holds the files, at any depth.

    Examples
    --------
    >>> Sounds(features, Path("ESC-50-master")).read(row)
    """

    def __init__(self, features: Features, folder: Path):
        self.features, self.folder = features, folder
        self.paths: dict[str, list[Path]] = {}
        for path in all_audio_files(folder):
            self.paths.setdefault(clip_name(path), []).append(path)

    def read(self, row: int) -> np.ndarray:
        """Samples of a clip at 16 kHz: (n,) float32.

        Raises
        ------
        InputError
            If its files are not in the folder, or are not what the features were made of.
        """
        name, frames = self.features.files[row], self.features.meta["frames"]
        located = [self._locate(part) for part in name.split("+")]
        samples = read_sound([path for path, _ in located], located[0][1], frames)
        length = int(self.features.lengths[row])
        picture = fit_frames(log_mel(samples), frames).numpy()[:length]
        if np.median(np.abs(picture - self.features.mel[row][:length])) > TOLERANCE:
            raise InputError(f"{self.folder} holds another sound as {name} than the features were made of.")
        return samples

    def _locate(self, name: str) -> tuple[Path, float]:
        """File and first second of one file's name in features, "parent/file" or "parent/file@seconds"."""
        start = 0.0
        if name not in self.paths and "@" in name:
            name, _, seconds = name.rpartition("@")
            start = float(seconds)
        paths = self.paths.get(name, [])
        if len(paths) != 1:
            raise InputError(f"{self.folder} holds {len(paths)} files {name}; expected one.")
        return paths[0], start
