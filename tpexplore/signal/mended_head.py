"""A new head for complete WAV, W64, AIFF and CAF files whose own head misleads decoders.

Some programs leave out the byte that follows a chunk of odd length, so that all later chunks are looked
for one byte too far. Others never fill in the 64-bit sizes of RF64 and BW64, or give samples more bytes than
their bits need. The new head holds the chunks that describe the samples, and the size that they really have.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

from tpexplore.signal.chunks import UNKNOWN_SIZE, ends_properly, walk_chunks

_LARGEST_DESCRIPTION = 4_096
_PCM, _EXTENSIBLE = 1, 0xFFFE
_SAMPLE_BYTES = (2, 3, 4, 8)
_CAF_DESCRIPTION = struct.Struct(">4s4x4s8x8x4sIIIII")
"""What a CAF begins with: its description always comes first."""
_W64_FORMAT = b"fmt \xf3\xac\xd3\x11\x8c\xd1\x00\xc0O\x8e\xdb\x8a"
_W64_NAME, _W64_DESCRIPTION = 40, 64
"""Where the name of the first chunk of a W64 begins, and its content."""


class MendedHead(NamedTuple):
    """Replaces the first ``begin`` bytes of a file."""

    content: bytes
    begin: int


class _Form(NamedTuple):
    """A kind of file made of chunks."""

    byte_order: str
    description: tuple[bytes, ...]
    sound: bytes


_WAV = {
    magic: _Form(byte_order, (b"fmt ", b"fact"), b"data")
    for magic, byte_order in ((b"RIFF", "<"), (b"RF64", "<"), (b"BW64", "<"), (b"RIFX", ">"))
}
_AIFF = _Form(">", (b"FVER", b"COMM"), b"SSND")


def mended_head(path: Path) -> MendedHead | None:
    """The head that a file should have, or None where its own is right or of another kind."""
    with path.open("rb") as file:
        magic, kind = struct.unpack("<4s4x4s", file.read(12).ljust(12))
        if magic == b"caff":
            file.seek(0)
            return _mended_caf(file.read(_CAF_DESCRIPTION.size))
        if magic == b"riff":
            file.seek(0)
            return _mended_w64(file.read(_W64_DESCRIPTION + 16))
        form = _AIFF if magic == b"FORM" and kind in (b"AIFF", b"AIFC") else None
        form = _WAV.get(magic) if kind == b"WAVE" else form
        if form is None:
            return None
        length = path.stat().st_size
        described, long_size, is_shifted = {}, None, False
        names = (*form.description, form.sound)
        for chunk in walk_chunks(file, length, 12, names, f"{form.byte_order}I"):
            is_shifted |= chunk.is_shifted
            file.seek(chunk.begin)
            if chunk.name == b"ds64":
                long_size = int.from_bytes(file.read(16)[8:], "little")
            elif chunk.name in form.description:
                described[chunk.name] = file.read(min(chunk.size, _LARGEST_DESCRIPTION))
            elif chunk.name == form.sound:
                break
        else:
            return None
        left = length - chunk.begin
        is_unset = magic in (b"RF64", b"BW64") and not 0 < (long_size or 0) <= left
        fitting = {name: _with_fitting_width(content, name, form) for name, content in described.items()}
        if not (is_shifted or is_unset or fitting != described):
            return None
        size = long_size if chunk.size == UNKNOWN_SIZE and long_size else chunk.size
        if not 0 < size <= left or not ends_properly(file, chunk.begin + size, length, form.byte_order):
            size = left
    chunks = b"".join(_chunk(name, content, form.byte_order) for name, content in fitting.items())
    return MendedHead(_head(magic, kind, form, chunks, size), chunk.begin)


def _mended_caf(head: bytes) -> MendedHead | None:
    """The beginning of a CAF whose samples have more bytes than their bits need."""
    if len(head) < _CAF_DESCRIPTION.size:
        return None
    _, name, coding, flags, block, _, channels, bits = _CAF_DESCRIPTION.unpack(head)
    is_float = flags & 1
    width = _fitting_width(block, channels, bits)
    if name != b"desc" or coding != b"lpcm" or is_float or width is None:
        return None
    return MendedHead(head[:-4] + struct.pack(">I", width), len(head))


def _mended_w64(head: bytes) -> MendedHead | None:
    """The beginning of a W64 whose samples have more bytes than their bits need."""
    described = head[_W64_DESCRIPTION:]
    fitting = _with_fitting_width(described, b"fmt ", _WAV[b"RIFF"])
    if not head.startswith(_W64_FORMAT, _W64_NAME) or fitting == described:
        return None
    return MendedHead(head[:_W64_DESCRIPTION] + fitting, len(head))


def _with_fitting_width(content: bytes, name: bytes, form: _Form) -> bytes:
    """The description of a WAV's samples, with the number of bits that fills their bytes."""
    if name != b"fmt " or len(content) < 16:
        return content
    tag, channels, block, bits = struct.unpack(f"{form.byte_order}HH8xHH", content[:16])
    width = _fitting_width(block, channels, bits) if tag in (_PCM, _EXTENSIBLE) else None
    if width is None:
        return content
    return content[:14] + struct.pack(f"{form.byte_order}H", width) + content[16:]


def _fitting_width(block: int, channels: int, bits: int) -> int | None:
    """Bits that fill the bytes of an integer sample, or None where ``bits`` do.

    Samples of fewer bits are in the upper ones.
    """
    width, rest = divmod(block, max(1, channels))
    if bits <= 8 or rest or width not in _SAMPLE_BYTES or width == -(-bits // 8):
        return None
    return 8 * width


def _head(magic: bytes, kind: bytes, form: _Form, chunks: bytes, size: int) -> bytes:
    if form.byte_order == ">":  # sizes of 32 bits only
        begin, size = chunks, min(size, UNKNOWN_SIZE)
    else:
        magic = b"RF64"  # may be of any size
        whole = len(kind) + 36 + len(chunks) + 8 + size
        begin, size = _chunk(b"ds64", struct.pack("<QQQI", whole, size, 0, 0), "<") + chunks, UNKNOWN_SIZE
    body = kind + begin + form.sound + struct.pack(f"{form.byte_order}I", size)
    whole = UNKNOWN_SIZE if magic == b"RF64" else min(len(body) + size, UNKNOWN_SIZE)
    return magic + struct.pack(f"{form.byte_order}I", whole) + body


def _chunk(name: bytes, content: bytes, byte_order: str) -> bytes:
    return name + struct.pack(f"{byte_order}I", len(content)) + content + bytes(len(content) % 2)
