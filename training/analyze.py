"""The analysis of a whole split: Kendall's tau, clusters, survival, removal, attention of kept patches.

python -m training.analyze ast-spc12 FEATURES
torchrun --nproc_per_node=2 -m training.analyze ast-spc12 FEATURES

Writes assets/analysis/NAME.json. A rerun, or a run on several processes, writes the same bytes except "date"
and "commit".
"""

from __future__ import annotations

from tpexplore.checkpoints.bundled import ANALYSIS_FOLDER
from tpexplore.command_line import file_or_folder
from tpexplore.writing import write_json
from training.data.features import read_features
from training.engine.command import command_arguments, results_file, run_command
from training.measure.analysis.split import analyze
from training.system import parallel


def main() -> None:
    parser = command_arguments(__doc__, "training.analyze")
    parser.add_argument("name", help="bundled model")
    parser.add_argument("features", type=file_or_folder, help="folder made by training.features")
    args = parser.parse_args()
    path = results_file(ANALYSIS_FOLDER, f"{args.name}.json")
    analysis = analyze(args.name, read_features(args.features))
    if not parallel.is_main():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, analysis)
    print(path)


if __name__ == "__main__":
    run_command(main)
