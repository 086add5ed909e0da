"""Headers of WAV, AIFF, AU and CAF that are wrong about how much sound follows.

Interrupted recorders, programs that write to a pipe, and files of more than 4 GiB, whose size does not fit
into 32 bits, leave such headers. The bytes after the promised end show it: if the sizes are right, the file
ends there or continues with chunks of its own format.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from tpexplore.signal.chunks import UNKNOWN_SIZE, ends_properly, walk_chunks


def start_of_unmeasured_sound(path: Path) -> int | None:
    """Where the samples begin, in bytes, if sound continues after the end that the header promises.

    None if the header is right, promises too much (decoders notice that), or is of another format.
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
        chunk = _find_chunk(file, length, b"data", ">", first=8, size_format="q")
        if chunk is None or chunk[1] < 0:  # -1: to the end of the file
            return None
        return chunk[0] + 4, max(0, chunk[1] - 4), ">"  # a count of edits comes first
    if head[:4] in (b".snd", b"dns.") and len(head) == 12:
        order = ">" if head[:4] == b".snd" else "<"
        start, size = struct.unpack(f"{order}II", head[4:])
        return None if size == UNKNOWN_SIZE or start > length else (start, size, order)
    return None


def _find_chunk(
    file: BinaryIO, length: int, name: bytes, order: str, first: int = 12, size_format: str = "I"
) -> tuple[int, int, str] | None:
    """The chunk with the sound; the file then stands at its first byte."""
    long_size = None
    for chunk in walk_chunks(file, length, first, (name,), order + size_format):
        file.seek(chunk.begin)
        if chunk.name == name:
            is_long = chunk.size == UNKNOWN_SIZE and long_size is not None
            return chunk.begin, long_size if is_long else chunk.size, order
        if chunk.name == b"ds64" and chunk.size >= 16:
            long_size = struct.unpack("<8xQ", file.read(16))[0]
    return None
