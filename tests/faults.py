"""Faults that tests provoke: a full disk, a folder nobody can write to, a command's one sentence."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from training.engine.command import run_command

READ_ONLY = "/proc/tpexplore"
"""Where nobody, not even root, can make a file or folder."""


@contextmanager
def full_disk(limit: int) -> Iterator[None]:
    """Let no file of this process grow beyond ``limit`` bytes: writing fails, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


class Commands:
    """Runs commands of the training package in this process, as ``python -m`` would."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
        self.monkeypatch, self.capsys = monkeypatch, capsys

    def run(self, main: Callable[[], None], *arguments: object) -> tuple[int, str, str]:
        """Exit code, output and errors."""
        self.monkeypatch.setattr(sys, "argv", ["command", *map(str, arguments)])
        self.capsys.readouterr()
        code = 0
        try:
            run_command(main)
        except SystemExit as stop:
            code = stop.code
        return code, *self.capsys.readouterr()

    def sentence(self, main: Callable[[], None], *arguments: object) -> str:
        """The one sentence with which a command refuses its arguments, with exit code 2."""
        code, _, errors = self.run(main, *arguments)
        assert code == 2, errors
        assert "Traceback" not in errors
        # Progress bars end in a carriage return or a line of their own, in whatever unit: Gradio changes it.
        lines = [line for line in errors.splitlines() if line.strip() and "%|" not in line]
        assert len(lines) == 1, errors
        (line,) = lines
        assert line.endswith("."), errors
        return line
