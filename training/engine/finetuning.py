"""Supervised training of an AudioMAE or AST, first unpruned, then pruning."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from timm.utils import ModelEmaV3
from torch import Tensor, nn
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    kl_div,
    layer_norm,
    smooth_l1_loss,
)

from tpexplore.errors import InputError
from tpexplore.model.forward import Entered
from tpexplore.model.plan import KEEP_RATES, check_keep_rate, check_score, scheduled_keep_rate
from tpexplore.model.vit import AudioViT, ModelConfig
from tpexplore.signal.spectrogram import normalise
from tpexplore.writing import write_json
from training.data import augment
from training.data.answers import StoredAnswers, as_tags, join_answers, read_answers
from training.data.clips import Clips, mean_and_std
from training.data.features import Features, add_unlabelled, read_features
from training.engine import parallel
from training.engine.identity import describe_run
from training.engine.initialise import (
    describe_start,
    place_positions,
    sample_specs,
    start_from,
    whiten_patches,
)
from training.engine.loop import Batch, pick_device, prepare_for_training
from training.engine.patches import random_grid, random_patches
from training.engine.tagger import TAGS
from training.engine.teacher import Teacher, load_teacher
from training.measure.scores import split_accuracy, tag_agreement
from training.recipes.settings import ELASTIC, FinetuneRecipe, Pruning, StoredLessons

NO_ANSWERS = "The recipe learns from stored answers; run python -m training.answers first."
SMALLEST_SPREAD = 0.05
"""In logits; a tag on which all clips agree must not outweigh the others."""


def draw_keep_rate(pruning: Pruning, epoch: float, draw: random.Random) -> tuple[float, str]:
    """Keep-rate and score of one step.

    The keep-rate is 1.0 before pruning starts, then falls along EViT's cosine. A fixed one ends where the
    recipe says; "elastic" draws any rate of the slider above that floor, so that one checkpoint serves
    every keep-rate.
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
    tag_head, embedding_head
        Answer as a tagger does, from the features that the model classifies from. A model whose classes are
        the tags has no separate ``tag_head``.
    """

    def __init__(
        self, model: AudioViT, teacher: Teacher | None, recipe: FinetuneRecipe, embedding_width: int
    ):
        super().__init__()
        dim, weights = model.config.dim, recipe.answers
        self.model = model
        self.project = nn.Linear(dim, teacher.width) if teacher else None
        own_tags = recipe.classes == "labels" and (weights.tags or weights.tag_logits)
        self.tag_head = nn.Linear(dim, TAGS) if own_tags else None
        self.embedding_head = nn.Linear(dim, embedding_width) if weights.embedding else None


def pooled_features(model: AudioViT, x: Tensor) -> Tensor:
    """Tokens after the last block -> what the model classifies from, (batch, dim), normalised."""
    if model.config.family == "ast":
        pooled = model.vit.norm(x)[:, : model.config.prefix].mean(1)
    else:
        pooled = model.vit.forward_head(model.vit.norm(x), pre_logits=True)
    return layer_norm(pooled, pooled.shape[-1:])


@torch.no_grad()
def begin_at_mean(student: Student, recipe: FinetuneRecipe, logits: Tensor) -> None:
    """Let tags begin at the mean of ``logits`` (clips, 527): from 0, a bias would take thousands of steps."""
    head = student.tag_head
    if recipe.classes == "tags":
        head = student.model.head[1] if recipe.family == "ast" else student.model.vit.head
    if head is not None:
        head.bias.copy_(logits.mean(0))


class FinetuneStage:
    """Supervised training, see `training.engine.loop.Stage`.

    Random dropping of patches and SpecAug regularise until pruning starts; from then on the model sees
    whole pictures, so that what it loses is what the score chose.
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
        self.recipe, self.features, self.answers, self.device = recipe, features, answers, pick_device()
        self.clips = Clips(
            features, "train", recipe, self.device, answers, labelled_share=recipe.answers.labelled_share
        )
        self.steps_per_epoch = self.clips.steps_per_epoch
        self.model = build_model(features, recipe, init)
        self.teacher = None
        if teacher_folder:
            self.teacher = load_teacher(teacher_folder, self.clips.classes).to(self.device)
        student = Student(self.model, self.teacher, recipe, answers.embeddings.shape[1] if answers else 0)
        self.student = prepare_for_training(student, self.device)
        if answers:
            logits = torch.from_numpy(answers.logits[self.clips.rows].astype(np.float32))
            begin_at_mean(student, recipe, logits)
            spread = logits.std(0, correction=0)
            self.tag_spread = spread.clamp(min=SMALLEST_SPREAD).to(self.device)
        self.average = ModelEmaV3(self.model, decay=recipe.ema, use_warmup=recipe.ema > 0)
        self.trained, self.averaged = {"student": self.student}, {"average": self.average}

    def epoch(self, step: int) -> float:
        return step / self.steps_per_epoch

    def pruning_started(self, step: int) -> bool:
        return self.epoch(step) >= self.recipe.pruning.start

    def draw(self, step: int) -> Batch:
        """ "mel" for the teacher, "spec" and "ids" of patches for the model, "targets", stored answers."""
        change, config = self.recipe.augment, self.model.config
        batch = augment.mixup(self._known(step), change.mixup_alpha, change.mixup_share)
        masked = mel = batch["mel"]
        ids = self.model.patch_ids(len(mel))
        if not self.pruning_started(step):
            masked = augment.spec_augment(mel, change.time_mask, change.freq_mask, config.mean)
            ids = self._visible(len(mel))
        spec = normalise(masked, config.mean, config.std)
        if change.noise:
            spec = augment.noise_and_roll(spec)
        return {**batch, "spec": spec, "ids": ids}

    def _known(self, step: int) -> Batch:
        """The clips of a step and what is known of them; of tags the probabilities, as those may be mixed."""
        batch = self.clips.batch(step)
        if "tag_logits" in batch:
            batch["tags"] = batch["tag_logits"].sigmoid()
        return batch

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
        with torch.autocast(self.device.type, torch.bfloat16):
            # A random order is another one at every step.
            x = Entered(model, spec, ids=ids).run(keep_rate, score, recipe.pruning.method, seed=step).tokens
            logits, told_logits = self._answers(x)
            patches = x[:, model.config.prefix :]
            pooled = pooled_features(model, x) if "tags" in part else None
        figures = {"loss": logits.new_zeros(()), "keep_rate": torch.tensor(keep_rate)}
        if recipe.classes == "labels":
            label_loss = self._against_labels(logits, part["targets"])
            figures |= {"loss": recipe.label_weight * label_loss, "label_loss": label_loss}
            if self.teacher:
                figures |= self._lesson(step, part, patches, told_logits, label_loss)
        if pooled is not None:
            figures |= self._against_answers(part, pooled, logits, figures["loss"])
        return figures

    def _answers(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits that learn the labels, and logits that learn the teacher's answers."""
        model = self.model
        if self.recipe.distil.to == "readout":
            logits = model.readout(x).float()
            return logits, logits
        tokens = model.vit.norm(x)
        return model.head(tokens[:, 0]).float(), model.head(tokens[:, 1]).float()

    def _against_labels(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Mean over the batch; a clip counts as far as it is labelled."""
        if self.recipe.loss == "bce":
            return binary_cross_entropy_with_logits(logits, targets)
        share, smoothing = targets.sum(1, keepdim=True), self.recipe.label_smoothing
        soft = (1 - smoothing) * targets + smoothing * share / targets.shape[1]
        return -(soft * logits.log_softmax(1)).sum() / share.sum().clamp(min=1e-3)

    def _against_answers(
        self, part: Batch, pooled: Tensor, logits: Tensor, label_loss: Tensor
    ) -> dict[str, Tensor]:
        """The losses with those against the tagger's stored answers added."""
        weights, student = self.recipe.answers, self.student
        figures, loss = {}, label_loss
        if weights.tags or weights.tag_logits:
            with torch.autocast(self.device.type, torch.bfloat16):
                tag_logits = logits if student.tag_head is None else student.tag_head(pooled).float()
            figures["tag_loss"] = binary_cross_entropy_with_logits(tag_logits, part["tags"])
            off = (tag_logits - part["tag_logits"]) / self.tag_spread
            figures["tag_logit_loss"] = off.square().mean()
            loss = loss + weights.tags * figures["tag_loss"] + weights.tag_logits * figures["tag_logit_loss"]
        if weights.embedding:
            with torch.autocast(self.device.type, torch.bfloat16):
                embedding = student.embedding_head(pooled)
            figures["embedding_loss"] = (embedding.float() - part["embeddings"]).square().mean()
            loss = loss + weights.embedding * figures["embedding_loss"]
        return {**figures, "loss": loss}

    def _lesson(
        self, step: int, part: Batch, patches: Tensor, logits: Tensor, label_loss: Tensor
    ) -> dict[str, Tensor]:
        """The losses with the teacher's part in them."""
        distil = self.recipe.distil
        with torch.no_grad(), torch.autocast(self.device.type, torch.bfloat16):
            told, maps = self.teacher(part["mel"])
        told, maps = told.float(), maps.float()
        if self.recipe.loss == "bce":
            soft = binary_cross_entropy_with_logits(logits, told.sigmoid())
        else:
            soft = kl_div(logits.log_softmax(1), told.log_softmax(1), reduction="batchmean", log_target=True)
        figures = {"soft_loss": soft, "loss": (1 - distil.labels) * label_loss + distil.labels * soft}
        if distil.features and not self.pruning_started(step):
            with torch.autocast(self.device.type, torch.bfloat16):
                matched = self.student.project(patches).float()
            there = maps.gather(1, part["ids"][..., None].expand(-1, -1, maps.shape[-1]))
            figures["map_loss"] = smooth_l1_loss(matched, layer_norm(there, there.shape[-1:]))
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


def changed(
    recipe: FinetuneRecipe, keep_rate: float | None, score: str | None, seed: int | None
) -> FinetuneRecipe:
    """A recipe with what a study varies: the paper trains once per keep-rate, score and seed."""
    pruning = recipe.pruning
    if keep_rate is not None:
        pruning = replace(pruning, keep_rate=check_keep_rate(keep_rate))
    if score is not None:
        pruning = replace(pruning, scores={check_score(score): 1.0})
    return replace(recipe, pruning=pruning, seed=recipe.seed if seed is None else seed)


def note_origins(folder: Path, teacher: Path | None, init: str | None) -> None:
    """Write into a run folder what it was taught by and started from."""
    if parallel.is_main():
        origins = {"teacher": teacher and describe_run(teacher), "start": describe_start(init)}
        write_json(folder / "origins.json", origins)


def training_data(folders: list[Path], classes: str = "labels") -> tuple[Features, StoredAnswers | None]:
    """The first folder's features, with the training clips of the others added without their labels.

    Answers are there if every folder has them, all of one tagger. With "tags" as ``classes`` the tagger's
    tags stand in the place of labels.
    """
    several = [read_features(folder) for folder in folders]
    stored = [read_answers(folder) for folder in folders]
    features, answers = several[0], stored[0]
    if len(folders) > 1:
        rows = [np.arange(len(several[0].files)), *(f.indices("train") for f in several[1:])]
        features, answers = add_unlabelled(several[0], several[1:]), join_answers(stored, rows)
    if classes == "tags":
        if answers is None:
            raise InputError(NO_ANSWERS)
        features = as_tags(features, answers)
    return features, answers
