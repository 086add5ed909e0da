"""Reading with libsndfile: uncompressed sound and FLAC, where it finds every sample exactly.

Its positions in Ogg and MP3 are not believed: in Ogg FLAC it lands up to 0.7 s away, and of an MP3 without an
index it reaches a third.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tpexplore.signal.checks import SECONDS_LIMIT, check_format
from tpexplore.signal.chunks import SLACK_BYTES
from tpexplore.signal.mended_head import mended_head
from tpexplore.signal.source import SEEK_AHEAD_SECONDS, FileSummary, SoundSource, UnreadableError, first_frame
from tpexplore.signal.spliced import Spliced
from tpexplore.signal.unmeasured import start_of_unmeasured_sound

if TYPE_CHECKING:
    import soundfile

_BLOCK = 1 << 16
_BIG_ENDIAN_FORMATS = ("AIFF", "AU", "CAF")
# Every sample has its own bytes, so a place is found by arithmetic; FLAC numbers its frames.
_SEEKABLE = ("PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW")
# VOC has its sound in blocks, whose heads libsndfile would play.
_ELSEWHERE = ("MP3", "OGG", "VOC")


@contextmanager
def open_with_soundfile(path: Path, name: str, start: float) -> Iterator[SoundSource]:
    """Open a file to read it from ``start`` seconds on.

    Raises
    ------
    UnreadableError
        Here or while reading, if the file is a stream that PyAV reads better, or ends before its header
        says: libsndfile stops at the first damage.
    InputError
        If the format is out of range.
    """
    if _is_mpeg(path) or _is_ogg(path):
        raise UnreadableError
    with _opened(path) as file:
        if file.format in _ELSEWHERE or (
            file.subtype not in _SEEKABLE and start_of_unmeasured_sound(path) is not None
        ):
            raise UnreadableError
        if file.format == "FLAC" and _flac_goes_on(path):
            raise UnreadableError
        yield _source(file, name, start)


@contextmanager
def open_from_start_with_soundfile(path: Path, name: str, start: float) -> Iterator[SoundSource]:
    """`open_with_soundfile` for what PyAV cannot open: others, never seeking in a compressed one."""
    if _is_mpeg(path):
        raise UnreadableError
    with _opened(path) as file:
        yield _source(file, name, start)


def _is_ogg(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"OggS"


def _is_mpeg(path: Path) -> bool:
    """Whether a file begins as MP3 does, or with its tags. libsndfile would print errors of it."""
    with path.open("rb") as file:
        head = file.read(3)
    return head == b"ID3" or (head[:1] == b"\xff" and head[1:2] >= b"\xe0")


def _flac_goes_on(path: Path) -> bool:
    """Whether a FLAC has more after the sound that its header promises, or not even that.

    Recorders that were stopped leave such headers, and so does joining files end to end. libsndfile reads
    what is promised; FFmpeg reads all.
    """
    import soundfile

    with path.open("rb") as raw, soundfile.SoundFile(raw) as file:
        with mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ) as content:
            if content.find(b"fLaC", 4) > 0:  # a second file, or chance, which costs time only
                return True
        if file.frames >= SECONDS_LIMIT * file.samplerate:
            return False
        try:
            file.seek(max(0, file.frames - 1))
            file.read(1)
        except soundfile.LibsndfileError:
            return True
        return path.stat().st_size - raw.tell() > SLACK_BYTES


@contextmanager
def _opened(path: Path) -> Iterator[soundfile.SoundFile]:
    import soundfile

    if head := mended_head(path):
        with path.open("rb") as whole, soundfile.SoundFile(Spliced(whole, *head)) as file:
            yield file
        return
    with _opened_by_content(path) as file:
        begin = start_of_unmeasured_sound(path) if file.subtype in _SEEKABLE else None
        if begin is None:
            if file.subtype.startswith("DWVW"):  # libsndfile says that it can, and fails
                file.seekable = lambda: False
            yield file
            return
        is_big = (file.format in _BIG_ENDIAN_FORMATS and file.endian != "LITTLE") or file.endian == "BIG"
        form = {"samplerate": file.samplerate, "channels": file.channels, "subtype": file.subtype}
    endian = "BIG" if is_big else "LITTLE"
    with (
        path.open("rb") as whole,
        soundfile.SoundFile(Spliced(whole, b"", begin), format="RAW", endian=endian, **form) as file,
    ):
        yield file


@contextmanager
def _opened_by_content(path: Path) -> Iterator[soundfile.SoundFile]:
    """Open without the name if it ends in .mp3: libsndfile would read any unknown content as MP3."""
    import soundfile

    with ExitStack() as stack:
        is_misled = path.suffix.lower() == ".mp3"
        source = stack.enter_context(path.open("rb")) if is_misled else os.fspath(path)
        yield stack.enter_context(soundfile.SoundFile(source))


def _source(file: soundfile.SoundFile, name: str, start: float) -> SoundSource:
    check_format(file.samplerate, file.channels, name)
    if file.frames == 0:
        raise UnreadableError
    # FLAC may leave its length open, which libsndfile reports as the largest number there is.
    is_known = file.frames < SECONDS_LIMIT * file.samplerate
    entry = 0
    if file.seekable() and (file.subtype in _SEEKABLE or file.format == "FLAC"):
        entry = min(first_frame(start, file.samplerate), file.frames)
        entry = max(0, entry - round(SEEK_AHEAD_SECONDS * file.samplerate))
        if entry and file.seek(entry) != entry:
            raise UnreadableError
    blocks = _blocks(file, entry, first_frame(start, file.samplerate), is_known)
    return SoundSource(file.samplerate, file.channels, blocks, _summary(file, is_known))


def _blocks(
    file: soundfile.SoundFile, place: int, first: int, is_known: bool
) -> Iterator[tuple[int, np.ndarray]]:
    while len(block := file.read(_BLOCK, dtype="float32", always_2d=True)):
        if place + len(block) > first:
            yield place, block
        place += len(block)
    if is_known and place < file.frames:
        raise UnreadableError
    yield place, np.empty((0, file.channels), np.float32)


def _summary(file: soundfile.SoundFile, is_known: bool) -> Callable[[int, bool], FileSummary]:
    import soundfile

    def summary(reached: int, is_end: bool) -> FileSummary:
        if is_end:
            return FileSummary(reached)
        try:  # the header's promise, checked by reading the last frame
            if is_known and file.seekable() and file.seek(file.frames - 1) and len(file.read(1)):
                return FileSummary(file.frames)
        except soundfile.LibsndfileError:
            pass
        return FileSummary(None)

    return summary
