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

from . import augment
from .command import run_command, stage_arguments
from .features import Features, read_features
from .loop import Clips, load_checkpoint, mean_and_std, pick_device, train
from .measure import split_accuracy
from .recipes import TeacherRecipe, load_recipe

STRIDE_16 = 3
"""Index, in timm's feature list, of the map with one cell per 16×16 patch."""


class Teacher(nn.Module):
    """A timm CNN over normalised pictures, and its map on the patch grid."""

    def __init__(self, recipe: TeacherRecipe, classes: int, mean: float, std: float):
        super().__init__()
        self.net = timm.create_model(
            recipe.arch, in_chans=1, num_classes=classes, channels=tuple(recipe.channels)
        ).to(memory_format=torch.channels_last)
        self.width = self.net.feature_info[STRIDE_16]["num_chs"]
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
    if state is None:
        raise InputError(f"{folder} holds no teacher; run python -m training.teacher first.")
    recipe = load_recipe(str(folder / "recipe.json"), TeacherRecipe)
    teacher = Teacher(recipe, classes, 0.0, 1.0)
    teacher.load_state_dict(state["modules"]["teacher"])
    return teacher.eval().requires_grad_(False)


def train_teacher(features: Features, recipe: TeacherRecipe, folder: Path, minutes: float | None) -> bool:
    """Train until the recipe's epochs are done; True when they are."""
    device = pick_device()
    mean, std = mean_and_std(features)
    clips = Clips(features, "train", recipe, device)
    torch.manual_seed(recipe.seed)
    teacher = Teacher(recipe, clips.classes, mean, std).to(device)

    def loss_at(step: int) -> dict[str, Tensor]:
        teacher.train()
        mel, targets = clips.batch(step)
        mel, targets = augment.mixup(mel, targets, recipe.mixup)
        mel = augment.spec_augment(mel, recipe.time_mask, recipe.freq_mask, mean)
        with torch.autocast(device.type, torch.bfloat16):
            logits, _ = teacher(mel)
        loss = cross_entropy(logits.float(), targets, label_smoothing=recipe.label_smoothing)
        return {"loss": loss}

    return train(
        folder=folder,
        recipe=recipe,
        steps=round(recipe.epochs * clips.steps_per_epoch),
        steps_per_epoch=clips.steps_per_epoch,
        trained={"teacher": teacher},
        loss_at=loss_at,
        each_epoch=lambda: split_accuracy(features, lambda mel: teacher(mel)[0], teacher, device),
        minutes=minutes,
    )


def main() -> None:
    args = stage_arguments(__doc__, "training.teacher").parse_args()
    recipe = load_recipe(args.recipe, TeacherRecipe)
    train_teacher(read_features(args.features), recipe, args.prepare(recipe), args.minutes)


if __name__ == "__main__":
    run_command(main)
