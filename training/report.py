"""Writes the numbers in README.md and training/README.md from the files in assets/: python -m training.report

A part of a text that begins with <!-- NAME --> and ends with <!-- /NAME --> is written by this command and
never by hand. Run it whenever a file in assets/ has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tpexplore.errors import InputError, one_line
from tpexplore.writing import write_bytes
from training.engine.command import command_arguments, run_command
from training.readme.findings import findings_list, methods_details, methods_summary, verdicts_markdown
from training.readme.models import models_table, onnx_table, training_table
from training.readme.studies import (
    drop_study_table,
    folds_table,
    random_tables,
    recipe_parts_table,
    spread_table,
)

ROOT = Path(__file__).resolve().parent.parent

Parts = Mapping[str, Callable[[], str]]
PARTS: dict[str, Parts] = {
    "README.md": {
        "onnx": onnx_table,
        "models": models_table,
        "findings": findings_list,
        "methods": methods_summary,
    },
    "training/README.md": {
        "models": training_table,
        "recipe-parts": recipe_parts_table,
        "random": random_tables,
        "drop-study": drop_study_table,
        "spread": spread_table,
        "folds": folds_table,
        "methods": methods_details,
        "findings": verdicts_markdown,
    },
}
"""What is written into each file, by the name of its markers."""


def renewed(text: str, parts: Parts, file: str) -> str:
    """``text`` with the content of every marked part rewritten.

    Raises
    ------
    InputError
        Unless each part has its two markers exactly once, in this order.
    """
    for name, write in parts.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        before, found_begin, rest = text.partition(begin)
        _, found_end, after = rest.partition(end)
        if not found_begin or not found_end or begin in after:
            raise InputError(f"{file} must hold {begin} and {end} once each.")
        written = _written(write, f"{begin} in {file}")
        text = f"{before}{begin}\n\n{written}\n\n{end}{after}"
    return text


def _written(write: Callable[[], str], place: str) -> str:
    try:
        text = write()
    except InputError:
        raise
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise InputError(
            f"The part after {place} cannot be written, because a file in assets is damaged"
            f" ({one_line(repr(error))}); restore or renew it."
        ) from error
    return text.replace("\u00a0", " ")  # not needed: a text file is not re-wrapped


def main() -> None:
    command_arguments(__doc__, "training.report").parse_args()
    for file, parts in PARTS.items():
        path = ROOT / file
        text = path.read_text(encoding="utf-8")
        new = renewed(text, parts, file)
        if new != text:
            write_bytes(path, new.encode())
        print(f"{file}: {'written' if new != text else 'is current'}")


if __name__ == "__main__":
    run_command(main)
