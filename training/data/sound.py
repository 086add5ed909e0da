"""The sound that features were made of, read again from a dataset's folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from tpexplore.errors import InputError
from tpexplore.signal.decode import SAMPLE_RATE, load_audio
from tpexplore.signal.spectrogram import fit_frames, log_mel, samples_for
from training.data.datasets.base import all_audio_files, clip_name
from training.data.features import Features

TOLERANCE = 0.05
"""Largest median difference of a clip's log-mel values from its features: those are stored in half precision,
and where a codec left silence, another machine decodes other rounding errors."""


def read_sound(paths: Iterable[Path], start: float, frames: int) -> np.ndarray:
    """Samples of a clip: its files from ``start`` seconds on, joined and cut to what a model reads.

    Not the loudest part, which `tpexplore.signal.excerpt` chooses in a user's file: a dataset defines where
    its clips begin, and most of its files are no longer than what a model reads.
    """
    samples = samples_for(frames)
    parts = [load_audio(path, offset=start, duration=samples / SAMPLE_RATE) for path in paths]
    return np.concatenate(parts)[:samples]


def sound_of(name: str, paths: Mapping[str, Path], frames: int) -> np.ndarray:
    """Samples of a clip by its name in features, see `read_sound` and `files_of`."""
    files = files_of(name, paths)
    return read_sound([path for path, _ in files], files[0][1], frames)


def paths_by_name(audio: Path) -> dict[str, Path]:
    """Every audio file under a folder by its name in features: "parent/name"."""
    if not audio.is_dir():
        raise InputError(f"{audio} is not a folder; expected the audio that the features were made from.")
    paths: dict[str, Path] = {}
    for file in all_audio_files(audio):
        if (other := paths.setdefault(clip_name(file), file)) != file:
            raise InputError(f"{other} and {file} have the same name and parent folder; rename one of them.")
    return paths


def files_of(name: str, paths: Mapping[str, Path]) -> list[tuple[Path, float]]:
    """The files of a clip, by its `Item.name`, and the second in each at which it begins.

    Names of files and folders may themselves hold "+" and "@": the names in ``paths`` decide.
    """
    ends = [at for at, sign in enumerate(name) if sign == "+"] + [len(name)]
    for end in ends:
        file, at, start = name[:end].rpartition("@")
        if name[:end] in paths:
            first = (paths[name[:end]], 0.0)
        elif at and file in paths and start.replace(".", "", 1).isdigit():
            first = (paths[file], float(start))
        else:
            continue
        if end == len(name):
            return [first]
        with suppress(InputError):
            return [first, *files_of(name[end + 1 :], paths)]
    raise InputError(f"{name} is not in the audio folder; expected what the features were made from.")


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
        self.paths = paths_by_name(folder)

    def check(self, rows: Iterable[int]) -> None:
        """Raise InputError if the files of a clip are not in the folder: before hours of work, not after."""
        for row in rows:
            files_of(self.features.files[row], self.paths)

    def read(self, row: int) -> np.ndarray:
        """Samples of a clip at 16 kHz: (n,) float32.

        Raises
        ------
        InputError
            If its files are not in the folder, or are not what the features were made of.
        """
        name, frames = self.features.files[row], self.features.meta["frames"]
        samples = sound_of(name, self.paths, frames)
        length = int(self.features.lengths[row])
        picture = fit_frames(log_mel(samples), frames).numpy()[:length]
        if np.median(np.abs(picture - self.features.mel[row][:length])) > TOLERANCE:
            raise InputError(f"{self.folder} holds another sound as {name} than the features were made of.")
        return samples
