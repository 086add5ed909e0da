"""From a finished fine-tuning run to a bundled model: weights and card.

python -m training.export runs/ast-spc12 FEATURES --name ast-spc12
python -m training.export runs/ast-audioset FEATURES MORE_FEATURES … --name ast-audioset
python -m training.export --clusters ast-spc12 FEATURES
"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime, timezone
from pathlib import Path

from tpexplore.checkpoints.bundled import MODELS_FOLDER
from tpexplore.checkpoints.files import sha256_of, write_safetensors
from tpexplore.checkpoints.load import load_model
from tpexplore.command_line import file_or_folder, plain_name
from tpexplore.errors import InputError
from tpexplore.model.vit import AudioViT, ModelConfig
from tpexplore.writing import write_json

from .command import command_arguments, run_command
from .data.features import Features, read_features
from .finetune import build_model, training_data
from .identity import (
    check_bundled,
    check_fit,
    check_run,
    describe_data,
    git_commit,
    last_log_line,
    read_json,
    read_model_config,
)
from .initialise import weights_of_run
from .loop import pick_device
from .patch_clusters import describe_clusters, patch_histograms
from .recipes import FinetuneRecipe, load_recipe

LIMIT_BYTES = 10_000_000
CLUSTERED_SPLIT = "test"
"""The split whose patches are clustered: the paper clusters its evaluation sets."""


def trained_model(run: Path, features: Features) -> AudioViT:
    """The averaged weights of a finished run."""
    weights = weights_of_run(run)
    check_run(run, features)
    config = read_model_config(run)
    if config is None:  # a run of the first edition
        recipe = load_recipe(str(run / "recipe.json"), FinetuneRecipe)
        config = build_model(features, recipe, init=None).config
    check_fit(features, replace(config, name=run.name))
    model = AudioViT(config)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise InputError(f"{run} holds the weights of another model than its model.json says.") from error
    return model.eval()


def export(run: Path, features: Features, name: str, folder: Path = MODELS_FOLDER) -> Path:
    """Write NAME.safetensors and its card NAME.json; returns the weights' path."""
    model = trained_model(run, features)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.safetensors"
    config = {k: v for k, v in asdict(model.config).items() if k not in ("name", "sha256")}
    config["task"] = features.meta["task"]
    write_safetensors(path, model.state_dict(), config)
    if path.stat().st_size > LIMIT_BYTES:
        raise InputError(f"{path.name} takes {path.stat().st_size} bytes; expected at most {LIMIT_BYTES}.")
    last = last_log_line(run)
    card = {
        "name": name,
        "family": model.config.family,
        "task": features.meta["task"],
        "labels": list(model.config.labels),
        "patches": model.config.patches,
        "parameters": sum(p.numel() for p in model.parameters()),
        "bytes": path.stat().st_size,
        "weights_sha256": sha256_of(path),
        "storage": "matrices as int8 with one scale per row",
        "data": describe_data(features),
        **cluster_entries(features, model.config),
        "recipe": read_json(run / "recipe.json"),
        **read_json(run / "origins.json"),
        **read_json(run / "run.json"),
        "training_minutes": last["minutes"],
        "epochs_done": last["epoch"],
        "exported_at_commit": git_commit(),
        "date": datetime.now(timezone.utc).date().isoformat(),
    }
    write_json(folder / f"{name}.json", card)
    return path


def cluster_entries(features: Features, config: ModelConfig) -> dict:
    """What a card says of the clusters of its patches."""
    histograms = patch_histograms(features, config, CLUSTERED_SPLIT, pick_device())
    return {"clusters": describe_clusters(histograms), "clusters_of": f"{CLUSTERED_SPLIT} split"}


def refresh_clusters(name: str, features: Features, folder: Path = MODELS_FOLDER) -> Path:
    """Write the clusters of a bundled model's patches into its card; the weights stay as they are."""
    config = load_model(name).config
    check_bundled(features, config)
    path = folder / f"{name}.json"
    write_json(path, read_json(path) | cluster_entries(features, config))
    return path


def main() -> None:
    parser = command_arguments(
        __doc__,
        "training.export",
        usage="%(prog)s RUN FEATURES [MORE_FEATURES …] --name NAME | --clusters NAME FEATURES",
    )
    parser.add_argument("run", type=file_or_folder, nargs="?", help="run folder of training.finetune")
    parser.add_argument(
        "features",
        type=file_or_folder,
        nargs="+",
        help="folders that the run was trained on, first the one whose clusters the card is to have",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--name", type=plain_name, help="name of the model to bundle")
    what.add_argument("--clusters", metavar="NAME", help="bundled model whose card to write clusters into")
    args = parser.parse_args()
    if (args.run is None) == (args.clusters is None):
        parser.error("expected a run folder with --name, and none with --clusters")
    if args.clusters:
        print(refresh_clusters(args.clusters, read_features(args.features[0]), MODELS_FOLDER))
    else:
        recipe = load_recipe(str(args.run / "recipe.json"), FinetuneRecipe)
        features, _ = training_data(args.features, recipe.classes)
        print(export(args.run, features, args.name, MODELS_FOLDER))


if __name__ == "__main__":
    run_command(main)
