"""Supervised training of an AudioMAE or AST, first unpruned, then pruning."""

from __future__ import annotations

import random
from pathlib import Path

import torch
from timm.utils import ModelEmaV3
from torch import Tensor
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    kl_div,
    layer_norm,
    smooth_l1_loss,
)

from tpexplore.errors import InputError
from tpexplore.model.forward import Entered
from tpexplore.model.plan import KEEP_RATES, scheduled_keep_rate
from tpexplore.signal.spectrogram import normalise
from training.data import augment
from training.data.answers import StoredAnswers
from training.data.clips import Clips
from training.data.features import Features
from training.data.training_data import NO_ANSWERS
from training.engine.lessons import lesson_losses, tag_statistics, with_tags
from training.engine.loop import Batch, pick_device
from training.engine.on_cpu import prepare_for_training
from training.engine.patches import random_grid, random_patches
from training.engine.student import Student, begin_at_mean, build_model, pooled_features
from training.engine.teacher import load_teacher
from training.recipes.settings import ELASTIC, FinetuneRecipe, Pruning, StoredLessons
from training.scoring.progress import split_accuracy, tag_agreement
from training.system.precision import mixed_precision


def draw_keep_rate(pruning: Pruning, epoch: float, draw: random.Random) -> tuple[float, str]:
    """Keep-rate and score of one step.

    The keep-rate is 1.0 before pruning starts, then falls along EViT's cosine to the recipe's keep-rate.
    With "elastic", each step draws a slider rate not below that curve, so that one checkpoint serves every
    keep-rate.
    """
    score = draw.choices(list(pruning.scores), list(pruning.scores.values()))[0]
    if epoch < pruning.start:
        return 1.0, score
    if pruning.keep_rate != ELASTIC:
        return scheduled_keep_rate(epoch, pruning.keep_rate, pruning.start, pruning.warmup), score
    if draw.random() < pruning.full_share:
        return 1.0, score
    floor = scheduled_keep_rate(epoch, pruning.lowest, pruning.start, pruning.warmup)
    return draw.choice([rate for rate in KEEP_RATES if rate >= floor]), score


class FinetuneStage:
    """Supervised training, see `training.engine.loop.TrainingStage`.

    Random dropping of patches and SpecAug regularise until pruning starts; from then on the model sees
    whole pictures, so that only the score decides which patches it loses.
    """

    def __init__(
        self,
        features: Features,
        recipe: FinetuneRecipe,
        *,
        init: str | None = None,
        teacher_folder: Path | None = None,
        answers: StoredAnswers | None = None,
    ):
        if answers is None and (recipe.classes == "tags" or recipe.answers != StoredLessons()):
            raise InputError(NO_ANSWERS)
        if recipe.distil.to == "token" and recipe.family != "ast":
            raise InputError("Only an AST has a distillation token; set the recipe's distil.to to readout.")
        if recipe.answers.pseudo_labels and recipe.loss != "ce":
            raise InputError("Pseudo-labels are for one class a clip; set the recipe's loss to ce.")
        self.recipe, self.features, self.answers, self.device = recipe, features, answers, pick_device()
        self.clips = Clips(
            features,
            "train",
            recipe,
            self.device,
            answers,
            labelled_share=recipe.answers.labelled_share,
            pseudo_labels=recipe.answers.pseudo_labels,
        )
        self.steps_per_epoch = self.clips.steps_per_epoch
        self.model = build_model(features, recipe, init)
        self.teacher = None
        if teacher_folder:
            self.teacher = load_teacher(teacher_folder, self.clips.classes).to(self.device)
        student = Student(self.model, self.teacher, recipe, answers.embeddings.shape[1] if answers else 0)
        self.student = prepare_for_training(student, self.device)
        if answers:
            mean, spread = tag_statistics(answers, self.clips.rows)
            begin_at_mean(student, recipe, mean)
            self.tag_spread = spread.to(self.device)
        self.average = ModelEmaV3(self.model, decay=recipe.ema, use_warmup=recipe.ema > 0)
        self.trained, self.averaged = {"student": self.student}, {"average": self.average}

    def epoch(self, step: int) -> float:
        return step / self.steps_per_epoch

    def pruning_started(self, step: int) -> bool:
        return self.epoch(step) >= self.recipe.pruning.start

    def draw(self, step: int) -> Batch:
        """ "mel" for the teacher, "spec" and "ids" of patches for the model, "targets", stored answers."""
        change, config = self.recipe.augment, self.model.config
        batch = augment.mixup(with_tags(self.clips.batch(step)), change.mixup_alpha, change.mixup_share)
        masked = mel = batch["mel"]
        ids = self.model.patch_ids(len(mel))
        if not self.pruning_started(step):
            masked = augment.spec_augment(mel, change.time_mask, change.freq_mask, config.mean)
            ids = self._visible(len(mel))
        spec = normalise(masked, config.mean, config.std)
        if change.noise:
            spec = augment.noise_and_roll(spec)
        return {**batch, "spec": spec, "ids": ids}

    def _visible(self, clips: int) -> Tensor:
        recipe, patches = self.recipe, self.model.config.patches
        if recipe.mask_time or recipe.mask_freq:
            return random_grid(clips, patches, recipe.mask_time, recipe.mask_freq, self.device)
        return random_patches(clips, patches, round(patches * (1 - recipe.token_drop)), self.device)

    def loss(self, step: int, part: Batch) -> dict[str, Tensor]:
        self.student.train()
        recipe, model = self.recipe, self.model
        draw = random.Random(recipe.seed * 7919 + step)
        keep_rate, score = draw_keep_rate(recipe.pruning, self.epoch(step), draw)
        spec, ids = part["spec"], part["ids"]
        if self.pruning_started(step):
            assert ids.shape[1] == model.config.patches, "patches are missing although pruning has started"
        with mixed_precision(self.device):
            # seed=step: the random order differs at every step.
            passed = Entered(model, spec, ids=ids).run(keep_rate, score, recipe.pruning.method, seed=step)
            x = passed.tokens
            logits, teacher_logits = self._answers(x, passed.sizes)
            patches = x[:, model.config.prefix :]
            pooled = pooled_features(model, x) if "tags" in part else None
        figures = {"loss": logits.new_zeros(()), "keep_rate": torch.tensor(keep_rate)}
        if recipe.classes == "labels":
            label_loss = self._against_labels(logits, part["targets"])
            figures |= {"loss": recipe.label_weight * label_loss, "label_loss": label_loss}
            if self.teacher:
                figures |= self._lesson(step, part, patches, teacher_logits, label_loss)
        if pooled is not None:
            figures |= self._against_answers(part, pooled, logits, figures["loss"])
        return figures

    def _answers(self, x: Tensor, sizes: Tensor | None) -> tuple[Tensor, Tensor]:
        """Logits that learn the labels, and logits that learn the teacher's answers.

        ``sizes`` are the sizes of merged tokens; the readout weighs tokens by size, as in a test.
        """
        model = self.model
        if self.recipe.distil.to == "readout":
            extra = () if sizes is None else (sizes,)
            logits = model.readout(x, *extra).float()
            return logits, logits
        tokens = model.vit.norm(x)
        return model.head(tokens[:, 0]).float(), model.head(tokens[:, 1]).float()

    def _against_labels(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Mean over the batch; cross-entropy weighs each clip by the sum of its targets."""
        if self.recipe.loss == "bce":
            return binary_cross_entropy_with_logits(logits, targets)
        share, smoothing = targets.sum(1, keepdim=True), self.recipe.label_smoothing
        soft = (1 - smoothing) * targets + smoothing * share / targets.shape[1]
        return -(soft * logits.log_softmax(1)).sum() / share.sum().clamp(min=1e-3)

    def _against_answers(
        self, part: Batch, pooled: Tensor, logits: Tensor, label_loss: Tensor
    ) -> dict[str, Tensor]:
        """The losses against the tagger's stored answers; "loss" includes them."""
        with mixed_precision(self.device):
            tag_logits, embedding = self.student.heads(pooled)
        own = logits if tag_logits is None else tag_logits
        figures = lesson_losses(self.recipe.answers, part, self.tag_spread, own, embedding)
        return {**figures, "loss": label_loss + figures["loss"]}

    def _lesson(
        self, step: int, part: Batch, patches: Tensor, logits: Tensor, label_loss: Tensor
    ) -> dict[str, Tensor]:
        """The losses against the CNN teacher; "loss" includes them."""
        distil = self.recipe.distil
        with torch.no_grad(), mixed_precision(self.device):
            taught, maps = self.teacher(part["mel"])
        taught, maps = taught.float(), maps.float()
        if self.recipe.loss == "bce":
            soft = binary_cross_entropy_with_logits(logits, taught.sigmoid())
        else:
            soft = kl_div(
                logits.log_softmax(1), taught.log_softmax(1), reduction="batchmean", log_target=True
            )
        figures = {"soft_loss": soft, "loss": (1 - distil.labels) * label_loss + distil.labels * soft}
        if distil.features and not self.pruning_started(step):
            with mixed_precision(self.device):
                matched = self.student.project(patches).float()
            at_patches = maps.gather(1, part["ids"][..., None].expand(-1, -1, maps.shape[-1]))
            figures["map_loss"] = smooth_l1_loss(matched, layer_norm(at_patches, at_patches.shape[-1:]))
            figures["loss"] = figures["loss"] + distil.features * figures["map_loss"]
        return figures

    def after_step(self, step: int) -> None:
        self.average.update(self.model, step=step)

    def after_epoch(self, epoch: int) -> dict[str, float]:
        module, config = self.average.module, self.model.config
        results = {}
        for keep_rate in (1.0, 0.5):

            def classify(mel: Tensor, keep_rate: float = keep_rate) -> Tensor:
                return module(normalise(mel, config.mean, config.std), keep_rate).logits

            if self.recipe.classes == "tags":
                at_rate = tag_agreement(self.features, self.answers, classify, module, self.device)
            else:
                at_rate = split_accuracy(self.features, classify, module, self.device)
            results |= {f"{name}_at_{keep_rate}": value for name, value in at_rate.items()}
        return results
