"""Masked auto-encoding of log-mel pictures, AudioMAE's way [Huang 2022].

python -m training.pretrain FEATURES [MORE_FEATURES …] --recipe pretrain-spc12 --out runs/pretrain-spc12
"""

from __future__ import annotations

from pathlib import Path

import torch
from timm.layers import build_sincos2d_pos_embed
from timm.models.vision_transformer import Block
from torch import Tensor, nn

from tpexplore.pruning import take_patches
from tpexplore.spectrogram import PATCH, ROWS, normalise, patches_of
from tpexplore.vit import HEAD_WIDTH, AudioViT, ModelConfig

from .command import run_command, stage_arguments
from .features import Features, join_features, read_features
from .initialise import place_positions, sample_specs, start_from, whiten_patches
from .loop import Clips, mean_and_std, pick_device, prepare_for_training, train
from .recipes import PretrainRecipe, load_recipe


class Decoder(nn.Module):
    """Narrow transformer that fills masked patches in."""

    def __init__(self, recipe: PretrainRecipe, config: ModelConfig):
        super().__init__()
        dim = recipe.decoder_dim
        self.enter = nn.Linear(config.dim, dim)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, dim))
        grid = build_sincos2d_pos_embed([config.frames // PATCH, ROWS], dim=dim)
        self.register_buffer("positions", grid.reshape(1, -1, dim))
        heads = max(1, dim // HEAD_WIDTH)
        self.blocks = nn.ModuleList(Block(dim, heads, qkv_bias=True) for _ in range(recipe.decoder_depth))
        self.norm = nn.LayerNorm(dim)
        self.predict = nn.Linear(dim, PATCH * PATCH)

    def forward(self, visible: Tensor, ids: Tensor) -> Tensor:
        """Encoded visible patches (batch, k, dim) and their ids -> all patches (batch, patches, 256)."""
        seen = self.enter(visible)
        x = self.mask_token.to(seen.dtype).expand(len(seen), self.positions.shape[1], -1)
        x = x.scatter(1, ids[..., None].expand(-1, -1, seen.shape[-1]), seen) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.predict(self.norm(x))


def random_patches(batch: int, patches: int, keep: int, device: torch.device) -> Tensor:
    """Ids of ``keep`` random patches per clip, ascending, (batch, keep)."""
    return torch.rand(batch, patches, device=device).argsort(1)[:, :keep].sort(1).values


def masked_loss(prediction: Tensor, spec: Tensor, visible: Tensor) -> Tensor:
    """Mean squared error on masked patches, each target patch normalised to mean 0 and std 1."""
    target = patches_of(spec)
    target = (target - target.mean(-1, keepdim=True)) / (target.var(-1, keepdim=True) + 1e-2).sqrt()
    error = (prediction.float() - target).square().mean(-1)
    masked = torch.ones_like(error).scatter(1, visible, 0.0)
    return (error * masked).sum() / masked.sum()


def pretrain(
    features: Features,
    recipe: PretrainRecipe,
    folder: Path,
    *,
    init: str | None = None,
    minutes: float | None = None,
) -> bool:
    """Train an AudioMAE encoder until the recipe's epochs are done; True when they are."""
    device = pick_device()
    mean, std = mean_and_std(features)
    clips = Clips(features, "train", recipe, device)
    config = ModelConfig(
        "audiomae", features.meta["frames"], recipe.dim, recipe.depth, clips.classes, mean, std
    )
    torch.manual_seed(recipe.seed)
    model, decoder = AudioViT(config), Decoder(recipe, config)
    if init:
        start_from(model, init)
    else:
        whiten_patches(model, sample_specs(features.mel, clips.rows, mean, std))
        place_positions(model)
    model.vit.pos_embed.requires_grad_(False)
    model.vit.head.requires_grad_(False)
    model.vit.fc_norm.requires_grad_(False)
    encoder, decoder = prepare_for_training(model, device), prepare_for_training(decoder, device)
    keep = round(config.patches * (1 - recipe.mask))

    def loss_at(step: int) -> dict[str, Tensor]:
        mel, _ = clips.batch(step)
        spec = normalise(mel, mean, std)
        visible = random_patches(len(spec), config.patches, keep, device)
        with torch.autocast(device.type, torch.bfloat16):
            x = take_patches(encoder.embed(spec), visible, config.prefix)
            x = encoder.run_blocks(x, 1, config.depth)
            prediction = decoder(x[:, config.prefix :], visible)
        return {"loss": masked_loss(prediction, spec, visible)}

    return train(
        folder=folder,
        recipe=recipe,
        steps=round(recipe.epochs * clips.steps_per_epoch),
        steps_per_epoch=clips.steps_per_epoch,
        trained={"encoder": encoder, "decoder": decoder},
        loss_at=loss_at,
        minutes=minutes,
    )


def main() -> None:
    parser = stage_arguments(__doc__, "training.pretrain", several=True)
    parser.add_argument("--init", help="start from this bundled model, checkpoint or run folder")
    args = parser.parse_args()
    recipe = load_recipe(args.recipe, PretrainRecipe)
    features = join_features([read_features(folder) for folder in args.features])
    pretrain(features, recipe, args.prepare(recipe), init=args.init, minutes=args.minutes)


if __name__ == "__main__":
    run_command(main)
