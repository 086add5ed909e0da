"""A person's own clips, taken out of uploads safely.

An archive is never believed: names in it are never used as paths, sizes are counted while reading, and
everything is bounded.
"""

from __future__ import annotations

import errno
import io
import re
import stat
import struct
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from tpexplore.errors import InputError, reason_of
from tpexplore.signal.decode import MAX_FILE_BYTES

MAX_FILES = 200
MAX_TOTAL_BYTES = 200_000_000
"""Of all clips together, unpacked."""

_MAX_DIRECTORY_BYTES = 1_000_000  # of an archive's table of contents, which is read in one piece
_BLOCK = 1 << 16
_SUFFIX = re.compile(r"\.[a-z0-9]{1,5}")
_JUNK = ("thumbs.db", "desktop.ini")
# Files beside clips that are not clips; anything else may be sound, whatever its name.
_NO_SOUND = re.compile(
    r"\.(txt|md|rst|csv|tsv|json|jsonl|xml|html?|pdf|docx?|xlsx?|rtf|log|ya?ml|ini|toml|cfg|py|ipynb"
    r"|jpe?g|png|gif|svg|webp|lab|textgrid|srt|bib|tex|cue|nfo)",
    re.IGNORECASE,
)
# Of other kinds than the ZIP that is unpacked here; also a ZIP inside of one.
_ARCHIVE = re.compile(r"\.(zip|7z|rar|tar|tgz|gz|tbz2?|bz2|txz|xz|zst|lzma|lz4|cab|dmg|iso)", re.IGNORECASE)
_UTF8_FLAG = 0x800
_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EMFILE)
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True)
class OwnFile:
    """One file of an upload: where it lies now, and what the person called it."""

    path: Path
    name: str
    """With the folders it had in an archive, separated by slashes."""


def take_uploads(
    uploads: Iterable[tuple[str, Path]],
    folder: Path,
    *,
    max_files: int = MAX_FILES,
    max_bytes: int = MAX_TOTAL_BYTES,
    max_file_bytes: int = MAX_FILE_BYTES,
) -> list[OwnFile]:
    """Copy uploaded clips and the contents of uploaded ZIP files into a folder.

    Files are numbered there: no name that came from outside becomes a path. Hidden files, what macOS adds to
    archives, and texts and pictures beside the clips are left out.

    Parameters
    ----------
    uploads : iterable of (name, path)
        The user's name for each file, and where it is.
    folder : Path
        An empty folder.
    max_files, max_bytes, max_file_bytes : int
        Most files, most bytes altogether, and most bytes of each, counted while reading.

    Returns
    -------
    list of OwnFile

    Raises
    ------
    InputError
        If a bound is passed, the disk is full, or an archive is damaged, encrypted, or holds anything but
        plain files inside of it. Then nothing is left in the folder.
    """
    taken = _Taken(folder, max_files, max_bytes, max_file_bytes)
    try:
        for name, path in uploads:
            if PurePosixPath(name).suffix.lower() == ".zip":
                _unpack(name, path, taken)
            else:
                with path.open("rb") as source:
                    taken.add(PurePosixPath(name).name, source)
    except BaseException as error:
        for file in folder.iterdir():
            file.unlink()
        if isinstance(error, OSError):
            raise InputError(f"The clips cannot be copied: {reason_of(error)}.") from error
        raise
    return taken.files


class _Taken:
    """Writes files to the folder and counts them and their bytes."""

    def __init__(self, folder: Path, max_files: int, max_bytes: int, max_file_bytes: int):
        self.folder = folder
        self.max_files, self.max_bytes, self.max_file_bytes = max_files, max_bytes, max_file_bytes
        self.files: list[OwnFile] = []
        self.bytes = 0

    def add(self, name: str, source: io.BufferedIOBase | zipfile.ZipExtFile) -> None:
        if _is_junk(name):
            return
        if _ARCHIVE.fullmatch(PurePosixPath(name).suffix):
            raise InputError(
                f"{shown_name(name)} is packed; expected one ZIP file with the clips themselves."
            )
        if len(self.files) == self.max_files:
            raise InputError(f"There are more than {self.max_files} files; expected at most that many clips.")
        suffix = PurePosixPath(name).suffix.lower()
        # Decoders look at the content first; the suffix only helps them with formats that have no mark.
        path = self.folder / f"{len(self.files):04d}{suffix if _SUFFIX.fullmatch(suffix) else ''}"
        size = 0
        with path.open("xb") as target:
            while block := source.read(_BLOCK):
                size += len(block)
                self.bytes += len(block)
                if size > self.max_file_bytes:
                    limit = f"{self.max_file_bytes / 1e6:g} MB"
                    raise InputError(f"{shown_name(name)} is larger than {limit}; expected a short clip.")
                if self.bytes > self.max_bytes:
                    raise InputError(
                        f"The clips are larger than {self.max_bytes / 1e6:g} MB together; expected fewer or"
                        " shorter ones."
                    )
                target.write(block)
        self.files.append(OwnFile(path, name))


def _unpack(archive: str, path: Path, taken: _Taken) -> None:
    shown = shown_name(archive)
    try:
        _check_directory(path, shown)
        with zipfile.ZipFile(path) as opened:
            # Some programs begin with an entry for the folder that they pack.
            entries = [entry for entry in opened.infolist() if _with_slashes(entry.filename) != "./"]
            for entry in entries:
                _check_entry(entry, shown)
            for entry in entries:
                name = _name_of(entry)
                if not name.endswith("/") and not _is_junk(name):
                    with opened.open(entry) as source:
                        taken.add(name, source)
    except InputError:
        raise
    except OSError as error:
        if error.errno in _DISK_ERRORS:  # the archive is not to blame
            raise
        raise InputError(f"{shown} cannot be read; expected a complete ZIP file.") from error
    except Exception as error:  # zipfile raises many kinds on damaged archives
        raise InputError(f"{shown} cannot be read; expected a complete ZIP file.") from error


def _check_directory(path: Path, shown: str) -> None:
    """Refuse an archive whose table of contents, which `zipfile` reads as a whole, is huge."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - (1 << 16) - 256))
        tail = file.read()
        end = tail.rfind(b"PK\x05\x06")
        if end < 0 or len(tail) < end + 16:
            raise InputError(f"{shown} is not a complete ZIP file; expected one.")
        (size,) = struct.unpack_from("<L", tail, end + 12)
        sizes = _zip64_sizes(file, tail[:end]) or [size]
    if max(sizes) > _MAX_DIRECTORY_BYTES:
        raise InputError(f"{shown} is too large a ZIP file; expected at most {MAX_FILES} clips.")


def _zip64_sizes(file: BinaryIO, tail: bytes) -> list[int]:
    """Sizes of the table of contents in the ZIP64 records that precede the end record in ``tail``.

    Programs that do not know how long an archive will become write such a record for any length. Versions of
    `zipfile` differ in whether they look for it where the locator says or right before the locator.
    """
    if tail[-20:-16] != b"PK\x06\x07":
        return []
    (offset,) = struct.unpack_from("<Q", tail, len(tail) - 12)
    records = [tail[-76:-20]]
    if offset < 1 << 62:
        file.seek(offset)
        records.append(file.read(56))
    return [
        struct.unpack_from("<Q", record, 40)[0]
        for record in records
        if len(record) == 56 and record.startswith(b"PK\x06\x06")
    ]


def _check_entry(entry: zipfile.ZipInfo, shown: str) -> None:
    """Refuse an entry that no honest archive of clips holds."""
    name = shown_name(entry.filename)
    path = PurePosixPath(_with_slashes(entry.filename))
    kind = stat.S_IFMT(entry.external_attr >> 16)
    is_outside = not path.parts or path.is_absolute() or ".." in path.parts or _DRIVE.fullmatch(path.parts[0])
    # zipfile cuts names at a null character; orig_filename keeps the whole name.
    if is_outside or "\0" in entry.orig_filename:
        raise InputError(f"{shown} holds {name}; expected names of files inside the archive.")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise InputError(f"{shown} holds {name}, which is a link or device; expected plain files.")
    if entry.flag_bits & 1:
        raise InputError(f"{shown} is encrypted; expected an archive without a password.")
    # The others can unpack megabytes from one block, before anything is counted.
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError(f"{shown} is packed in an unusual way; expected an ordinary ZIP file.")


def _name_of(entry: zipfile.ZipInfo) -> str:
    """An entry's name with slashes; macOS writes UTF-8 without the flag that says so."""
    name = _with_slashes(entry.filename)
    if entry.flag_bits & _UTF8_FLAG:
        return name
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name


def _with_slashes(name: str) -> str:
    """A name in an archive with the folders that Windows' programs separate by backslashes."""
    return name.replace("\\", "/")


def _is_junk(name: str) -> bool:
    """Whether a file is hidden, a system's own, or a text or picture beside the clips."""
    path = PurePosixPath(name)
    hidden = not path.name or path.name.startswith(".") or path.name.lower() in _JUNK
    return hidden or "__MACOSX" in path.parts or bool(_NO_SOUND.fullmatch(path.suffix))


def shown_name(name: str, most: int = 60) -> str:
    """A name from outside, made to fit into a sentence."""
    name = "".join(character if character.isprintable() else "�" for character in name)
    return repr(name if len(name) <= most else f"{name[:most]}…")
