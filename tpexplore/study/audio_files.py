"""Which files of a folder tree are recordings."""

from __future__ import annotations

import os
from pathlib import Path

from tpexplore.errors import InputError

_ENDINGS = (
    "wav wave rf64 w64 aif aiff aifc au snd caf flac ogg oga opus mp3 mp2 m4a m4b aac wma amr ac3 eac3 wv"
)
_MORE_ENDINGS = "tta mp4 webm mkv mka mov avi flv ts 3gp"
SUFFIXES = frozenset(f".{ending}" for ending in f"{_ENDINGS} {_MORE_ENDINGS}".split())
"""Endings of files that are taken for recordings, in small or capital letters."""


def find_recordings(folder: Path) -> list[str]:
    """Audio files of a folder tree, relative to it, with slashes, in a fixed order; hidden ones are left out.

    Raises
    ------
    InputError
        If there are none, or the folder is none.
    """
    if not folder.is_dir():
        raise InputError(f"{str(folder)!r} is not a folder; expected one with audio files.")
    recordings = []
    for above, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        recordings += [
            (Path(above) / name).relative_to(folder).as_posix()
            for name in files
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in SUFFIXES  # noqa: PTH122
        ]
    if not recordings:
        raise InputError(f"{str(folder)!r} holds no audio file, in folders below it neither.")
    return sorted(recordings)
