"""A model's answers to the app's example clips."""

from __future__ import annotations

import torch

from tpexplore.checkpoints.bundled import example_clips
from tpexplore.model.forward import probabilities
from tpexplore.model.vit import AudioViT
from tpexplore.signal.excerpt import read_excerpt


@torch.inference_mode()
def answers_to_examples(model: AudioViT) -> list[dict]:
    """The model's answers to the app's example clips that hold one of its classes."""
    answers = []
    for example in example_clips():
        right = example.right_answers(model.config.task)
        if not right or set(right).isdisjoint(model.config.labels):
            continue
        spec = model.spectrogram(read_excerpt(example.path, model.config.seconds).samples)[None]
        logits = model(spec).logits[0]
        chances = probabilities(logits, model.config)
        best = int(chances.argmax())
        answers.append(
            {
                "file": example.path.name,
                "label": right[0],
                "answer": model.config.labels[best],
                "probability": round(float(chances[best]), 4),
                "right": model.config.labels[best] in right,
            }
        )
    return answers
