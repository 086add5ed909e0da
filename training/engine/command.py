"""Shared by this package's commands: their arguments, and how they report bad input."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tpexplore.command_line import OneSentenceParser, exit_code, file_or_folder, positive, whole
from tpexplore.writing import check_place
from training.data.features import Features
from training.engine.identity import note_run
from training.recipes.values import LARGEST_SEED
from training.system import parallel
from training.system.lock import lock_folder

FEATURES_HELP = "folder made by training.features"


def run_command(main: Callable[[], None]) -> None:
    """Join the other processes, if any, and call ``main``; see `tpexplore.command_line.exit_code`."""

    def command() -> None:
        parallel.setup()
        main()

    if code := exit_code(command):
        sys.exit(code)


class StageArguments(argparse.Namespace):
    """Parsed arguments of a training stage."""

    def prepare(self, recipe: object, features: Features) -> Path:
        """Lock the run folder until this process ends, and record the recipe and data there."""
        self.lock = lock_folder(self.out)
        note_run(self.out, recipe, features)
        return self.out


def results_file(folder: Path, name: str) -> Path:
    """Path of a command's results; checked beforehand to be writable, because measuring takes hours.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    path = folder / name
    check_place(path)
    return path


def command_arguments(doc: str, prog: str, **options: str) -> OneSentenceParser:
    """A parser for ``python -m prog``."""
    return OneSentenceParser(
        prog=f"python -m {prog}",
        description=doc,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        **options,
    )


class Different(argparse.Action):
    """Refuses repeated values, which would count double or narrow an interval."""

    def __call__(self, parser, namespace, values, option_string=None):
        same = {os.path.realpath(value) if isinstance(value, Path) else value for value in values}
        if len(same) < len(values):
            raise argparse.ArgumentError(self, "one is named twice; expected different ones")
        setattr(namespace, self.dest, values)


def add_feature_folders(parser: argparse.ArgumentParser, help: str) -> None:
    """The argument ``features``: one folder or more, each once."""
    parser.add_argument("features", type=file_or_folder, action=Different, nargs="+", help=help)


def model_to_start_from(text: str) -> str:
    """An argparse type: name of a run folder, bundled model or file, not empty."""
    if not text.strip() or "\0" in text:
        raise argparse.ArgumentTypeError("the name is empty; expected a run folder, bundled model or file")
    return text


def add_recipe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--recipe", required=True, help="name of a recipe, or a .json file")


def add_start(parser: argparse.ArgumentParser) -> None:
    """The argument ``init`` of a study: all its trainings start from this model."""
    parser.add_argument(
        "--init",
        type=model_to_start_from,
        required=True,
        help="start of all trainings, never pruned: run folder, bundled model or file",
    )


def add_run_folders(parser: argparse.ArgumentParser) -> None:
    """The argument ``out`` of a study, which trains several models."""
    parser.add_argument("--out", type=file_or_folder, required=True, help="folder for the run folders")


def add_seeds(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seeds",
        type=whole(0, LARGEST_SEED),
        action=Different,
        nargs="+",
        default=[0],
        help="one training each; 0 by default",
    )


def study_arguments(doc: str, prog: str) -> OneSentenceParser:
    """A parser for a study: short trainings of one recipe from a common start, with one seed or several."""
    parser = command_arguments(doc, prog)
    parser.add_argument("features", type=file_or_folder, help=FEATURES_HELP)
    for add in (add_recipe, add_start, add_run_folders, add_seeds):
        add(parser)
    return parser


def stage_arguments(doc: str, prog: str, several: bool = False) -> OneSentenceParser:
    """A parser with the arguments that every training stage takes."""

    class Parser(OneSentenceParser):
        def parse_args(self, arguments: Sequence[str] | None = None):
            return super().parse_args(arguments, namespace=StageArguments())

    parser = Parser(
        prog=f"python -m {prog}", description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    if several:
        add_feature_folders(parser, FEATURES_HELP)
    else:
        parser.add_argument("features", type=file_or_folder, help=FEATURES_HELP)
    add_recipe(parser)
    parser.add_argument(
        "--out", type=file_or_folder, required=True, help="run folder; rerunning continues there"
    )
    parser.add_argument("--minutes", type=positive, help="save and stop after this long")
    parser.add_argument(
        "--accumulate",
        type=whole(1),
        default=1,
        help="cut each process's share of a batch into this many parts",
    )
    return parser
