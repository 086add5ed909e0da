"""Run folders: checkpoints that survive a kill, a full disk and a broken file, and what a run was."""

from __future__ import annotations

import json
import os
from pathlib import Path

import torch

from tpexplore.errors import InputError


def save_checkpoint(folder: Path, state: dict) -> None:
    """Write last.pt whole or not at all, and keep the one before it as previous.pt.

    Raises
    ------
    InputError
        If it cannot be written, e.g. on a full disk; the older checkpoints are still there then.
    """
    part, last = folder / "last.pt.part", folder / "last.pt"
    try:
        with part.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
    except (OSError, RuntimeError) as error:  # torch reports a failed write as RuntimeError
        part.unlink(missing_ok=True)
        kept = "the one before it is untouched" if last.exists() else "there is none before it"
        raise InputError(
            f"The checkpoint of step {state['step']} cannot be written to {folder} ({error}); {kept}."
        ) from error
    if last.exists():
        last.replace(folder / "previous.pt")
    part.replace(last)


def load_checkpoint(folder: Path) -> dict | None:
    """The newest checkpoint of a run, or None if it has none yet."""
    last, previous = folder / "last.pt", folder / "previous.pt"
    # A kill between save_checkpoint's two renames leaves the older one only.
    path = previous if previous.exists() and not last.exists() else last
    if not path.exists():
        return None
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        advice = "previous.pt holds the one before; delete the broken file to go on from there"
        if path == previous or not previous.exists():
            advice = "delete it to start this run anew"
        raise InputError(f"{path} cannot be read ({error}); {advice}.") from error


def describe_run(folder: Path) -> dict:
    """A run's recipe, the commit it started at and the last line of its log, for cards."""
    return {
        "recipe": json.loads((folder / "recipe.json").read_text()),
        **json.loads((folder / "run.json").read_text()),
        "last": json.loads((folder / "log.jsonl").read_text().splitlines()[-1]),
    }
