"""Token Pruning Explorer: build the interface, launch it."""

from __future__ import annotations

import argparse
import sys

from tpexplore.command_line import OneSentenceParser, exit_code, whole
from tpexplore.interrupts import ended_by_interrupt


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = OneSentenceParser(prog="app.py", description="See what a pruned audio transformer throws away.")
    parser.add_argument(
        "--checkpoint", metavar="MODEL", help="a file, a folder or hf_hub:owner/name to offer first"
    )
    parser.add_argument("--frames", type=whole(1), help="input frames of a published checkpoint, e.g. 512")
    parser.add_argument("--host", help="address to listen on (default: Gradio's)")
    parser.add_argument("--port", type=whole(1, 65535), help="port to listen on (default: Gradio's)")
    return parser.parse_args()


def main() -> int:
    """Start the app; returns the exit code."""
    arguments = parse_arguments()
    # Imported only after the arguments are checked: Gradio and torch take seconds to load.
    with ended_by_interrupt():
        from tpexplore import ui

    def command() -> None:
        demo = ui.build(arguments.checkpoint, arguments.frames)
        ui.launch(demo, arguments.host, arguments.port)

    return exit_code(command)


if __name__ == "__main__":
    sys.exit(main())
