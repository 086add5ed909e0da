"""Attention against random patches, by how much of the picture the sound fills.

    python -m training.random_study ast-esc50 FEATURES

Tests a bundled model on thirds of its test split, from clips whose sound fills the picture to clips that are
mostly quiet. Writes assets/results/studies/random-NAME.json; python -m training.report puts the table into
training/README.md.
"""

from __future__ import annotations

from tpexplore.command_line import file_or_folder
from tpexplore.errors import InputError
from tpexplore.writing import write_json
from training.data.features import read_features
from training.engine import parallel
from training.engine.command import command_arguments, run_command
from training.measure.random_study import random_study
from training.measure.variants import STUDIES_FOLDER


def main() -> None:
    parser = command_arguments(__doc__, "training.random_study")
    parser.add_argument("name", help="bundled model")
    parser.add_argument("features", type=file_or_folder, help="folder made by training.features")
    args = parser.parse_args()
    features = read_features(args.features)
    if features.meta.get("multilabel"):
        raise InputError("These features have several labels a clip; expected one label a clip.")
    results = random_study(args.name, features)
    if parallel.is_main():
        path = STUDIES_FOLDER / f"random-{args.name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, results)
        print(f"{path.name}: written")


if __name__ == "__main__":
    run_command(main)
