"""Headers of WAV, AIFF, AU and CAF that are wrong about how much sound follows.

Recorders that were stopped, programs that write to a pipe, and files of more than 4 GiB, whose size does not
fit into 32 bits, leave such headers. What comes after the promised end tells: where the sizes are right, the
file ends there or goes on with chunks of its own kind.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

_UNKNOWN = 0xFFFFFFFF
MOST_CHUNKS = 1_000
"""Looked at in a file before it is given up."""
SLACK_BYTES = 1_024
"""Less than this after the promised end is no sound that anyone would miss."""
_APPENDED_TAGS = (b"ID3", b"TAG", b"APETAGEX", b"LYRICSBEGIN")


def start_of_unmeasured_sound(path: Path) -> int | None:
    """Where the samples begin, in bytes, if the file goes on with sound where the header says it ends.

    None where the header is right, promises more than there is (decoders notice that), or is of another
    kind.
    """
    with path.open("rb") as file:
        length = path.stat().st_size
        data = _sound_data(file, length)
        if data is None:
            return None
        start, size, byte_order = data
        is_right = ends_properly(file, start + size, length, byte_order)
    return None if is_right else start


def _sound_data(file: BinaryIO, length: int) -> tuple[int, int, str] | None:
    """First byte and promised bytes of the samples, and the byte order of sizes."""
    head = file.read(12)
    kind = head[8:12]
    if head[:4] in (b"RIFF", b"RF64", b"BW64") and kind == b"WAVE":
        return _find_chunk(file, length, b"data", "<")
    if head[:4] == b"RIFX" and kind == b"WAVE":
        return _find_chunk(file, length, b"data", ">")
    if head[:4] == b"FORM" and kind in (b"AIFF", b"AIFC"):
        chunk = _find_chunk(file, length, b"SSND", ">")
        if chunk is None:
            return None
        start, size, order = chunk
        skipped = 8 + int.from_bytes(file.read(4), "big")  # offset and block size, then unused bytes
        return start + skipped, max(0, size - skipped), order
    if head[:4] == b"caff":
        file.seek(8)
        chunk = _find_chunk(file, length, b"data", ">", size_format="q")
        if chunk is None or chunk[1] < 0:  # -1: to the end of the file
            return None
        return chunk[0] + 4, max(0, chunk[1] - 4), ">"  # a count of edits comes first
    if head[:4] in (b".snd", b"dns.") and len(head) == 12:
        order = ">" if head[:4] == b".snd" else "<"
        start, size = struct.unpack(f"{order}II", head[4:])
        return None if size == _UNKNOWN or start > length else (start, size, order)
    return None


def _find_chunk(
    file: BinaryIO, length: int, chunk_name: bytes, order: str, size_format: str = "I"
) -> tuple[int, int, str] | None:
    """The chunk with the sound; the file then stands at its first byte."""
    long_size = None
    size_bytes = struct.calcsize(f"{order}{size_format}")
    for _ in range(MOST_CHUNKS):
        head = file.read(4 + size_bytes)
        if len(head) < 4 + size_bytes:
            return None
        name, size = head[:4], struct.unpack(f"{order}{size_format}", head[4:])[0]
        begin = file.tell()
        if name == chunk_name:
            return begin, size if size != _UNKNOWN or long_size is None else long_size, order
        if name == b"ds64" and size >= 16:
            long_size = struct.unpack("<8xQ", file.read(16))[0]
        if not 0 <= size <= length - begin:
            return None
        file.seek(begin + size + size % 2 * (size_format == "I"))
    return None


def ends_properly(file: BinaryIO, end: int, length: int, order: str) -> bool:
    """Whether the file ends at ``end``, or goes on with something else than sound."""
    if length - end <= SLACK_BYTES:
        return True
    for place in (end + end % 2, end):  # chunks begin at even bytes, but not all programs keep to that
        file.seek(place)
        head = file.read(16)
        if head.startswith(_APPENDED_TAGS):
            return True
        if len(head) < 8:
            return True
        (size,) = struct.unpack(f"{order}I", head[4:8])
        if all(0x20 <= byte < 0x7F for byte in head[:4]) and place + 8 + size <= length + 1:
            return True
    return False
