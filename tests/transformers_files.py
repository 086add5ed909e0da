"""Small ASTs made and saved by the transformers library itself, seeded, with attention far from uniform."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import ASTConfig, ASTFeatureExtractor, ASTForAudioClassification, ASTModel
from transformers.utils import logging

logging.disable_progress_bar()

WIDTH, BLOCKS = 128, 12


def config_of(classes: int = 12, **options: object) -> ASTConfig:
    """Settings of a small model; by default 128 frames in patches every 10 frames and bins."""
    names = {i: f"sound {i}" for i in range(classes)}
    options = {"max_length": 128, **options}
    return ASTConfig(
        hidden_size=WIDTH,
        num_hidden_layers=BLOCKS,
        num_attention_heads=WIDTH // 64,
        intermediate_size=4 * WIDTH,
        id2label=names,
        label2id={name: i for i, name in names.items()},
        attn_implementation="eager",  # the only one that hands out attention
        **options,
    )


def model_of(
    config: ASTConfig, kind: type = ASTForAudioClassification
) -> ASTForAudioClassification | ASTModel:
    """The model with seeded weights, in evaluation mode."""
    model = kind(config).eval()
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.normal_(std=0.1 if weight.ndim > 1 else 0.05, generator=generator)
            if "norm" in name and name.endswith("weight"):
                weight += 1
    return model


def save(folder: Path, model: torch.nn.Module, extractor: dict | None = None, **options: object) -> Path:
    """Save as `save_pretrained` does, with the feature extractor beside it."""
    model.save_pretrained(folder, **options)
    frames = model.config.max_length
    ASTFeatureExtractor(
        **{"max_length": frames, "mean": -5.5, "std": 3.25} | (extractor or {})
    ).save_pretrained(folder)
    return folder
