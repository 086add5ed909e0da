"""Download a dataset or a tagger from its official source, check it, and unpack it for training.

python -m training.download esc50 PATH
python -m training.download mn04_as mn04_as_mAP_432.pt

If interrupted, the same command continues where it stopped.
"""

from __future__ import annotations

from tpexplore.command_line import file_or_folder
from training.data.datasets import load_dataset
from training.data.download import SOURCES, TAGGERS, download, download_tagger
from training.engine.command import command_arguments, run_command


def main() -> None:
    parser = command_arguments(__doc__, "training.download")
    parser.add_argument("dataset", help=", ".join((*SOURCES, *TAGGERS)))
    parser.add_argument("path", type=file_or_folder, help="folder to make; for a tagger, the file")
    args = parser.parse_args()
    if args.dataset in TAGGERS:
        print(download_tagger(args.dataset, args.path))
        return
    root = download(args.dataset, args.path)
    print(f"{SOURCES[args.dataset].clips:,} clips in {root}; {load_dataset(args.dataset, root).attribution}")


if __name__ == "__main__":
    run_command(main)
