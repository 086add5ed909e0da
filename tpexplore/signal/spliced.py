"""A file from one of its bytes on, with other bytes in front, as a file that decoders can open."""

from __future__ import annotations

import io
import os


class Spliced(io.RawIOBase):
    """``head``, then what ``file`` holds from the byte ``begin`` on."""

    def __init__(self, file: io.BufferedReader, head: bytes, begin: int):
        self._file, self._begin, self._head, self._place = file, begin, head, 0
        self._size = len(head) + file.seek(0, os.SEEK_END) - begin

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        in_head = self._head[self._place : self._place + len(buffer)]
        if in_head:
            buffer[: len(in_head)] = in_head
            count = len(in_head)
        elif self._place >= self._size:  # where a lying size led; the system refuses to go very far
            return 0
        else:
            self._file.seek(self._place - len(self._head) + self._begin)
            count = self._file.readinto(buffer)
        self._place += count
        return count

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        self._place = max(0, origin + offset)
        return self._place

    def tell(self) -> int:
        return self._place
