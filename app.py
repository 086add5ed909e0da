"""Token Pruning Explorer: build the interface, launch it."""

from __future__ import annotations

import argparse
import sys

from tpexplore.cli import OneSentenceParser
from tpexplore.errors import InputError


def port_number(text: str) -> int:
    """Read a port, or say what one is."""
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; expected a whole number from 1 to 65535")
    return int(text)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = OneSentenceParser(prog="app.py", description="See what a pruned audio transformer throws away.")
    parser.add_argument(
        "--checkpoint", metavar="FILE", help="a checkpoint to offer before the bundled models"
    )
    parser.add_argument("--frames", type=int, help="input frames of a published checkpoint, e.g. 512")
    parser.add_argument("--host", help="address to listen on (default: Gradio's)")
    parser.add_argument("--port", type=port_number, help="port to listen on (default: Gradio's)")
    return parser.parse_args()


def main() -> int:
    """Start the app; returns the exit code."""
    arguments = parse_arguments()
    # Imported after the arguments are known to be right: Gradio and torch take seconds.
    from tpexplore import ui

    try:
        demo = ui.build(arguments.checkpoint, arguments.frames)
        ui.launch(demo, arguments.host, arguments.port)
    except (InputError, OSError) as error:  # OSError: the port is taken, or the host is not ours
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
