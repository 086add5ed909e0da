"""Accuracy at every keep-rate and score, and the rest of Tables I and IV, on the held-out split.

python -m training.evaluate ast-spc12 FEATURES
python -m training.evaluate ast-spc12 FEATURES --add-fixed runs/ast-spc12-at-0.5
python -m training.evaluate ast-spc12 FEATURES --examples
python -m training.evaluate --run runs/ast-spc12-at-0.5 FEATURES
torchrun --nproc_per_node=2 -m training.evaluate ast-spc12 FEATURES
"""

from __future__ import annotations

from tpexplore.checkpoints.bundled import RESULTS_FOLDER
from tpexplore.command_line import file_or_folder
from tpexplore.writing import write_json
from training.data.features import read_features
from training.engine.command import command_arguments, results_file, run_command
from training.measure.evaluation import add_fixed, evaluate, evaluate_run, renew_examples
from training.system import parallel


def main() -> None:
    parser = command_arguments(
        __doc__,
        "training.evaluate",
        usage="%(prog)s NAME FEATURES [--add-fixed RUN] | --run RUN FEATURES",
    )
    parser.add_argument("name", nargs="?", help="bundled model")
    parser.add_argument("features", type=file_or_folder, help="folder made by training.features")
    parser.add_argument(
        "--run", type=file_or_folder, help="measure this run folder instead; writes its results.json"
    )
    parser.add_argument(
        "--add-fixed",
        type=file_or_folder,
        metavar="RUN",
        help="only add a run trained at one keep-rate to the results",
    )
    parser.add_argument(
        "--examples", action="store_true", help="only renew the answers to the app's example clips"
    )
    args = parser.parse_args()
    if (args.name is None) == (args.run is None) or (args.run and args.add_fixed):
        parser.error("expected a bundled model, with --add-fixed or without, or --run")
    features = read_features(args.features)
    if args.run:
        path = results_file(args.run, "results.json")
        results = evaluate_run(args.run, features)
    else:
        path = results_file(RESULTS_FOLDER, f"{args.name}.json")
        if args.add_fixed:
            results = add_fixed(args.name, args.add_fixed, features)
        elif args.examples:
            results = renew_examples(args.name)
        else:
            results = evaluate(args.name, features)
    if not parallel.is_main():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, results)
    for rate, cell in results["keep_rate"]["attention"].items():
        low, high = cell["ci95"]
        print(f"keep-rate {rate}: {cell['value']:.1%} ({low:.1%} to {high:.1%})")
    for clip in results["examples"]:
        print(f"{clip['file']}: {clip['answer']} ({clip['probability']:.0%})")


if __name__ == "__main__":
    run_command(main)
