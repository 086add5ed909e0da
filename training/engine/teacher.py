"""A small CNN that later teaches the transformers (knowledge distillation).

python -m training.teacher FEATURES --recipe teacher-spc12 --out runs/teacher-spc12
"""

from __future__ import annotations

from pathlib import Path

import timm
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from tpexplore.errors import InputError
from training.data import augment
from training.data.clips import Clips, mean_and_std
from training.data.features import Features
from training.engine.checkpoint import load_checkpoint
from training.engine.loop import Batch, pick_device
from training.recipes.settings import TeacherRecipe, load_recipe
from training.scoring.progress import split_accuracy
from training.system.precision import mixed_precision

STRIDE_16 = 3
"""Index, in timm's feature list, of the map with one cell per 16×16 patch."""


class Teacher(nn.Module):
    """A timm CNN over normalised pictures, and its map on the patch grid."""

    def __init__(self, recipe: TeacherRecipe, classes: int, mean: float, std: float):
        super().__init__()
        try:
            net = timm.create_model(
                recipe.arch, in_chans=1, num_classes=classes, channels=tuple(recipe.channels)
            )
            self.width = net.feature_info[STRIDE_16]["num_chs"]
        except (RuntimeError, TypeError, ValueError, IndexError, AttributeError, AssertionError) as error:
            raise InputError(
                f"timm has no {recipe.arch!r} with channels {list(recipe.channels)}; expected one of its"
                " ResNets and four numbers."
            ) from error
        self.net = net.to(memory_format=torch.channels_last)
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("std", torch.tensor(std))

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor]:
        """Log-mel (batch, frames, 128) -> logits, and the map (batch, patches, width) by patch id."""
        picture = ((mel - self.mean) / (2 * self.std))[:, None].contiguous(memory_format=torch.channels_last)
        final, maps = self.net.forward_intermediates(picture, indices=[STRIDE_16])
        return self.net.forward_head(final), maps[0].flatten(2).transpose(1, 2)


def load_teacher(folder: Path, classes: int) -> Teacher:
    """The trained teacher of a run folder, frozen."""
    state = load_checkpoint(folder)
    if state is None or "teacher" not in state.get("modules", {}):
        raise InputError(f"{folder} holds no teacher; run python -m training.teacher first.")
    recipe = load_recipe(str(folder / "recipe.json"), TeacherRecipe)
    teacher = Teacher(recipe, classes, 0.0, 1.0)
    try:
        teacher.load_state_dict(state["modules"]["teacher"])
    except RuntimeError as error:
        raise InputError(
            f"The teacher of {folder} has other classes than the features' {classes}."
        ) from error
    return teacher.eval().requires_grad_(False)


class TeacherStage:
    """Supervised training of the teacher, see `training.engine.loop.TrainingStage`."""

    def __init__(self, features: Features, recipe: TeacherRecipe):
        self.recipe, self.features, self.device = recipe, features, pick_device()
        self.mean, std = mean_and_std(features)
        self.clips = Clips(features, "train", recipe, self.device)
        self.steps_per_epoch = self.clips.steps_per_epoch
        torch.manual_seed(recipe.seed)
        self.teacher = Teacher(recipe, self.clips.classes, self.mean, std).to(self.device)
        self.trained, self.averaged = {"teacher": self.teacher}, {}

    def draw(self, step: int) -> Batch:
        change = self.recipe.augment
        batch = augment.mixup(self.clips.batch(step), change.mixup_alpha, change.mixup_share)
        mel = augment.spec_augment(batch["mel"], change.time_mask, change.freq_mask, self.mean)
        return {**batch, "mel": mel}

    def loss(self, step: int, part: Batch) -> dict[str, Tensor]:
        self.teacher.train()
        with mixed_precision(self.device):
            logits, _ = self.teacher(part["mel"])
        smoothing = self.recipe.label_smoothing
        return {"loss": cross_entropy(logits.float(), part["targets"], label_smoothing=smoothing)}

    def after_step(self, step: int) -> None:
        pass

    def after_epoch(self, epoch: int) -> dict[str, float]:
        return split_accuracy(self.features, lambda mel: self.teacher(mel)[0], self.teacher, self.device)
