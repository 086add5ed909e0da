"""Which files of a folder tree are recordings: the same for the table of a folder and for training."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from tpexplore.errors import InputError

_AUDIO = (
    "wav wave bwf rf64 w64 aif aiff aifc au snd caf flac ogg oga opus spx mp3 mp2 mpga m4a m4b m4r aac wma"
    " amr 3ga ac3 eac3 dts wv tta ape mpc dsf voc gsm sph weba webm mka"
)
_VIDEO = "mp4 m4v mkv mov avi flv ts mts m2ts mpg mpeg vob wmv asf ogv 3gp 3g2"
AUDIO_SUFFIXES = frozenset(f".{ending}" for ending in _AUDIO.split())
"""Endings of files of sound, in small letters; capital ones count, too."""
SUFFIXES = AUDIO_SUFFIXES | {f".{ending}" for ending in _VIDEO.split()}
"""Those, and endings of videos, whose sound is read."""


def is_recording(name: str, suffixes: Collection[str] = SUFFIXES) -> bool:
    """Whether a file's name is that of a recording.

    macOS puts a "._name.wav" that is not audio beside each file that it copies to a foreign disk.
    """
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in suffixes  # noqa: PTH122


def find_recordings(folder: Path) -> list[str]:
    """Audio files of a folder tree, relative to it, with slashes, in a fixed order; see `walk_recordings`.

    Raises
    ------
    InputError
        If there are none, or ``folder`` is not a folder.
    OSError
        If a folder in it cannot be read.
    """
    if not folder.is_dir():
        raise InputError(f"{str(folder)!r} is not a folder; expected one with audio files.")
    recordings = sorted(path.relative_to(folder).as_posix() for path in walk_recordings(folder))
    if not recordings:
        raise InputError(f"{str(folder)!r} and its subfolders hold no audio file.")
    return recordings


def walk_recordings(folder: Path, suffixes: Collection[str] = SUFFIXES) -> Iterator[Path]:
    """Recordings of a folder and of all folders in it, linked ones too; hidden ones are left out.

    Raises
    ------
    OSError
        If a folder cannot be read: its recordings would be missing without a word.
    """
    yield from _walk(folder, suffixes, frozenset())


def _walk(folder: Path, suffixes: Collection[str], above: frozenset[str]) -> Iterator[Path]:
    real = os.path.realpath(folder)
    if real in above:  # a link to a folder that it lies in
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if Path(entry).is_dir():  # entry.is_dir() raises if links form a circle
                if not entry.name.startswith("."):
                    yield from _walk(folder / entry.name, suffixes, above | {real})
            elif is_recording(entry.name, suffixes):
                yield folder / entry.name
