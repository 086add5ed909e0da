"""Drop, fuse or merge: accuracy against MACs by method and ranking, and how faithful the kept part is.

    python -m training.methods ast-spc12 FEATURES
    python -m training.methods ast-spc12 FEATURES --rankings attention
    python -m training.methods ast-spc12 FEATURES --clips DATASET_FOLDER

Writes assets/results/methods/NAME.json; with --clips, the folder of the dataset's sound files, faithfulness
too. Results of the same weights stay: after a stop, the same command measures the missing part.
"""

from __future__ import annotations

from tpexplore.command_line import file_or_folder
from tpexplore.model.plan import RANKINGS, SCORES
from tpexplore.results.store import methods_folder
from tpexplore.writing import write_json
from training.data.features import read_features
from training.engine.command import command_arguments, results_file, run_command
from training.measure.methods import measure_methods
from training.system import parallel


def main() -> None:
    parser = command_arguments(__doc__, "training.methods")
    parser.add_argument("name", help="bundled model")
    parser.add_argument("features", type=file_or_folder, help="folder made by training.features")
    parser.add_argument("--clips", type=file_or_folder, help="folder with the dataset's sound files")
    parser.add_argument(
        "--rankings",
        choices=("attention", "all"),
        default="all",
        help="attention: the methods by the paper's ranking alone, in a third of the time",
    )
    args = parser.parse_args()
    path = results_file(methods_folder(), f"{args.name}.json")
    rankings = RANKINGS if args.rankings == "all" else SCORES[:1]
    for results in measure_methods(args.name, read_features(args.features), args.clips, rankings):
        if not parallel.is_main():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, results)
        print(f"{path.name}: {'faithfulness' if 'faithfulness' in results else 'accuracy'} measured")


if __name__ == "__main__":
    run_command(main)
