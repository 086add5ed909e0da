"""Masked auto-encoding of log-mel pictures, as in AudioMAE [Huang 2022], plus a tagger's answers."""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image
from timm.layers import build_sincos2d_pos_embed
from timm.models.vision_transformer import Block
from torch import Tensor, nn

from tpexplore.errors import InputError
from tpexplore.model.config import ModelConfig
from tpexplore.model.macs import HEAD_WIDTH
from tpexplore.model.pruning import take_patches
from tpexplore.model.vit import AudioViT
from tpexplore.signal.grid import PATCH
from tpexplore.signal.spectrogram import ROWS, normalise, patches_of
from tpexplore.writing import whole_file
from training.data.answers import StoredAnswers
from training.data.clips import Clips, mean_and_std
from training.data.features import Features
from training.data.training_data import NO_ANSWERS
from training.engine.initialise import place_positions, sample_specs, start_from, whiten_patches
from training.engine.lessons import TaggerHeads, begin_head_at, lesson_losses, tag_statistics, with_tags
from training.engine.loop import Batch, pick_device
from training.engine.on_cpu import prepare_for_training
from training.engine.patches import random_patches
from training.engine.student import pooled_features
from training.recipes.settings import PretrainRecipe, StoredLessons
from training.system.precision import mixed_precision

PICTURE_CLIPS = 4


class Decoder(nn.Module):
    """Narrow transformer that fills masked patches in."""

    def __init__(self, recipe: PretrainRecipe, config: ModelConfig):
        super().__init__()
        dim = recipe.decoder_dim
        if dim % HEAD_WIDTH:
            raise InputError(f"The recipe's decoder_dim is {dim}; expected a multiple of {HEAD_WIDTH}.")
        self.enter = nn.Linear(config.dim, dim)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, dim))
        grid = build_sincos2d_pos_embed([config.grid.columns, config.grid.rows], dim=dim)
        self.register_buffer("positions", grid.reshape(1, -1, dim))
        heads = max(1, dim // HEAD_WIDTH)
        self.blocks = nn.ModuleList(Block(dim, heads, qkv_bias=True) for _ in range(recipe.decoder_depth))
        self.norm = nn.LayerNorm(dim)
        self.predict = nn.Linear(dim, PATCH * PATCH)

    def forward(self, visible: Tensor, ids: Tensor) -> Tensor:
        """Encoded visible patches (batch, k, dim) and their ids -> all patches (batch, patches, 256)."""
        tokens = self.enter(visible)
        x = self.mask_token.to(tokens.dtype).expand(len(tokens), self.positions.shape[1], -1)
        x = x.scatter(1, ids[..., None].expand(-1, -1, tokens.shape[-1]), tokens) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.predict(self.norm(x))


def masked_loss(prediction: Tensor, spec: Tensor, visible: Tensor) -> Tensor:
    """Mean squared error on masked patches, each target patch normalised to mean 0 and std 1."""
    target = patches_of(spec)
    target = (target - target.mean(-1, keepdim=True)) / (target.var(-1, keepdim=True) + 1e-2).sqrt()
    error = (prediction.float() - target).square().mean(-1)
    masked = torch.ones_like(error).scatter(1, visible, 0.0)
    return (error * masked).sum() / masked.sum()


class PretrainStage:
    """Training of an AudioMAE encoder without labels, see `training.engine.loop.TrainingStage`."""

    def __init__(
        self,
        features: Features,
        recipe: PretrainRecipe,
        folder: Path,
        init: str | None = None,
        answers: StoredAnswers | None = None,
    ):
        self.learns_answers = recipe.answers != StoredLessons()
        if self.learns_answers and answers is None:
            raise InputError(NO_ANSWERS)
        self.recipe, self.folder, self.device = recipe, folder, pick_device()
        self.clips = Clips(
            features, "train", recipe, self.device, answers, labelled_share=recipe.answers.labelled_share
        )
        self.steps_per_epoch = self.clips.steps_per_epoch
        mean, std = mean_and_std(features)
        self.config = ModelConfig(
            "audiomae", features.meta["frames"], recipe.dim, recipe.depth, self.clips.classes, mean, std
        )
        self.keep = round(self.config.patches * (1 - recipe.mask))
        if not 0 < self.keep < self.config.patches:
            raise InputError(
                f"The recipe's mask of {recipe.mask} leaves {self.keep} of {self.config.patches} patches;"
                " expected some to see and some to fill in."
            )
        torch.manual_seed(recipe.seed)
        model, decoder = AudioViT(self.config), Decoder(recipe, self.config)
        specs = sample_specs(features.mel, self.clips.rows, mean, std)
        if init:
            start_from(model, init)
        else:
            whiten_patches(model, specs)
            place_positions(model)
        for part in (model.vit.head, model.vit.fc_norm):
            part.requires_grad_(False)
        model.vit.pos_embed.requires_grad_(False)
        self.encoder = prepare_for_training(model, self.device)
        self.decoder = prepare_for_training(decoder, self.device)
        self.trained, self.averaged = {"encoder": self.encoder, "decoder": self.decoder}, {}
        if self.learns_answers:
            heads = TaggerHeads(recipe.dim, recipe.answers, answers.embeddings.shape[1])
            mean, spread = tag_statistics(answers, self.clips.rows)
            if heads.tag_head is not None:
                begin_head_at(heads.tag_head, mean)
            self.tag_spread = spread.to(self.device)
            self.trained["heads"] = prepare_for_training(heads, self.device)
        self.shown = specs[:PICTURE_CLIPS].to(self.device)

    def draw(self, step: int) -> Batch:
        batch = with_tags(self.clips.batch(step))
        visible = random_patches(len(batch["mel"]), self.config.patches, self.keep, self.device)
        return {**batch, "visible": visible}

    def loss(self, step: int, part: Batch) -> dict[str, Tensor]:
        spec = normalise(part["mel"], self.config.mean, self.config.std)
        with mixed_precision(self.device):
            x = self.encode(spec, part["visible"])
            prediction = self.decode(x, part["visible"])
            answers = self.trained["heads"](pooled_features(self.encoder, x)) if self.learns_answers else ()
        filling = masked_loss(prediction, spec, part["visible"])
        if not self.learns_answers:
            return {"loss": filling}
        figures = lesson_losses(self.recipe.answers, part, self.tag_spread, *answers)
        return {**figures, "fill_loss": filling, "loss": filling + figures["loss"]}

    def encode(self, spec: Tensor, visible: Tensor) -> Tensor:
        """Visible patches of pictures after the last block, prefix tokens first."""
        x = take_patches(self.encoder.embed(spec), visible, self.config.prefix)
        return self.encoder.run_blocks(x, 1, self.config.depth)

    def decode(self, x: Tensor, visible: Tensor) -> Tensor:
        """All patches (batch, patches, 256), each normalised, from `encode`'s tokens."""
        return self.decoder(x[:, self.config.prefix :], visible)

    def after_step(self, step: int) -> None:
        pass

    def after_epoch(self, epoch: int) -> dict[str, float]:
        if epoch % self.recipe.picture_every == 0:
            self.draw_picture(self.folder / f"epoch-{epoch:03d}.png")
        return {}

    @torch.inference_mode()
    def draw_picture(self, path: Path) -> None:
        """Original, visible part and reconstruction of a few training clips, as one PNG."""
        generator = torch.Generator().manual_seed(self.recipe.seed)
        order = torch.rand(len(self.shown), self.config.patches, generator=generator).argsort(1)
        visible = order[:, : self.keep].sort(1).values.to(self.device)
        with mixed_precision(self.device):
            predicted = self.decode(self.encode(self.shown, visible), visible)
        filled = fill_in(predicted.float(), self.shown, visible)
        blank = torch.zeros(len(self.shown), self.config.patches, dtype=torch.bool, device=self.device)
        hidden = ~blank.scatter(1, visible, True)
        masked = pictures_of(patches_of(self.shown).masked_fill(hidden[..., None], self.shown.min()))
        rows = [torch.cat(list(kind.transpose(1, 2).flip(1)), 1) for kind in (self.shown, masked, filled)]
        grey = torch.cat(rows).cpu()
        grey = (grey - grey.min()) / (grey.max() - grey.min()) * 255
        with whole_file(path) as file:
            Image.fromarray(grey.to(torch.uint8).numpy()).save(file, "PNG")


def fill_in(prediction: Tensor, spec: Tensor, visible: Tensor) -> Tensor:
    """Pictures (batch, frames, 128) with masked patches as predicted, at each true patch's level and spread.

    The training target is normalised patch by patch, so level and spread are not predicted.
    """
    true = patches_of(spec)
    spread = (true.var(-1, keepdim=True) + 1e-2).sqrt()
    filled = prediction * spread + true.mean(-1, keepdim=True)
    blank = torch.zeros(true.shape[:2], dtype=torch.bool, device=true.device)
    is_visible = blank.scatter(1, visible, True)
    return pictures_of(torch.where(is_visible[..., None], true, filled))


def pictures_of(patches: Tensor) -> Tensor:
    """Inverse of `patches_of`: (batch, patches, 256) -> (batch, frames, 128)."""
    grid = patches.unflatten(1, (-1, ROWS)).unflatten(3, (PATCH, PATCH))
    return grid.transpose(2, 3).flatten(3).flatten(1, 2)
