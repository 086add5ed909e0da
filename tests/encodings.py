"""One text as editors and systems save it, and files that are not text."""

import codecs

ENCODINGS = {
    "UTF-8": str.encode,
    "UTF-8 with a byte order mark": lambda text: codecs.BOM_UTF8 + text.encode(),
    "two byte order marks": lambda text: codecs.BOM_UTF8 * 2 + text.encode(),
    "cp1252": lambda text: text.encode("cp1252"),
    "UTF-16": lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
    "UTF-16 of a Mac": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    "UTF-16 without a mark": lambda text: text.encode("utf-16-le"),
    "UTF-16 of a Mac without a mark": lambda text: text.encode("utf-16-be"),
    "UTF-32 without a mark": lambda text: text.encode("utf-32-le"),
    "Windows line ends": lambda text: text.replace("\n", "\r\n").encode(),
    "line ends of an old Mac": lambda text: text.replace("\n", "\r").encode(),
    "no line end at the end": lambda text: text.rstrip("\n").encode(),
    "the end of a text in DOS": lambda text: text.encode() + b"\x1a",
}
"""From a text to the bytes of its file."""

NO_TEXT = {
    "empty": b"",
    "empty lines": b"\n\n",
    "zeros": bytes(1_000),
    "any bytes": bytes(range(256)) * 4,
    "half of UTF-16": b"\xff\xfe\x00",
    "a mark alone": codecs.BOM_UTF8,
    "one long line": b"x" * 1_000_000,
}
