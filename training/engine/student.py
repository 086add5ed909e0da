"""The model to fine-tune, new or from earlier weights, and the layers through which it learns."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm

from tpexplore.model.config import ModelConfig
from tpexplore.model.vit import AudioViT
from training.data.clips import mean_and_std
from training.data.features import Features
from training.engine.initialise import place_positions, sample_specs, start_from, whiten_patches
from training.engine.lessons import TaggerHeads, begin_head_at
from training.engine.teacher import Teacher
from training.recipes.settings import FinetuneRecipe


def build_model(features: Features, recipe: FinetuneRecipe, init: str | None) -> AudioViT:
    """A fresh model, or one that starts from an earlier one (see `start_from`)."""
    mean, std = mean_and_std(features)
    names = tuple(features.meta["class_names"])
    config = ModelConfig(
        recipe.family,
        features.meta["frames"],
        recipe.dim,
        recipe.depth,
        len(names),
        mean,
        std,
        multilabel=recipe.loss == "bce",
        labels=names,
    )
    torch.manual_seed(recipe.seed)
    model = AudioViT(config, drop_path=recipe.drop_path)
    if init:
        start_from(model, init)
    else:
        if recipe.whiten:
            whiten_patches(model, sample_specs(features.mel, features.indices("train"), mean, std))
        place_positions(model)
    if init and recipe.family == "audiomae":
        model.vit.pos_embed.requires_grad_(False)  # stays frozen, as in AudioMAE
    return model


class Student(nn.Module):
    """The model, and the linear layers through which it learns from teachers.

    Attributes
    ----------
    project
        Compares its patches with a CNN teacher's map.
    heads
        Predict a tagger's answers.
    """

    def __init__(
        self, model: AudioViT, teacher: Teacher | None, recipe: FinetuneRecipe, embedding_width: int
    ):
        super().__init__()
        dim, own_tags = model.config.dim, recipe.classes == "labels"
        self.model = model
        self.heads = TaggerHeads(dim, recipe.answers, embedding_width, own_tags)
        self.project = nn.Linear(dim, teacher.width) if teacher else None


def pooled_features(model: AudioViT, x: Tensor) -> Tensor:
    """Tokens after the last block -> the features that the head classifies, (batch, dim), normalised."""
    if model.config.family == "ast":
        pooled = model.vit.norm(x)[:, : model.config.prefix].mean(1)
    else:
        pooled = model.vit.forward_head(model.vit.norm(x), pre_logits=True)
    return layer_norm(pooled, pooled.shape[-1:])


def begin_at_mean(student: Student, recipe: FinetuneRecipe, mean: Tensor) -> None:
    """Start the tags' biases at the clips' mean logits (527,), in whichever layer predicts tags."""
    head = student.heads.tag_head
    if recipe.classes == "tags":
        head = student.model.head[1] if recipe.family == "ast" else student.model.vit.head
    if head is not None:
        begin_head_at(head, mean)
