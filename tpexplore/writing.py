"""Write files whole or not at all, so that a reader never sees half a file. All files are written so."""

from __future__ import annotations

import errno
import json
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import BinaryIO

from tpexplore.errors import InputError

try:
    import fcntl
except ImportError:
    fcntl = None

_PART_BYTES = 8


@contextmanager
def whole_file(path: Path, keep_as: Path | None = None, outdated: Path | None = None) -> Iterator[BinaryIO]:
    """A file to write to, that takes the place of ``path`` once everything is on the disk.

    Missing parent folders are made. If writing fails or is interrupted, the old file stays and nothing else
    is left. If ``path`` is a link, its target is replaced and the link stays. A device or pipe is written
    to directly and never replaced. If two processes write at once, the file of the one that finishes last
    stays, whole.

    Parameters
    ----------
    keep_as : Path, optional
        Where to keep the old file.
    outdated : Path, optional
        A file that describes the old file; it is deleted just before ``path`` is replaced.

    Raises
    ------
    OSError
        With the file's name, if the disk refuses; `tpexplore.errors.sentence_of` puts it into words.
    """
    check_place(path)
    with named(path):
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                yield file
            return
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    part = target.with_name(f".{secrets.token_hex(_PART_BYTES)}.part")  # another may write there, too
    with named(path, part):
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_parts_once(target.parent.absolute())
        try:
            with _held(part) as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            if keep_as is not None and target.exists():
                target.replace(keep_as)
            if outdated is not None:
                _delete_file(outdated)
            part.replace(target)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise


def _delete_file(path: Path) -> None:
    """Delete a file, or the one that a link leads to; no device."""
    file = Path(os.path.realpath(path))
    if file.is_file():
        file.unlink()


def remove_parts(folder: Path) -> None:
    """Delete what `whole_file` leaves in a folder when its process is killed, not what is being written."""
    with suppress(OSError):  # a folder that may be written to, but not listed
        for part in list(folder.glob(f".{'[0-9a-f]' * 2 * _PART_BYTES}.part")):
            _remove_unheld(part)


@cache
def _remove_parts_once(folder: Path) -> None:
    """`remove_parts` once a process: listing a folder that gets thousands of files takes long."""
    remove_parts(folder)


def _remove_unheld(part: Path) -> None:
    with suppress(OSError), part.open("r+b") as file:
        if _hold(file):
            part.unlink()


def _held(part: Path) -> BinaryIO:
    """A new file that `remove_parts` of other processes leaves alone until it is closed."""
    while True:
        file = part.open("xb")
        _hold(file)
        with suppress(FileNotFoundError):
            if os.path.samestat(part.stat(), os.fstat(file.fileno())):
                return file
        file.close()  # removed before it was held


def _hold(file: BinaryIO) -> bool:
    """Take a file until it is closed or the process dies; False where another has it, or none can be had."""
    if fcntl is None:  # Windows: there, no file can be removed that is open
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def check_ending(path: Path, one: str, other: str) -> str:
    """A file's ending in small letters, or InputError unless it is one of two."""
    name = path.name or str(path)  # the root has no name
    if name.lower() in (one, other):  # as "$NAME.csv" becomes where NAME is not set
        raise InputError(f"{name!r} is only a file ending; expected a name before it.")
    ending = path.suffix.lower()
    if ending not in (one, other):
        raise InputError(f"{name!r} ends in neither {one} nor {other}; expected one of them.")
    return ending


def check_place(path: Path) -> None:
    """Raise the OSErrors of writing that can be foreseen, so that no work is lost at the end.

    Raises
    ------
    OSError
        If there is a folder at ``path``, a file that is not to be written to, or links that lead in a circle;
        or if nothing can be made in its folder.
    """
    try:
        kind = path.stat().st_mode
    except FileNotFoundError:
        _check_folder_of(path)
        return
    if stat.S_ISDIR(kind):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not os.access(path, os.W_OK):
        if stat.S_ISREG(kind):
            path.open("r+b").close()  # a read-only disk raises another error than a missing permission
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    if stat.S_ISREG(kind):  # a new file will replace it
        _check_folder_of(path)


def _check_folder_of(path: Path) -> None:
    """Raise an OSError that names ``path`` if its folder, or the one to make that in, takes nothing new.

    A parent that is not a folder is not checked here: writing raises an error that says so.
    """
    place = Path(os.path.realpath(path)).parent
    while not place.exists() and place != place.parent:
        place = place.parent
    if place.is_dir() and not os.access(place, os.W_OK | os.X_OK):
        is_read_only = hasattr(os, "statvfs") and os.statvfs(place).f_flag & os.ST_RDONLY
        code = errno.EROFS if is_read_only else errno.EACCES
        raise OSError(code, os.strerror(code), str(path))


@contextmanager
def named(path: Path, part: Path | None = None) -> Iterator[None]:
    """Give an OSError inside, e.g. of a full disk, the name ``path`` if it has none or ``part``."""
    try:
        yield
    except OSError as error:
        is_unnamed = error.filename is None and error.errno is not None
        if is_unnamed or (part is not None and error.filename == str(part)):
            error.filename = str(path)
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    with whole_file(path) as file:
        file.write(content)


def write_with_card(path: Path, content: bytes, card: Path, about: object) -> None:
    """Write a file and its card, a JSON description; neither is replaced before both are on the disk.

    A card must never lie beside a file that it does not describe, even if the disk is full, the process is
    killed or another process writes the same two. So the old card is deleted before its file, and one
    writer waits for the other. An error names the file, because the user may not know of the card.
    """
    check_place(card)
    with named(path, card):
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_parts(path.parent)  # every time: files with a card are large and few
        with _only_writer_in(path.parent), whole_file(card) as beside:
            beside.write(_as_json(about))
            beside.flush()
            with whole_file(path, outdated=card) as file:
                file.write(content)


@contextmanager
def _only_writer_in(folder: Path) -> Iterator[None]:
    """Wait for others who write several files that belong together in a folder, and let others wait."""
    with ExitStack() as stack:
        if fcntl is not None:
            with suppress(OSError):  # the folder is not readable, or the disk has no locks
                handle = os.open(folder, os.O_RDONLY)
                stack.callback(os.close, handle)
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def write_json(path: Path, content: object) -> None:
    """Write indented JSON, in UTF-8, whole or not at all."""
    write_bytes(path, _as_json(content))


def _as_json(content: object) -> bytes:
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    # File names need not be UTF-8 on Linux; as \udcXX, which JSON knows, they come back unchanged.
    return text.encode("utf-8", "backslashreplace")


def append_line(path: Path, line: str) -> None:
    """Add a line to a text file."""
    with named(path), path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
