"""What the commands of this package share: arguments of a training stage, and how bad input ends."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from tpexplore.command_line import OneSentenceParser, exit_code, path, positive, whole
from tpexplore.errors import InputError
from tpexplore.writing import write_json

from . import parallel
from .lock import lock_folder

LARGEST_SEED = 2**32 - 1
ROOT = Path(__file__).resolve().parent.parent


def run_command(main: Callable[[], None]) -> None:
    """Join the other processes, if any, and call ``main``; see `tpexplore.command_line.exit_code`."""

    def command() -> None:
        parallel.setup()
        main()

    if code := exit_code(command):
        sys.exit(code)


class StageArguments(argparse.Namespace):
    """Parsed arguments of a training stage."""

    def prepare(self, recipe: object) -> Path:
        """Lock the run folder until this process ends, and note there what the run is."""
        folders = self.features if isinstance(self.features, list) else [self.features]
        self.lock = lock_folder(self.out)
        note_run(self.out, recipe, [folder.name for folder in folders])
        return self.out


def note_run(folder: Path, recipe: object, features: list[str]) -> None:
    """Write a run's recipe, commit and data into its folder; InputError if it has another recipe."""
    noted, run = folder / "recipe.json", folder / "run.json"
    content = json.loads(json.dumps(asdict(recipe)))
    if noted.exists() and read_json(noted) != content:
        raise InputError(f"{folder} was started with another recipe; choose another folder or delete it.")
    if not parallel.is_main():
        return
    write_json(noted, content)
    if not run.exists():
        write_json(run, {"commit": git_commit(), "features": features})


def read_json(path: Path) -> dict:
    """A JSON object that an earlier command wrote; InputError if it is something else."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path} is damaged ({error}); delete it or restore it.") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} is damaged; expected a JSON object.")
    return content


def git_commit() -> str:
    """Commit of the working tree, marked "+changes" where code differs from it; "unknown" outside of one."""

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], capture_output=True, text=True, check=True, cwd=ROOT
        ).stdout.strip()

    try:
        # An unpacked ZIP may lie inside of another project's checkout.
        if Path(git("rev-parse", "--show-toplevel")).resolve() != ROOT:
            return "unknown"
        changed = git("status", "--porcelain", "--", "tpexplore", "training")
        return git("rev-parse", "--short=12", "HEAD") + ("+changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):  # no git, no checkout, or none yet that has a commit
        return "unknown"


def command_arguments(doc: str, prog: str, **options: str) -> OneSentenceParser:
    """A parser for ``python -m prog``."""
    return OneSentenceParser(
        prog=f"python -m {prog}",
        description=doc,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        **options,
    )


def stage_arguments(doc: str, prog: str, several: bool = False) -> OneSentenceParser:
    """A parser with what every training stage takes."""

    class Parser(OneSentenceParser):
        def parse_args(self, arguments: Sequence[str] | None = None):
            return super().parse_args(arguments, namespace=StageArguments())

    parser = Parser(
        prog=f"python -m {prog}", description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "features", type=path, nargs="+" if several else None, help="folder made by training.features"
    )
    parser.add_argument("--recipe", required=True, help="name of a recipe, or a .json file")
    parser.add_argument("--out", type=path, required=True, help="run folder; rerunning continues there")
    parser.add_argument("--minutes", type=positive, help="stop, saved, after this long")
    parser.add_argument(
        "--accumulate",
        type=whole(1),
        default=1,
        help="cut each process's share of a batch into this many parts",
    )
    return parser
