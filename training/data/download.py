"""Download a dataset or a tagger from its official source, check it, and unpack it for training."""

from __future__ import annotations

import contextlib
import errno
import gzip
import os
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tpexplore.checkpoints.files import sha256_of
from tpexplore.errors import REASONS, InputError, reason_of
from tpexplore.locking import locked_beside
from training.data.datasets import load_dataset

PLAIN = {"Accept-Encoding": "identity"}
"""No compression in transit: an interrupted compressed download cannot be resumed."""


@dataclass(frozen=True)
class DatasetSource:
    """Where a dataset comes from, and how to check that it is complete.

    Attributes
    ----------
    url : str
        A .zip or .tar.gz archive.
    top : str
        The folder in the archive that is the dataset.
    clips : int
        Audio files it must hold.
    sha256 : str, optional
        Of the archive, if its publisher never changes it.
    """

    url: str
    top: str
    clips: int
    sha256: str | None = None

    @property
    def suffix(self) -> str:
        return ".zip" if self.url.endswith(".zip") else ".tar.gz"


SOURCES = {
    # GitHub builds this archive on demand, so its checksum changes; every file in it carries a CRC, and
    # meta/esc50.csv lists the files that there must be. For the same reason GitHub cannot resume a
    # download: an interrupted one starts again from the beginning.
    "esc50": DatasetSource(
        "https://github.com/karolpiczak/ESC-50/archive/refs/heads/master.zip",
        top="ESC-50-master",
        clips=2_000,
    ),
    "speech_commands": DatasetSource(
        "http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz",
        top=".",
        clips=105_829,
        sha256="af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
    ),
}


@dataclass(frozen=True)
class File:
    """Where a single file comes from; ``sha256`` verifies it."""

    url: str
    sha256: str


TAGGERS = {
    "mn04_as": File(
        "https://github.com/fschmid56/EfficientAT/releases/download/v0.0.1/mn04_as_mAP_432.pt",
        "899a8c6217063f6941793102a2780b3dd788ab11fce468d9cf5f0577c453321c",
    ),
}
"""Checkpoints that `training.answers` takes, from their publisher's release."""


def download_tagger(name: str, path: Path) -> Path:
    """Download and check a tagger's checkpoint; returns its file.

    Parameters
    ----------
    path : Path
        The file to make, or a folder to put it into under its published name.

    Raises
    ------
    InputError
        If another file is there, or the download is damaged.
    """
    file, path = TAGGERS[name], _without_links(path)
    if path.is_dir():
        path /= file.url.rpartition("/")[2]
    if path.exists():
        if sha256_of(path) != file.sha256:
            raise InputError(f"{path} is another file than {name}; choose another name, or delete it.")
        return path
    _make_folder(path.parent)
    with locked_beside(path):
        _fetch(file, path)
    return path


def download(name: str, root: Path) -> Path:
    """Download, check and unpack a dataset, so that ``load_dataset(name, root)`` reads it.

    During the download there are other files beside ``root``: the archive (ending in .part until it is
    complete), then a folder ending in .unpacking, and a file ending in .lock. All are removed at the end.

    Raises
    ------
    InputError
        If the dataset is unknown, ``root`` holds something else, the download is damaged, or another process
        is using the same folder.
    """
    if name not in SOURCES:
        known = ", ".join((*SOURCES, *TAGGERS))
        raise InputError(f"{name!r} cannot be downloaded; expected one of {known}.")
    source, root = SOURCES[name], _without_links(root)
    if root.exists():
        if not root.is_dir():
            raise InputError(f"{root} is a file; expected the folder to make.")
        if any(root.iterdir()):
            return _already_there(name, root)
        root.rmdir()
    _make_folder(root.parent)
    with locked_beside(root):
        archive = root.with_name(root.name + source.suffix)
        if not archive.exists():
            _fetch(source, archive)
        unpacked = root.with_name(root.name + ".unpacking")
        shutil.rmtree(unpacked, ignore_errors=True)
        _unpack(archive, unpacked)
        _check_clips(name, unpacked / source.top, source)
        (unpacked / source.top).replace(root)  # last: marks the dataset as complete
        shutil.rmtree(unpacked, ignore_errors=True)
        archive.unlink()
    return root


def _without_links(path: Path) -> Path:
    real = Path(os.path.realpath(path))
    if real.is_symlink():
        raise InputError(f"{path} cannot be made ({REASONS[errno.ELOOP]}).")
    return real


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be made ({_reason(error)}).") from error


def _fetch(source: DatasetSource | File, path: Path) -> None:
    """Download into PATH.part, resuming an existing one; rename it after the check."""
    part = path.with_name(path.name + ".part")
    _receive(source.url, part)
    if source.sha256 and (digest := sha256_of(part)) != source.sha256:
        part.unlink()
        raise InputError(
            f"{source.url} arrived with checksum {digest[:12]}…, expected {source.sha256[:12]}…;"
            " it was deleted, run the command again."
        )
    part.replace(path)


def _receive(url: str, part: Path) -> None:
    """Append the missing rest of a URL to a file.

    huggingface_hub is already installed for model checkpoints; its `http_get` handles Range requests,
    servers that ignore them, retries and the progress bar.
    """
    from huggingface_hub.file_download import http_get

    size = part.stat().st_size if part.exists() else 0
    try:
        with _quiet_hub(), part.open("ab") as file:
            http_get(url, file, resume_size=size, headers=PLAIN, displayed_filename=part.stem)
    except Exception as error:  # errors of http_get, the HTTP client or the disk
        status = getattr(getattr(error, "response", None), "status_code", None)
        if status == 416 and size:  # already complete: killed before it was checked
            return
        if part.exists() and not part.stat().st_size:
            part.unlink()
        reason = f"HTTP {status}" if status else _reason(error)
        raise InputError(
            f"{url} could not be downloaded ({reason}); run the command again to go on where it stopped."
        ) from error


@contextlib.contextmanager
def _quiet_hub() -> Iterator[None]:
    """Silence huggingface_hub's message about every retry."""
    from huggingface_hub.utils import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack, never writing outside the folder; a damaged archive is deleted."""
    print(f"Unpacking {archive.name} …")
    try:
        if archive.suffix == ".zip":
            with zipfile.ZipFile(archive) as packed:
                packed.extractall(folder)  # never writes outside the folder, and checks every CRC
        else:
            with tarfile.open(archive) as packed:
                packed.extractall(folder, filter="data")
    except (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        archive.unlink()
        raise InputError(
            f"{archive} is damaged ({_reason(error)}); it was deleted, run the command again."
        ) from error
    except OSError as error:
        raise InputError(f"{archive} could not be unpacked ({_reason(error)}).") from error


def _already_there(name: str, root: Path) -> Path:
    """``root``, or InputError if it holds something else."""
    try:
        _check_clips(name, root, SOURCES[name])
    except InputError as error:
        raise InputError(f"{root} is not empty, and not {name}: {error}") from error
    return root


def _check_clips(name: str, folder: Path, source: DatasetSource) -> None:
    """Raise InputError unless the folder is the whole dataset."""
    if not folder.is_dir():
        raise InputError(f"{source.url} holds no folder {source.top}; its layout has changed.")
    load_dataset(name, folder)
    count = sum(1 for path in folder.glob("*/*.wav") if not path.parent.name.startswith("_"))
    if count != source.clips:
        raise InputError(f"{folder} holds {count:,} clips of {name}; expected {source.clips:,}.")


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno is not None:
        return reason_of(error)
    return (str(error).strip() or type(error).__name__).splitlines()[0].split(". ")[0].rstrip(".")
