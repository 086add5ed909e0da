"""The command line. Torch is imported only once the arguments are right."""

from __future__ import annotations

import argparse
import os

from tpexplore.command_line import OneSentenceParser, exit_code, file_or_folder, positive, whole
from tpexplore.commands import batch, bench, explore, export, macs, models
from tpexplore.model.plan import METHODS, PRUNE_BLOCKS, RANKINGS
from tpexplore.study.window_table import COLUMNS
from tpexplore.threads import brief_spinning

_MODEL = "bundled name, checkpoint file or folder, or hf_hub:owner/name"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""

    def run() -> object:
        args = _parser().parse_args(arguments)
        os.environ.update(brief_spinning())
        return args.run(args)

    return exit_code(run)


def _parser() -> argparse.ArgumentParser:
    parser = OneSentenceParser(prog="tpexplore", description="Token Pruning Explorer")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=OneSentenceParser)

    models_parser = commands.add_parser("models", help="bundled models with their measured results")
    models_parser.set_defaults(run=models.run)

    explore_parser = commands.add_parser("explore", help="classify a clip, pruned and not")
    explore_parser.add_argument("clip", metavar="CLIP", help="audio file")
    explore_parser.add_argument("--model", required=True, help=_MODEL)
    explore_parser.add_argument("--offset", help="start, in seconds (default: the loudest part)")
    explore_parser.add_argument("--windows", action="store_true", help="every window of a long recording")
    explore_parser.add_argument("--csv", type=file_or_folder, help="also write a table, one line per window")
    explore_parser.add_argument("--labels", type=file_or_folder, help="also write a label track for Audacity")
    explore_parser.set_defaults(run=explore.run)

    batch_parser = commands.add_parser(
        "batch",
        help="every window of every recording in a folder, as a table",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="columns of the table:\n"
        + "\n".join(f"  {name:<21} {meaning}" for name, (_, meaning) in COLUMNS.items()),
    )
    batch_parser.add_argument(
        "folder", metavar="FOLDER", type=file_or_folder, help="searched with all its subfolders"
    )
    batch_parser.add_argument("--model", required=True, help=_MODEL)
    batch_parser.add_argument("--out", type=file_or_folder, required=True, help="FILE.csv or FILE.parquet")
    batch_parser.add_argument("--labels", type=file_or_folder, help="folder for a label track of each file")
    batch_parser.add_argument("--workers", type=whole(1, 1024), default=1, help="processes (default 1)")
    batch_parser.set_defaults(run=batch.run)

    for command in (explore_parser, batch_parser):
        command.add_argument(
            "--hop", type=positive, help="seconds between window starts (default: windows side by side)"
        )

    export_parser = commands.add_parser(
        "export", help="write the pruned model to a file, ONNX or torch.export"
    )
    export_parser.add_argument("model", metavar="MODEL", help=_MODEL)
    export_parser.add_argument(
        "--out", type=file_or_folder, required=True, help="FILE.onnx, or FILE.pt2 for torch.export"
    )
    export_parser.set_defaults(run=export.run)

    for command in (explore_parser, batch_parser, export_parser):
        command.add_argument(
            "--frames", type=whole(1), help="input frames of a published checkpoint, e.g. 512"
        )
        command.add_argument("--score", default=RANKINGS[0], help=f"one of {', '.join(RANKINGS)}")

    macs_parser = commands.add_parser("macs", help="the paper's Table II beside the exact count")
    macs_parser.set_defaults(run=macs.run)

    for command, default in (
        (explore_parser, "0.7"),
        (batch_parser, "0.7"),
        (export_parser, "0.7"),
        (macs_parser, None),
    ):
        blocks = ",".join(map(str, PRUNE_BLOCKS))
        command.add_argument(
            "--keep-rate",
            default=default,
            help="share kept at each pruning block, e.g. 0.7, or one for each, e.g. 0.9,0.7,0.5"
            f" (default: {default or 'those of Table II'})",
        )
        command.add_argument("--blocks", default=blocks, help=f"blocks that prune (default {blocks})")
        command.add_argument(
            "--method",
            default=METHODS[0],
            help=f"what happens to the other patches: one of {', '.join(METHODS)}",
        )

    bench_parser = commands.add_parser("bench", help="speed on this machine")
    bench_parser.set_defaults(run=bench.run)
    bench_parser.add_argument("--device", default="cpu", help="cpu, cuda, mps, … (default cpu)")

    for command in (models_parser, explore_parser, batch_parser, export_parser, macs_parser, bench_parser):
        command.add_argument("--json", action="store_true", help="print JSON")
    return parser
