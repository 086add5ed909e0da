"""Accuracy of a bundled model at every keep-rate and score of the slider, on its held-out split.

python -m training.evaluate ast-spc12 FEATURES
"""

from __future__ import annotations

import argparse
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from tpexplore.audio import load_audio
from tpexplore.bundled import RESULTS_FOLDER, example_clips
from tpexplore.checkpoints import load_model
from tpexplore.errors import InputError
from tpexplore.plan import KEEP_RATES, SCORES
from tpexplore.spectrogram import normalise
from tpexplore.vit import AudioViT

from .command import git_commit, run_command
from .features import Features, read_features, write_json
from .loop import pick_device
from .measure import wilson_interval

BATCH = 128


@torch.inference_mode()
def answers_at(model: AudioViT, mel: np.ndarray, keep_rate: float, score: str) -> np.ndarray:
    """Most probable class of every clip, (clips,), in float32."""
    device = model.vit.pos_embed.device
    found = []
    for start in range(0, len(mel), BATCH):
        part = torch.from_numpy(mel[start : start + BATCH].astype(np.float32)).to(device)
        spec = normalise(part, model.config.mean, model.config.std)
        found.append(model(spec, keep_rate, score).logits.argmax(1).cpu().numpy())
    return np.concatenate(found)


def evaluate(name: str, features: Features, split: str = "test") -> dict:
    """Measure a bundled model; returns the content of its results file."""
    model = load_model(name).to(pick_device())
    if tuple(features.meta["class_names"]) != model.config.labels:
        raise InputError(f"The features' classes are not those of {name}.")
    rows = features.indices(split)
    mel, labels = features.mel[rows], features.labels[rows]
    unpruned = answers_at(model, mel, 1.0, SCORES[0])
    table: dict[str, dict[str, dict]] = {score: {} for score in SCORES}
    passes = [(score, rate) for score in SCORES for rate in reversed(KEEP_RATES)]
    for score, rate in tqdm(passes, desc=name):
        answers = unpruned if rate == 1.0 else answers_at(model, mel, rate, score)
        right = int((answers == labels).sum())
        table[score][f"{rate:.2f}"] = {
            "value": round(right / len(labels), 5),
            "ci95": [round(edge, 5) for edge in wilson_interval(right, len(labels))],
            "same_answer_as_unpruned": round(float((answers == unpruned).mean()), 5),
        }
    return {
        "model": name,
        "task": features.meta["task"],
        "split": features.meta["split"],
        "metric": "top-1 accuracy",
        "n": len(labels),
        "weights_sha256": model.config.sha256,
        "commit": git_commit(),
        "made_by": f"python -m training.evaluate {name} FEATURES",
        "date": datetime.now(timezone.utc).date().isoformat(),
        "keep_rate": table,
        "examples": answers_to_examples(model),
    }


@torch.inference_mode()
def answers_to_examples(model: AudioViT) -> list[dict]:
    """What the model says of the app's own example clips that hold one of its classes."""
    found = []
    for example in example_clips():
        if example.label not in model.config.labels:
            continue
        spec = model.spectrogram(load_audio(example.path))[None].to(model.vit.pos_embed.device)
        chances = model(spec).logits[0].softmax(0)
        best = int(chances.argmax())
        found.append(
            {
                "file": example.path.name,
                "label": example.label,
                "answer": model.config.labels[best],
                "probability": round(float(chances[best]), 4),
            }
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description=__doc__)
    parser.add_argument("name", help="bundled model")
    parser.add_argument("features", type=Path, help="folder made by training.features")
    args = parser.parse_args()
    results = evaluate(args.name, read_features(args.features))
    RESULTS_FOLDER.mkdir(parents=True, exist_ok=True)
    write_json(RESULTS_FOLDER / f"{args.name}.json", results)
    for rate, cell in results["keep_rate"]["attention"].items():
        low, high = cell["ci95"]
        print(f"keep-rate {rate}: {cell['value']:.1%} ({low:.1%} to {high:.1%})")
    for clip in results["examples"]:
        print(f"{clip['file']}: {clip['answer']} ({clip['probability']:.0%})")


if __name__ == "__main__":
    run_command(main)
