"""Make the example clips of the app: published recordings, and words spoken by espeak-ng in some room noise.

    python -m training.make_examples RECORDINGS

Needs the espeak-ng program.
"""

from __future__ import annotations

import shutil

from tpexplore.checkpoints.bundled import EXAMPLES_FOLDER
from tpexplore.command_line import file_or_folder
from tpexplore.errors import InputError
from tpexplore.writing import write_json
from training.data.examples import Listing, add_recordings, add_words
from training.engine.command import command_arguments, run_command


def main() -> None:
    parser = command_arguments(__doc__, "training.make_examples")
    parser.add_argument("recordings", type=file_or_folder, help="folder of the recordings, 32 kHz FLAC")
    args = parser.parse_args()
    if not shutil.which("espeak-ng"):
        raise InputError("espeak-ng is not installed; it speaks the example clips.")
    listing = Listing()
    add_recordings(listing, args.recordings)  # the app opens with the first: a real recording
    add_words(listing)
    write_json(EXAMPLES_FOLDER / "examples.json", listing.entries)


if __name__ == "__main__":
    run_command(main)
