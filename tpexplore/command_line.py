"""What all commands share: how arguments are read, and how bad input, a full disk and Ctrl-C end."""

from __future__ import annotations

import argparse
import math
import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from tpexplore.errors import InputError, one_line, sentence_of
from tpexplore.interrupts import INTERRUPTED, STOPPED, raise_on_interrupt

BAD_FILES, BAD_INPUT = 1, 2

_NO_VALUE = re.compile(r"(--[\w-]+)=--")
"""What Python before 3.13 reads as an empty list, which no type has checked."""


class OneSentenceParser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, without the usage lines."""

    def parse_known_args(self, args=None, namespace=None):
        args = sys.argv[1:] if args is None else list(args)
        for argument in args:
            if "\0" in argument:  # no shell passes one on, but programs may
                self.error(f"argument {_short(argument)} holds a null character; expected text")
            if match := _NO_VALUE.fullmatch(argument):
                self.error(f"argument {match[1]}: '--' is not valid; expected a value")
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, one_line(f"{message[0].upper()}{message[1:].rstrip('.')}.") + "\n")


class Interrupted(KeyboardInterrupt):
    """A signal ended the work; the message says what was saved and how to continue."""

    def __init__(self, sentence: str, signal: int):
        super().__init__(sentence)
        self.exit_code = 128 + signal


def exit_code(command: Callable[[], object]) -> int:
    """Run a command and return its exit code: 0, or the number that it returns.

    Bad input, a file or disk that cannot be used and too little memory end in one sentence on stderr and
    code 2, Ctrl-C in one line and 130. A reader that closes the output early (``| head``) is not an error.
    """
    raise_on_interrupt()
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):  # file names need not be UTF-8
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        result = command()
        sys.stdout.flush()
    except InputError as error:
        return _ended(BAD_INPUT, str(error))
    except BrokenPipeError:
        discard_output()
    except OSError as error:
        try:
            sys.stdout.flush()
        except OSError:  # it is the output that cannot be written
            discard_output()
        return _ended(BAD_INPUT, sentence_of(error))
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "memory" not in str(error):  # torch's way to say so
            raise
        return _ended(BAD_INPUT, "There is not enough memory for this; choose smaller numbers.")
    except KeyboardInterrupt as stop:
        return _ended(getattr(stop, "exit_code", INTERRUPTED), str(stop) or STOPPED)
    else:
        return result if type(result) is int else 0
    return 0


def _ended(code: int, sentence: str) -> int:
    with suppress(OSError):  # a full disk, say: the code must do
        print(one_line(sentence), file=sys.stderr)
    return code


def _open_closed_streams() -> None:
    """Discard the output of streams that the caller has closed (``>&-``)."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - until the end


def discard_output() -> None:
    """Discard what is printed from now on, and what the interpreter flushes when it exits."""
    with suppress(OSError, ValueError):  # not a real file, as in a test
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def whole(low: int, high: int | None = None) -> Callable[[str], int]:
    """An argparse type: a whole number from ``low``, up to ``high`` if there is a limit."""
    expected = f"a whole number from {low}" + ("" if high is None else f" to {high}")
    if high is None:
        expected += " up"

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{_short(text)} is not valid; expected {expected}") from None
        if value < low or (high is not None and value > high):
            raise argparse.ArgumentTypeError(f"{_short(text)} is out of range; expected {expected}")
        return value

    return read


def positive(text: str) -> float:
    """An argparse type: a finite number above 0."""
    return _real(text, lambda value: value > 0, "a number above 0")


def share(text: str) -> float:
    """An argparse type: a number above 0 and up to 1, such as a keep-rate."""
    return _real(text, lambda value: 0 < value <= 1, "a number above 0 and up to 1")


def _real(text: str, fits: Callable[[float], bool], expected: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{_short(text)} is not valid; expected {expected}") from None
    if not (math.isfinite(value) and fits(value)):
        raise argparse.ArgumentTypeError(f"{_short(text)} is out of range; expected {expected}")
    return value


def file_or_folder(text: str) -> Path:
    """An argparse type: a file or folder, which has a name."""
    if not text.strip() or "\0" in text:
        raise argparse.ArgumentTypeError("the name is empty; expected a file or folder")
    return Path(text)


def plain_name(text: str) -> str:
    """An argparse type: a file name without a folder; its ending is added later."""
    if not re.fullmatch(r"\w[\w.-]*", text):
        raise argparse.ArgumentTypeError(f"{_short(text)} is not a name; expected letters, digits, - . and _")
    return text


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "…")
