"""The chunks that WAV, AIFF and CAF files are made of: a name, a size, and so many bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

UNKNOWN_SIZE = 0xFFFFFFFF
"""The value of a 32-bit size if the real size is unknown or stored elsewhere."""
SLACK_BYTES = 1_024
"""Fewer bytes than this after the promised end are too little sound to matter."""
_MOST_CHUNKS = 1_000
_APPENDED_TAGS = (b"ID3", b"TAG", b"APETAGEX", b"LYRICSBEGIN")


class Chunk(NamedTuple):
    """Where a chunk's content lies in a file, in bytes."""

    name: bytes
    begin: int
    size: int
    is_shifted: bool  # the byte before it, which decoders expect, is missing


def walk_chunks(
    file: BinaryIO, length: int, first: int, known: tuple[bytes, ...], size_format: str
) -> Iterator[Chunk]:
    """The chunks of a file one after the other, those without a byte between them, too.

    Parameters
    ----------
    file : binary file
        May be read and sought between two chunks.
    length : int
        Bytes of the file.
    first : int
        The byte at which the first chunk begins.
    known : tuple of bytes
        Names that tell a chunk from the end of the one before.
    size_format : str
        Of ``struct``: ">I" or "<I", after which chunks of odd length have one more byte; ">q" of CAF.

    Yields
    ------
    Chunk
        The last one is the first that promises more than the file holds.
    """
    head_bytes = 4 + struct.calcsize(size_format)
    place, is_shifted = first, False
    for _ in range(_MOST_CHUNKS):
        file.seek(place)
        head = file.read(head_bytes)
        if len(head) < head_bytes:
            return
        size, begin = struct.unpack(size_format, head[4:])[0], place + head_bytes
        yield Chunk(head[:4], begin, size, is_shifted)
        if not 0 <= size <= length - begin:
            return
        place = begin + size
        is_odd = size % 2 == 1 and size_format.endswith("I")
        is_shifted = is_odd and _begins_at(file, place, known)
        place += is_odd and not is_shifted


def ends_properly(file: BinaryIO, end: int, length: int, byte_order: str) -> bool:
    """Whether the file ends at ``end``, or what follows is not sound."""
    if length - end <= SLACK_BYTES:
        return True
    for place in (end + end % 2, end):  # chunks begin at even bytes, but not all programs keep to that
        file.seek(place)
        head = file.read(16)
        if head.startswith(_APPENDED_TAGS):
            return True
        if len(head) < 8:
            return True
        (size,) = struct.unpack(f"{byte_order}I", head[4:8])
        if _is_text(head[:4]) and place + 8 + size <= length + 1:
            return True
    return False


def _begins_at(file: BinaryIO, place: int, known: tuple[bytes, ...]) -> bool:
    """Whether a chunk begins at an odd byte, rather than at the next one."""
    file.seek(place)
    here = file.read(5)
    return here[:4] in known or (here[1:] not in known and _is_text(here[:4]))


def _is_text(name: bytes) -> bool:
    """Whether these may be the letters of a chunk's name."""
    return all(0x20 <= byte < 0x7F for byte in name)
