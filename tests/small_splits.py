"""A generated split and a tiny bundled model that answers differently to its clips."""

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import torch

from tests.conftest import tiny_config
from tpexplore.checkpoints import bundled
from tpexplore.checkpoints.files import sha256_of, write_safetensors
from tpexplore.model.vit import AudioViT
from tpexplore.signal.spectrogram import normalise
from training import analyze, evaluate
from training.data.features import Features
from training.engine.identity import describe_data
from training.measure import batches, provenance

BATCH = 4
"""Clips a batch in these tests, so that the few clips make several batches, the last one short."""
FRAMES, CLASSES, TEST_CLIPS = 64, 3, 14


def generated_features(multilabel: bool = False, test_clips: int = TEST_CLIPS) -> Features:
    """Six training clips and some for the test: noise, each with its own slopes, level and padding."""
    rng = np.random.default_rng(5)
    clips = 6 + test_clips
    slopes = rng.normal(0, 3, (clips, 2, 1, 1))
    time, pitch = np.linspace(-1, 1, FRAMES)[:, None], np.linspace(-1, 1, 128)
    mel = slopes[:, 0] * time + slopes[:, 1] * pitch + rng.normal(-6, 1.5, (clips, FRAMES, 128))
    lengths = rng.integers(20, FRAMES + 1, clips)
    for picture, length in zip(mel, lengths, strict=True):
        picture[length:] = picture[:length].min()
    if multilabel:
        targets = rng.random((clips, CLASSES)) < 0.4
        targets[-test_clips:, -1] = False  # a class that no test clip has
    else:
        targets = np.eye(CLASSES, dtype=bool)[rng.integers(0, CLASSES, clips)]
    meta = {
        "dataset": "noise",
        "task": "generated noise",
        "split": "the last clips",
        "class_names": ["a", "b", "c"],
        "frames": FRAMES,
        "multilabel": multilabel,
        "front_end": "none",
        "attribution": "generated",
    }
    names = [f"clip {i}" for i in range(clips)]
    splits = ["train"] * 6 + ["test"] * test_clips
    return Features(mel.astype(np.float16), lengths, targets, splits, names, names, meta)


def write_features(features: Features, folder: Path) -> Path:
    """Store features as `training.features` does."""
    folder.mkdir()
    np.save(folder / "mel.npy", features.mel)
    index = {
        **features.meta,
        "lengths": features.lengths.tolist(),
        "labels": [np.flatnonzero(row).tolist() for row in features.targets],
        "splits": features.splits,
        "sources": features.sources,
        "files": features.files,
    }
    (folder / "index.json").write_text(json.dumps(index))
    return folder


def bundle(family: str, features: Features, folder: Path) -> str:
    """Store a random tiny model as a bundled one, with a card that lacks clusters; returns its name."""
    config = dataclasses.replace(
        tiny_config(family, FRAMES, CLASSES),
        labels=("a", "b", "c"),
        multilabel=features.meta["multilabel"],
        task="generated noise",
    )
    torch.manual_seed(0)
    model = AudioViT(config).eval()
    mel = torch.from_numpy(features.mel.astype(np.float32))
    with torch.inference_mode():
        for parameter in model.parameters():
            parameter.normal_(std=0.2)
        # Without this nearly every clip would get the same answer.
        logits = model(normalise(mel, config.mean, config.std)).logits
        (model.head[1] if family == "ast" else model.vit.head).bias -= logits.mean(0)
    name = f"{family}-noise"
    path = folder / f"{name}.safetensors"
    write_safetensors(
        path,
        model.state_dict(),
        {k: v for k, v in dataclasses.asdict(config).items() if k not in ("name", "sha256")},
    )
    card = {
        "name": name,
        "family": family,
        "weights_sha256": sha256_of(path),
        "date": "2026-01-01",
        "data": describe_data(features),
    }
    (folder / f"{name}.json").write_text(json.dumps(card))
    return name


def use_folder(folder: Path, setattr_) -> None:
    """Make ``folder`` the place of bundled models, results and analyses, in small batches."""
    setattr_(bundled, "MODELS_FOLDER", folder)
    setattr_(bundled, "RESULTS_FOLDER", folder / "results")
    setattr_(evaluate, "RESULTS_FOLDER", folder / "results")
    setattr_(analyze, "ANALYSIS_FOLDER", folder / "analysis")
    setattr_(batches, "BATCH", BATCH)
    # Someone may commit while the tests run, and results name the commit.
    setattr_(provenance, "git_commit", lambda: "a commit")


def evaluate_and_analyze(folder: Path, name: str) -> None:
    """Run both commands on a model bundled in ``folder``, where its features are, too."""
    use_folder(folder, setattr)
    for command in (evaluate, analyze):
        sys.argv = ["command", name, str(folder / "features")]
        command.run_command(command.main)
