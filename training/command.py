"""What the commands of this package share: arguments of a training stage, and how bad input ends."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from tpexplore.errors import InputError

from . import parallel


def run_command(main: Callable[[], None]) -> None:
    """Join the other processes, if any, and call ``main``; InputError is one line on stderr, exit code 2."""
    parallel.setup()
    try:
        main()
    except InputError as error:
        print(error, file=sys.stderr)
        sys.exit(2)


class StageArguments(argparse.Namespace):
    """Parsed arguments of a training stage."""

    def prepare(self, recipe: object) -> Path:
        """Make the run folder and note there what the run is; refuse to continue with another recipe."""
        folders = self.features if isinstance(self.features, list) else [self.features]
        note_run(self.out, recipe, [folder.name for folder in folders])
        return self.out


def note_run(folder: Path, recipe: object, features: list[str]) -> None:
    """Write a run's recipe, commit and data into its folder; InputError if it has another recipe."""
    noted, run = folder / "recipe.json", folder / "run.json"
    text = json.dumps(asdict(recipe), indent=1) + "\n"
    if noted.exists() and noted.read_text() != text:
        raise InputError(f"{folder} was started with another recipe; choose another folder or delete it.")
    if not parallel.is_main():
        return
    folder.mkdir(parents=True, exist_ok=True)
    noted.write_text(text)
    if not run.exists():
        run.write_text(json.dumps({"commit": git_commit(), "features": features}) + "\n")


def git_commit() -> str:
    """Commit of the working tree, marked "+changes" where code differs from it."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout.strip()

    changed = git("status", "--porcelain", "--", "tpexplore", "training")
    return git("rev-parse", "--short=12", "HEAD") + ("+changes" if changed else "")


def stage_arguments(doc: str, prog: str, several: bool = False) -> argparse.ArgumentParser:
    """A parser with what every training stage takes."""

    class Parser(argparse.ArgumentParser):
        def parse_args(self):
            return super().parse_args(namespace=StageArguments())

    parser = Parser(prog=f"python -m {prog}", description=doc)
    parser.add_argument(
        "features", type=Path, nargs="+" if several else None, help="folder made by training.features"
    )
    parser.add_argument("--recipe", required=True, help="name of a recipe, or a .json file")
    parser.add_argument("--out", type=Path, required=True, help="run folder; rerunning continues there")
    parser.add_argument("--minutes", type=float, help="stop, saved, after this long")
    parser.add_argument(
        "--accumulate", type=int, default=1, help="cut each process's share of a batch into this many parts"
    )
    return parser
