"""Keep sounds that may hold a clip of a test split out of training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from tpexplore.errors import InputError
from tpexplore.signal.spectrogram import fit_frames, log_mel
from training.data.datasets.recordings import recordings
from training.data.features import Features, common_frames
from training.data.overlap import COPY, most_alike
from training.data.sound import read_sound

WINDOWS_AT_ONCE = 256


def remove_heard(folder: Path, several: Sequence[Features]) -> list[Path]:
    """Delete the files under ``folder`` that may hold a clip from outside the training splits.

    Parameters
    ----------
    several : sequence of Features
        Of the datasets that models are tested on, with clips of the same length.

    Returns
    -------
    list of Path
        The deleted files. Unreadable files stay: training.features leaves them out and reports them.
    """
    frames = common_frames(several)
    held_out = np.concatenate([f.mel[np.array(f.splits) != "train"] for f in several])
    windows = recordings(folder, frames=frames).items
    removed = {}
    for begin in tqdm(range(0, len(windows), WINDOWS_AT_ONCE), desc="held-out clips"):
        pictures, paths = [], []
        for item in windows[begin : begin + WINDOWS_AT_ONCE]:
            try:
                samples = read_sound(item.paths, item.start, frames)
            except InputError:
                continue
            pictures.append(fit_frames(log_mel(samples), frames).numpy())
            paths.append(item.paths[0])
        alike = most_alike(np.stack(pictures), held_out) if pictures else ()
        removed |= {path: None for path, value in zip(paths, alike, strict=True) if value > COPY}
    for path in removed:
        path.unlink()
    return list(removed)
