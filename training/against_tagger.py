"""How well a tagging model agrees with the tagger that taught it, on clips that it never heard.

    python -m training.against_tagger ast-audioset FEATURES [MORE_FEATURES …]

Adds to assets/results/NAME.json, for the test split of every feature folder with stored answers: how often
the first tag is the same, and the mean average precision for the tagger's tags.
"""

from __future__ import annotations

from tpexplore.checkpoints.bundled import RESULTS_FOLDER
from tpexplore.results.measures import read_measure
from tpexplore.results.store import entries, find
from tpexplore.writing import write_json
from training.engine.command import add_feature_folders, command_arguments, results_file, run_command
from training.measure.against_tagger import against_tagger
from training.system import parallel


def main() -> None:
    parser = command_arguments(__doc__, "training.against_tagger")
    parser.add_argument("name", help="bundled model")
    add_feature_folders(parser, "folders with stored answers")
    args = parser.parse_args()
    path = results_file(RESULTS_FOLDER, f"{args.name}.json")
    results = against_tagger(args.name, args.features)
    if not parallel.is_main():
        return
    write_json(path, results)
    for dataset in results["against_tagger"]:
        for rate, values in entries(results, "against_tagger", dataset, "attention").items():
            first, precision = read_measure(find(values, "first_tag")), read_measure(find(values, "mAP"))
            if first and precision:  # entries of other datasets may have been damaged by hand
                print(f"{dataset}, keep-rate {rate}: first tag {first.value:.1%}, mAP {precision.value:.3f}")


if __name__ == "__main__":
    run_command(main)
