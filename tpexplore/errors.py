"""The exception that means "the input is wrong", and the sentence for what the system refuses."""

from __future__ import annotations

import errno
import os
import re


class InputError(ValueError):
    """A person's input cannot be used.

    The message is one sentence that names the value and what was expected. The command line prints
    it and exits with code 2; the app shows it in the page.
    """

    def __init__(self, sentence: str):
        super().__init__(of_readable_length(sentence))


UNREADABLE_JSON = (ValueError, RecursionError)
"""What `json.loads` raises: RecursionError for a text of thousands of brackets."""

REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would be larger than the system allows",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ENOENT: "it does not exist",
    errno.ENOTDIR: "a file is where a folder is expected",
    errno.EEXIST: "a file is where a folder is expected",
    errno.EISDIR: "it is a folder, not a file",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ELOOP: "its links lead in a circle",
    errno.EMFILE: "too many files are open",
    errno.EIO: "the disk reports an error",
}
"""Why a file or folder cannot be used, in plain words."""


_LONGEST_WORD, _LONGEST_SENTENCE = 300, 1_000


def of_readable_length(sentence: str) -> str:
    """A sentence in which a name of thousands of characters is shortened in its middle.

    >>> len(of_readable_length(f"{'x' * 5_000}.wav does not exist."))
    316
    """
    sentence = re.sub(
        rf"\S{{{_LONGEST_WORD + 1},}}", lambda word: _middle_left_out(word[0], _LONGEST_WORD), sentence
    )
    return _middle_left_out(sentence, _LONGEST_SENTENCE)


def _middle_left_out(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most * 2 // 3]}…{text[len(text) - most // 3 + 1 :]}"


def one_line(sentence: str) -> str:
    """A sentence without line breaks and terminal codes, which names of files may hold, and not too long.

    >>> one_line("a\\nb is not a folder.")
    'a\\\\nb is not a folder.'
    """
    sentence = of_readable_length(sentence)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in sentence)


def reason_of(error: OSError) -> str:
    """Why the system refused, as a part of a sentence."""
    if error.errno in REASONS:
        return REASONS[error.errno]
    reason = error.strerror.lower() if error.strerror else str(error)
    return reason.partition("\n")[0].rstrip(".") or type(error).__name__


def sentence_of(error: OSError) -> str:
    """One plain sentence about a file, a folder or a connection that cannot be used.

    >>> sentence_of(FileNotFoundError(2, "No such file or directory", "runs/log.jsonl"))
    'runs/log.jsonl cannot be used: it does not exist.'
    """
    reason = reason_of(error)
    if error.filename is None:
        if _current_folder_is_gone():
            return "The current folder cannot be used: it does not exist any more."
        if error.errno == errno.ENOENT and error.strerror:  # no file name, but maybe a message that names one
            reason = error.strerror.rstrip(".")
        return f"{reason[:1].upper()}{reason[1:]}."
    name = error.filename if isinstance(error.filename, str) else str(error.filename)
    return f"{name} cannot be used: {reason}."


def _current_folder_is_gone() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - nothing of pathlib is needed here
    except OSError:
        return True
    return False


def shown(value: object, most: int = 60) -> str:
    """A value from outside, fit to stand in a sentence: on one line, and not long."""
    try:
        # Without importing NumPy: commands that need none answer at once.
        if hasattr(value, "__array__") and hasattr(value, "shape") and value.shape:
            return f"an array of shape {tuple(value.shape)}"
        return short(repr(value), most)
    except Exception:  # nested tensors have no shape, numbers beyond 4,300 digits no text, objects refuse
        return f"a value of {type(value)}"


def short(text: str, most: int = 60) -> str:
    """A text from outside on one line, and not long."""
    text = "".join(character if character.isprintable() else " " for character in text)
    return text if len(text) <= most else f"{text[:most]}…"
