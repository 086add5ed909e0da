"""Tags in front of a file's sound: ID3, which programs put before any format, with pictures of any size."""

from __future__ import annotations

from pathlib import Path

LARGEST_PROBED = 1_000_000
"""Up to this many bytes of tags FFmpeg detects the format that follows; after more it assumes MP3."""

_HEAD_BYTES = 10
_HAS_FOOTER = 0x10


def bytes_of_front_tags(path: Path) -> int:
    """How many bytes of tags a file begins with, 0 in most."""
    place = 0
    with path.open("rb") as file:
        while True:
            file.seek(place)
            head = file.read(_HEAD_BYTES)
            if len(head) < _HEAD_BYTES or head[:3] != b"ID3" or max(head[6:]) >= 0x80:
                return place
            size = 0
            for byte in head[6:]:  # seven bits each
                size = size << 7 | byte
            place += _HEAD_BYTES + size + (_HEAD_BYTES if head[5] & _HAS_FOOTER else 0)
