"""Sounds in Debian packages, mostly games: real sounds, under licences that allow any use."""

from __future__ import annotations

import csv
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO

from tpexplore.errors import InputError
from tpexplore.study.audio_files import AUDIO_SUFFIXES
from tpexplore.writing import write_bytes
from training.data.programs import run_program

LIST = Path(__file__).with_name("debian_packages.csv")
"""Packages, and which of their files to leave out: a pattern such as ``*_desc*``."""
MUSIC = "*music*"
"""Left out of every package: hours of it would outnumber all other sounds."""
NO_PART_OF_NAMES = ("usr", "share", "games", "lib")


def listed_packages() -> dict[str, str]:
    """Names of the packages, with the pattern of what to leave out, "" for nothing."""
    with LIST.open(encoding="utf-8", newline="") as file:
        return {row["package"]: row["skip"] for row in csv.DictReader(file)}


def copy_sounds(package: str, skip: str, folder: Path) -> int:
    """Download a package and copy its sounds to ``folder``/``package``; returns how many there are.

    A folder that is there already is complete and stays as it is.

    Raises
    ------
    InputError
        If Debian's programs are missing, or the package cannot be downloaded.
    """
    target = folder / package
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder, prefix=f".{package}-") as temporary:
            archive = _download(package, Path(temporary))
            copies = Path(temporary) / package
            copies.mkdir()
            try:
                for name, content in _files(archive):
                    if _is_sound(name, skip):
                        write_bytes(copies / flat_name(name), content.read())
            except tarfile.TarError as error:
                raise InputError(f"dpkg-deb cannot unpack {package}; run the command again.") from error
            copies.rename(target)  # complete or not there
    return sum(1 for _ in target.iterdir())


def _download(package: str, folder: Path) -> Path:
    run_program(["apt-get", "download", "-q", package], folder=folder)
    (archive,) = folder.glob("*.deb")
    return archive


def _files(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Names and contents of the files of a package; each content is readable until the next is yielded."""
    with (
        subprocess.Popen(
            ["dpkg-deb", "--fsys-tarfile", archive], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as unpacked,
        tarfile.open(fileobj=unpacked.stdout, mode="r|") as files,
    ):
        for member in files:
            if member.isfile():
                yield member.name, files.extractfile(member)


def _is_sound(name: str, skip: str) -> bool:
    left_out = any(fnmatch(name.lower(), pattern) for pattern in (MUSIC, skip) if pattern)
    return PurePosixPath(name).suffix.lower() in AUDIO_SUFFIXES and not left_out


def flat_name(name: str) -> str:
    """A file's path in a package as one flat name: "./usr/share/x/sounds/a.wav" -> "x_sounds_a.wav"."""
    parts = [part for part in PurePosixPath(name).parts if part not in NO_PART_OF_NAMES]
    return "_".join(parts)


def check_debian() -> None:
    """InputError if Debian's programs are not installed."""
    for program in ("apt-get", "dpkg-deb"):
        if not shutil.which(program):
            raise InputError(f"{program} is not installed; these sounds come from packages of Debian.")
