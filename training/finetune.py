"""Supervised training of an AudioMAE or AST, first unpruned, then at changing keep-rates.

    python -m training.finetune FEATURES --recipe audiomae-spc12 --init runs/pretrain-spc12 \\
        --teacher runs/teacher-spc12 --out runs/audiomae-spc12
"""

from __future__ import annotations

import random
from pathlib import Path

import torch
from timm.utils import ModelEmaV3
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, kl_div, layer_norm, smooth_l1_loss

from tpexplore.plan import KEEP_RATES, scheduled_keep_rate
from tpexplore.pruning import take_patches
from tpexplore.spectrogram import normalise
from tpexplore.vit import AudioViT, ModelConfig

from . import augment
from .command import run_command, stage_arguments
from .features import Features, read_features, write_json
from .initialise import describe_start, place_positions, sample_specs, start_from, whiten_patches
from .loop import Clips, describe_run, mean_and_std, pick_device, prepare_for_training, train
from .measure import split_accuracy
from .pretrain import random_patches
from .recipes import FinetuneRecipe, load_recipe
from .teacher import Teacher, load_teacher


def draw_keep_rate(recipe: FinetuneRecipe, epoch: float, draw: random.Random) -> tuple[float, str]:
    """Keep-rate and score of one step.

    1.0 before pruning starts. From then on any rate of the slider between 1.0 and a floor, which
    EViT's cosine lowers during the warm-up, so that one checkpoint serves every keep-rate ("elastic").
    """
    score = draw.choices(list(recipe.scores), list(recipe.scores.values()))[0]
    if epoch < recipe.prune_start or draw.random() < recipe.full_share:
        return 1.0, score
    floor = scheduled_keep_rate(epoch, recipe.lowest, recipe.prune_start, recipe.prune_warmup)
    return draw.choice([rate for rate in KEEP_RATES if rate >= floor]), score


def build_model(features: Features, recipe: FinetuneRecipe, init: str | None) -> AudioViT:
    """A fresh model, or one that starts from an earlier one (see `start_from`)."""
    mean, std = mean_and_std(features)
    names = tuple(features.meta["class_names"])
    config = ModelConfig(
        recipe.family, features.meta["frames"], recipe.dim, recipe.depth, len(names), mean, std, labels=names
    )
    torch.manual_seed(recipe.seed)
    model = AudioViT(config, drop_path=recipe.drop_path)
    if init:
        start_from(model, init)
    else:
        whiten_patches(model, sample_specs(features.mel, features.indices("train"), mean, std))
        place_positions(model)
    if init and recipe.family == "audiomae":
        model.vit.pos_embed.requires_grad_(False)  # stays frozen, as in AudioMAE
    return model


class Student(nn.Module):
    """The model, and the projection that compares its patches with the teacher's map."""

    def __init__(self, model: AudioViT, teacher: Teacher | None):
        super().__init__()
        self.model = model
        self.project = nn.Linear(model.config.dim, teacher.width) if teacher else None


def finetune(
    features: Features,
    recipe: FinetuneRecipe,
    folder: Path,
    *,
    init: str | None = None,
    teacher_folder: Path | None = None,
    minutes: float | None = None,
) -> bool:
    """Train until the recipe's epochs are done; True when they are."""
    device = pick_device()
    clips = Clips(features, "train", recipe, device)
    model = build_model(features, recipe, init)
    config = model.config
    teacher = load_teacher(teacher_folder, clips.classes).to(device) if teacher_folder else None
    student = prepare_for_training(Student(model, teacher), device)
    average = ModelEmaV3(model, decay=recipe.ema, use_warmup=True)

    folder.mkdir(parents=True, exist_ok=True)
    origins = {"teacher": teacher_folder and describe_run(teacher_folder), "start": describe_start(init)}
    write_json(folder / "origins.json", origins)

    def loss_at(step: int) -> dict[str, Tensor]:
        student.train()
        epoch = step / clips.steps_per_epoch
        pruning_started = epoch >= recipe.prune_start
        keep_rate, score = draw_keep_rate(recipe, epoch, random.Random(recipe.seed * 7919 + step))
        mel, targets = clips.batch(step)
        mel, targets = augment.mixup(mel, targets, recipe.mixup)
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
            lesson = teacher(mel) if teacher else None
        if not pruning_started:
            mel = augment.spec_augment(mel, recipe.time_mask, recipe.freq_mask, config.mean)
        spec = normalise(mel, config.mean, config.std)
        with torch.autocast(device.type, torch.bfloat16):
            x, ids = model.embed(spec), model.patch_ids(len(spec))
            if not pruning_started and recipe.token_drop:
                left = round(config.patches * (1 - recipe.token_drop))
                ids = random_patches(len(spec), config.patches, left, device)
                x = take_patches(x, ids, config.prefix)
            statistic = None if keep_rate == 1 else model.statistic(spec, score)
            x, _ = model.encode(x, ids, keep_rate, statistic)
            logits = model.readout(x).float()
            matched = student.project(x[:, config.prefix :]) if teacher and not pruning_started else None
        smoothed = cross_entropy(logits, targets, label_smoothing=recipe.label_smoothing)
        figures = {"loss": smoothed, "label_loss": smoothed, "keep_rate": torch.tensor(keep_rate)}
        if teacher:
            told = lesson[0].float().log_softmax(1)
            soft = kl_div(logits.log_softmax(1), told, reduction="batchmean", log_target=True)
            figures["loss"] = (1 - recipe.distil) * smoothed + recipe.distil * soft
            figures["soft_loss"] = soft
        if matched is not None:
            map_at = lesson[1].float().gather(1, ids[..., None].expand(-1, -1, matched.shape[-1]))
            figures["map_loss"] = smooth_l1_loss(matched.float(), layer_norm(map_at, map_at.shape[-1:]))
            figures["loss"] = figures["loss"] + recipe.distil_features * figures["map_loss"]
        return figures

    def measured() -> dict[str, float]:
        result = {}
        for keep_rate in (1.0, 0.5):
            found = split_accuracy(
                features,
                lambda mel: average.module(normalise(mel, config.mean, config.std), keep_rate).logits,  # noqa: B023
                average.module,
                device,
            )
            result |= {f"{k}_at_{keep_rate}": v for k, v in found.items()}
        return result

    return train(
        folder=folder,
        recipe=recipe,
        steps=round(recipe.epochs * clips.steps_per_epoch),
        steps_per_epoch=clips.steps_per_epoch,
        trained={"student": student},
        averaged={"average": average},
        loss_at=loss_at,
        after_step=lambda step: average.update(model, step=step),
        each_epoch=measured,
        minutes=minutes,
    )


def main() -> None:
    parser = stage_arguments(__doc__, "training.finetune")
    parser.add_argument("--init", help="run folder of training.pretrain, bundled model or file")
    parser.add_argument("--teacher", type=Path, help="run folder of training.teacher")
    args = parser.parse_args()
    recipe = load_recipe(args.recipe, FinetuneRecipe)
    finetune(
        read_features(args.features),
        recipe,
        args.prepare(recipe),
        init=args.init,
        teacher_folder=args.teacher,
        minutes=args.minutes,
    )


if __name__ == "__main__":
    run_command(main)
