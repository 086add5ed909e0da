"""A record of the files that a batch has finished, so that it can continue where it stopped."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tpexplore.errors import UNREADABLE_JSON, InputError
from tpexplore.study.window_table import WindowRow
from tpexplore.text import load_json
from tpexplore.writing import append_line, write_json

_WAIT_SECONDS = 0.5


@dataclass(frozen=True)
class FileOutcome:
    """What became of one file: its rows, and the sentence on why it has none or ends early."""

    rows: list[WindowRow]
    problem: str = ""


class Journal:
    """The folder with finished files: one line of JSON per file, one text file per process.

    Only complete lines count: the last line of a killed process may be cut off.
    """

    def __init__(self, place: Path, rank: int, folder: Path):
        self.place, self.folder = place, folder
        self.path = place / f"{rank}.jsonl"
        self.keys: dict[str, str] = {}

    def begin(self, settings: dict[str, Any]) -> None:
        """Continue from the record, or raise InputError if it has other settings or weights."""
        settings = json.loads(json.dumps({"folder": str(self.folder.resolve()), **settings}))
        self.place.mkdir(parents=True, exist_ok=True)
        settings_file = self.place / "settings.json"
        if settings_file.exists():
            with suppress(*UNREADABLE_JSON):
                if load_json(settings_file) == settings:
                    self._end_last_line()
                    return
            if self.done():
                raise InputError(
                    f"{self.place} holds results that were begun with other settings or weights; repeat"
                    " those, remove the folder, or choose another name for the table."
                )
        write_json(settings_file, settings)

    def key(self, file: str) -> str:
        """Identifies a file in its current state: a changed file is analysed again."""
        if file not in self.keys:
            name = file.encode("utf-8", "surrogateescape")
            try:
                state = (self.folder / file).stat()
                name += f"\0{state.st_size}\0{state.st_mtime_ns}".encode()
            except OSError:
                pass  # reading the file will raise a proper error
            self.keys[file] = hashlib.sha256(name).hexdigest()
        return self.keys[file]

    def done(self) -> dict[str, FileOutcome]:
        """What all processes have noted, by key."""
        outcomes = {}
        for path in sorted(self.place.glob("*.jsonl")):
            with path.open(encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    with suppress(*UNREADABLE_JSON, KeyError, TypeError):
                        entry = json.loads(line)
                        outcomes[entry["key"]] = FileOutcome(entry["rows"], entry["problem"])
        return outcomes

    def add(self, file: str, outcome: FileOutcome) -> None:
        append_line(self.path, json.dumps({"key": self.key(file), **asdict(outcome)}))

    def wait_for(self, files: list[str]) -> dict[str, FileOutcome]:
        """Outcomes of all files, once every process has noted its own; torchrun ends all if one dies."""
        while True:
            done = self.done()
            if all(self.key(file) in done for file in files):
                return {file: done[self.key(file)] for file in files}
            time.sleep(_WAIT_SECONDS)

    def remove(self) -> None:
        """Delete the folder, first what was done: without settings.json, it would count for any settings."""
        for path in self.place.glob("*.jsonl"):
            with suppress(OSError):
                path.unlink()
        shutil.rmtree(self.place, ignore_errors=True)

    def _end_last_line(self) -> None:
        """End a line that was cut off, so that the next record starts a new line."""
        if self.path.exists() and not self.path.read_bytes().endswith(b"\n"):
            append_line(self.path, "")
