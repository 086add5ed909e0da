"""Shared by the commands that study a bundled model on its test split."""

from __future__ import annotations

from collections.abc import Callable

from tpexplore.command_line import file_or_folder
from tpexplore.errors import InputError
from tpexplore.writing import write_json
from training.data.features import Features, read_features
from training.engine.command import FEATURES_HELP, command_arguments, results_file
from training.measure.variants import STUDIES_FOLDER
from training.system import parallel


def measure_bundled(doc: str, kind: str, study: Callable[[str, Features], dict]) -> None:
    """Run the command of a study of a bundled model: its arguments, the measurement, and the file.

    Parameters
    ----------
    doc : str
        The command's docstring.
    kind : str
        Part of the command's name and the file's, as in ``KIND_study`` and ``KIND-NAME.json``.
    study : callable
        Takes a model's name and features with one label per clip; returns the file's content.
    """
    parser = command_arguments(doc, f"training.{kind}_study")
    parser.add_argument("name", help="bundled model")
    parser.add_argument("features", type=file_or_folder, help=FEATURES_HELP)
    args = parser.parse_args()
    path = results_file(STUDIES_FOLDER, f"{kind}-{args.name}.json")
    features = read_features(args.features)
    if features.meta.get("multilabel"):
        raise InputError("These features have several labels a clip; expected one label a clip.")
    results = study(args.name, features)
    if parallel.is_main():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, results)
        print(f"{path.name}: written")
