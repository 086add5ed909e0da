"""Run other programs to their end, and report their own message if they fail."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tpexplore.errors import InputError


def run_program(call: Sequence[str], folder: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run a program, in ``folder`` if one is named, and keep what it prints.

    Raises
    ------
    InputError
        If it cannot be started or fails, with the last line that it printed.
    """
    try:
        done = subprocess.run(call, capture_output=True, cwd=folder)
    except OSError as error:
        raise InputError(f"{call[0]} cannot be started: {error.strerror}.") from error
    if done.returncode:
        raise InputError(f"{call[0]} failed: {last_line(done)}")
    return done


def last_line(done: subprocess.CompletedProcess[bytes]) -> str:
    """The last line that a program printed to stderr."""
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it printed no message"
