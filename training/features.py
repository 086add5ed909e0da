"""Log-mel features, computed once and kept on disk.

python -m training.features speech_commands PATH --out runs/features
"""

from __future__ import annotations

from pathlib import Path

from tpexplore.command_line import file_or_folder, whole
from training.data.cache import cache_features
from training.data.datasets import DATASETS, load_dataset
from training.engine.command import command_arguments, run_command


def main() -> None:
    parser = command_arguments(__doc__, "training.features")
    parser.add_argument("dataset", help=", ".join(DATASETS))
    parser.add_argument("root", type=file_or_folder, help="folder of the dataset, in its official layout")
    parser.add_argument("--out", type=file_or_folder, default=Path("runs/features"))
    parser.add_argument(
        "--workers", type=whole(1), help="decoding processes; by default, and at most, one per core"
    )
    parser.add_argument("--fold", type=whole(1), help="ESC-50, UrbanSound8K: the test fold")
    parser.add_argument("--words", nargs="+", help="Speech Commands: these words only")
    parser.add_argument(
        "--without-esc50", type=file_or_folder, help="UrbanSound8K: leave out recordings of this ESC-50"
    )
    parser.add_argument(
        "--train-list", type=file_or_folder, help="AudioSet: csv or JSON of the training clips"
    )
    parser.add_argument(
        "--eval-list", type=file_or_folder, help="AudioSet: csv or JSON of the evaluation clips"
    )
    parser.add_argument("--audio", type=file_or_folder, help="AudioSet: folder of the clips, if elsewhere")
    parser.add_argument(
        "--frames", type=whole(1), help="folders, recordings: frames of 10 ms; 512 by default"
    )
    parser.add_argument("--source", help="folders: regular expression of a clip's source, kept in one split")
    parser.add_argument("--hold-out", nargs="+", help="recordings: names to keep out of training")
    parser.add_argument("--attribution", help="recordings: authors and licence, for the models' cards")
    args = vars(parser.parse_args())
    name, root, out, workers = (args.pop(k) for k in ("dataset", "root", "out", "workers"))
    options = {k: v for k, v in args.items() if v is not None}
    print(cache_features(load_dataset(name, root, **options), out, workers))


if __name__ == "__main__":
    run_command(main)
