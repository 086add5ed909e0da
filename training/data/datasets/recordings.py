"""Unlabelled sounds for a tagger to answer: every file of a folder tree, in windows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tpexplore.errors import InputError
from tpexplore.signal.decode import SAMPLE_RATE, read_clip
from tpexplore.signal.recording import read_windows
from tpexplore.signal.spectrogram import samples_for
from training.data.datasets.base import Dataset, Item, all_audio_files
from training.data.datasets.folders import check_frames, dealt_split
from training.data.examples import HELD_OUT

PIECE = re.compile(r"-\d{2}$")
"""NAME-01, NAME-02, … are pieces of one recording."""

SHORTEST_REST = 1.5
"""A further window of a file must hold at least this many seconds."""


def recordings(
    root: Path, *, frames: int = 512, attribution: str = "", hold_out: Sequence[str] = ()
) -> Dataset:
    """All sounds under ``root``, cut into windows; a hash of each recording decides its split.

    Parameters
    ----------
    frames : int
        Frames of 10 ms of a window; a multiple of 16, at most 1024.
    attribution : str
        Authors and licence, for the cards of models that learn from these sounds.
    hold_out : sequence of str
        Recordings to keep out of training, by file name without ending and piece number. Those that the
        app's examples were cut from are always kept out.
    """
    check_frames(frames)
    window = samples_for(frames) / SAMPLE_RATE
    items, names = [], set()
    for path in all_audio_files(root):
        name = PIECE.sub("", path.stem)
        names.add(name)
        source = f"{path.parent.name}/{name}"
        split = "test" if name in hold_out or source in HELD_OUT else dealt_split(source)
        items += [Item((path,), (), split, source, start) for start in _starts(path, window)]
    if absent := set(hold_out) - names:
        raise InputError(f"No recording under {root} is named {min(absent)}; expected names without ending.")
    return Dataset(
        name=re.sub(r"[^\w-]+", "-", root.resolve().name).strip("-").lower() or "recordings",
        task=f"sounds of the folder {root.resolve().name}, without labels",
        split="a tenth of the recordings, chosen by hash",
        labels=(),
        frames=frames,
        items=tuple(items),
        attribution=attribution or f"audio of the folder {root.resolve().name}",
    )


def _starts(path: Path, window: float) -> list[float]:
    """Seconds at which the windows of a file begin."""
    seconds = 0.0  # an unreadable file gets one window; reading that reports the error
    with suppress(InputError):
        known = read_clip(path, duration=window).file_seconds
        if known is not None:
            seconds = known
        else:  # the header has no length, or a wrong one
            for start, samples in read_windows(path, window):
                seconds = start + len(samples) / SAMPLE_RATE
    count = max(1, int((seconds - SHORTEST_REST) // window) + 1)
    return [round(window * index, 3) for index in range(count)]
