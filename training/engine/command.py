"""What the commands of this package share: arguments of a training stage, and how bad input ends."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tpexplore.command_line import OneSentenceParser, exit_code, file_or_folder, positive, whole
from training.data.features import Features
from training.engine import parallel
from training.engine.identity import note_run
from training.engine.lock import lock_folder
from training.recipes.values import LARGEST_SEED


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
        """Lock the run folder until this process ends, and note there what the run is."""
        self.lock = lock_folder(self.out)
        note_run(self.out, recipe, features)
        return self.out


def command_arguments(doc: str, prog: str, **options: str) -> OneSentenceParser:
    """A parser for ``python -m prog``."""
    return OneSentenceParser(
        prog=f"python -m {prog}",
        description=doc,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        **options,
    )


class Seeds(argparse.Action):
    """Seeds, each once: a training that counts twice would narrow the intervals."""

    def __call__(self, parser, namespace, values, option_string=None):
        if len(set(values)) < len(values):
            raise argparse.ArgumentError(self, "a seed is named twice; expected different ones")
        setattr(namespace, self.dest, values)


def study_arguments(doc: str, prog: str) -> OneSentenceParser:
    """A parser for a study: short trainings of one recipe from a common start, with one seed or several."""
    parser = command_arguments(doc, prog)
    parser.add_argument("features", type=file_or_folder, help="folder made by training.features")
    parser.add_argument("--recipe", required=True, help="name of a recipe, or a .json file")
    parser.add_argument(
        "--init", required=True, help="common start, never pruned: run folder, bundled model or file"
    )
    parser.add_argument("--out", type=file_or_folder, required=True, help="folder for the run folders")
    parser.add_argument(
        "--seeds",
        type=whole(0, LARGEST_SEED),
        action=Seeds,
        nargs="+",
        default=[0],
        help="one training each; 0 by default",
    )
    return parser


def stage_arguments(doc: str, prog: str, several: bool = False) -> OneSentenceParser:
    """A parser with what every training stage takes."""

    class Parser(OneSentenceParser):
        def parse_args(self, arguments: Sequence[str] | None = None):
            return super().parse_args(arguments, namespace=StageArguments())

    parser = Parser(
        prog=f"python -m {prog}", description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "features",
        type=file_or_folder,
        nargs="+" if several else None,
        help="folder made by training.features",
    )
    parser.add_argument("--recipe", required=True, help="name of a recipe, or a .json file")
    parser.add_argument(
        "--out", type=file_or_folder, required=True, help="run folder; rerunning continues there"
    )
    parser.add_argument("--minutes", type=positive, help="stop, saved, after this long")
    parser.add_argument(
        "--accumulate",
        type=whole(1),
        default=1,
        help="cut each process's share of a batch into this many parts",
    )
    return parser
