"""From a finished fine-tuning run to a bundled model: weights and card."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from datetime import datetime, timezone
from pathlib import Path

from tpexplore.checkpoints.bundled import MODELS_FOLDER
from tpexplore.checkpoints.files import safetensors_of
from tpexplore.checkpoints.load import load_model
from tpexplore.errors import InputError
from tpexplore.model.config import ModelConfig
from tpexplore.model.vit import AudioViT
from tpexplore.writing import check_place, write_json, write_with_card
from training.data.features import Features
from training.engine.identity import (
    check_bundled,
    check_fit,
    check_run,
    describe_data,
    git_commit,
    last_log_line,
    read_json,
    read_model_config,
)
from training.engine.initialise import weights_of_run
from training.engine.loop import pick_device
from training.engine.student import build_model
from training.measure.patch_clusters import describe_clusters, patch_histograms
from training.recipes.settings import FinetuneRecipe, load_recipe

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
    path, beside = folder / f"{name}.safetensors", folder / f"{name}.json"
    for place in (path, beside):  # before the clusters, which take minutes
        check_place(place)
    model = trained_model(run, features)
    folder.mkdir(parents=True, exist_ok=True)
    # All that may be missing is read before anything is written.
    last = last_log_line(run)
    history = {
        "recipe": read_json(run / "recipe.json"),
        **read_json(run / "origins.json"),
        **read_json(run / "run.json"),
        "training_minutes": last["minutes"],
        "epochs_done": last["epoch"],
    }
    clusters = cluster_entries(features, model.config)
    config = {k: v for k, v in asdict(model.config).items() if k not in ("name", "sha256")}
    config["task"] = features.meta["task"]
    content = safetensors_of(model.state_dict(), config, LIMIT_BYTES)
    card = {
        "name": name,
        "family": model.config.family,
        "task": features.meta["task"],
        "labels": list(model.config.labels),
        "patches": model.config.patches,
        "parameters": sum(p.numel() for p in model.parameters()),
        "bytes": len(content),
        "weights_sha256": hashlib.sha256(content).hexdigest(),
        "storage": "matrices as int8 with one scale per row",
        "data": describe_data(features),
        **clusters,
        **history,
        "exported_at_commit": git_commit(),
        "date": datetime.now(timezone.utc).date().isoformat(),
    }
    write_with_card(path, content, beside, card)
    return path


def cluster_entries(features: Features, config: ModelConfig) -> dict:
    """A card's entries about the clusters of the patches."""
    histograms = patch_histograms(features, config, CLUSTERED_SPLIT, pick_device())
    return {"clusters": describe_clusters(histograms), "clusters_of": f"{CLUSTERED_SPLIT} split"}


def refresh_clusters(name: str, features: Features, folder: Path = MODELS_FOLDER) -> Path:
    """Write the clusters of a bundled model's patches into its card; the weights stay as they are."""
    config = load_model(name).config
    check_bundled(features, config)
    path = folder / f"{name}.json"
    write_json(path, read_json(path) | cluster_entries(features, config))
    return path
