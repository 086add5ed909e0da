"""Which library reads a file: libsndfile where it is exact, else FFmpeg's, else libsndfile from the start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tpexplore.errors import InputError
from tpexplore.signal.pyav_reader import open_with_pyav
from tpexplore.signal.soundfile_reader import open_from_start_with_soundfile, open_with_soundfile
from tpexplore.signal.source import SoundSource

_Result = TypeVar("_Result")


def read_source(path: Path, name: str, start: float, job: Callable[[SoundSource], _Result]) -> _Result:
    """Let ``job`` read an opened file; if the first reader fails, start again with another one.

    Parameters
    ----------
    path : Path
        An existing file.
    name : str
        What sentences call it.
    start : float
        Where the job wants to begin, in seconds.
    job : callable

    Raises
    ------
    InputError
        The job's own, or if no reader can decode the file.
    """
    failure = None
    for opened in (open_with_soundfile, open_with_pyav, open_from_start_with_soundfile):
        try:
            with opened(path, name, start) as source:
                return job(source)
        except InputError:
            raise
        except Exception as error:  # decoders raise many kinds of errors, which do not help the user
            failure = error
    raise InputError(
        f"{name} could not be decoded; expected audio such as WAV, FLAC, OGG, MP3, M4A or WebM."
    ) from failure
