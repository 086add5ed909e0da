"""Checkpoints and log of a run, which survive a kill, a full disk and a broken file."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from tpexplore.errors import UNREADABLE_JSON, InputError, reason_of
from tpexplore.writing import whole_file, write_bytes


def save_checkpoint(folder: Path, state: dict) -> None:
    """Write last.pt whole or not at all, and keep the one before it as previous.pt.

    Raises
    ------
    InputError
        If it cannot be written, e.g. on a full disk; the older checkpoints are still there then.
    """
    last = folder / "last.pt"
    try:
        with whole_file(last, keep_as=folder / "previous.pt") as file:
            torch.save(state, file)
    except (OSError, RuntimeError) as error:  # torch reports a failed write as RuntimeError
        kept = "the one before it is untouched" if last.exists() else "there is none before it"
        reason = reason_of(error) if isinstance(error, OSError) else error
        raise InputError(
            f"The checkpoint of step {state['step']} cannot be written to {folder} ({reason}); {kept}."
        ) from error


def newest_checkpoint(folder: Path) -> Path | None:
    """The file of a run's newest checkpoint, or None if it has none yet."""
    # A kill between save_checkpoint's two renames leaves the older one only.
    files = (folder / "last.pt", folder / "previous.pt")
    return next((file for file in files if file.exists()), None)


def load_checkpoint(folder: Path) -> dict | None:
    """Content of a run's newest checkpoint, or None if it has none yet."""
    path = newest_checkpoint(folder)
    if path is None:
        return None
    previous = folder / "previous.pt"
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(state, dict) or not all(
            isinstance(module, dict) for module in state.get("modules", {}).values()
        ):
            raise TypeError("it is not a checkpoint of a training")
        return state
    except Exception as error:
        advice = "previous.pt holds the one before; delete the broken file to go on from there"
        if path == previous or not previous.exists():
            advice = "delete it to start this run anew"
        raise InputError(f"{path} cannot be read ({error}); {advice}.") from error


def trim_log(folder: Path, step: int) -> None:
    """Remove the log lines that a run will write again from ``step`` on, and any line cut short."""
    path = folder / "log.jsonl"
    lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
    kept = [line for line in lines if _step_of(line) <= step]
    if kept != lines:
        write_bytes(path, b"".join(kept))


def _step_of(line: bytes) -> float:
    try:
        return float(json.loads(line)["step"])
    except (*UNREADABLE_JSON, KeyError, TypeError):
        return float("inf")
