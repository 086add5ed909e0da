"""The training loop all stages share: order of clips, schedule, checkpoints, log, time limit."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from tpexplore.errors import InputError

from . import augment
from .features import Features
from .recipes import Recipe

SAVE_EVERY_SECONDS = 120


def pick_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def prepare_for_training(model: nn.Module, device: torch.device) -> nn.Module:
    """Move to ``device``; on a CPU use plain attention, whose backward pass is faster there."""
    if device.type == "cpu":
        for module in model.modules():
            if hasattr(module, "fused_attn"):
                module.fused_attn = False
    return model.to(device)


class Clips:
    """Batches of log-mel pictures of one split, with targets, in an order fixed by seed and epoch."""

    def __init__(self, features: Features, split: str, recipe: Recipe, device: torch.device):
        self.rows = features.indices(split)
        if not len(self.rows):
            raise InputError(f"The features hold no clip of the split {split!r}.")
        self.mel = torch.from_numpy(np.ascontiguousarray(features.mel[self.rows]))
        self.lengths = torch.from_numpy(features.lengths[self.rows])
        self.targets = torch.from_numpy(features.targets[self.rows])
        self.classes = self.targets.shape[1]
        self.recipe, self.device = recipe, device
        if device.type == "cuda":
            self.mel = self.mel.to(device)
        counts = self.targets.sum(0).clamp(min=1).double()
        # Square root: rare classes are seen more often, without wearing their few clips out. A clip with
        # several classes counts as its rarest.
        self.weights = (self.targets * counts.rsqrt()).amax(1)

    @property
    def steps_per_epoch(self) -> int:
        return max(1, len(self.rows) // self.recipe.batch)

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Augmented log-mel pictures (batch, frames, 128) and 0/1 targets of one step."""
        epoch, at = divmod(step, self.steps_per_epoch)
        order = torch.multinomial(
            self.weights,
            len(self.rows),
            replacement=True,
            generator=torch.Generator().manual_seed(self.recipe.seed + epoch),
        )
        chosen = order[at * self.recipe.batch : (at + 1) * self.recipe.batch]
        mel = self.mel[chosen.to(self.mel.device)].to(self.device, torch.float32)
        lengths = self.lengths[chosen].to(self.device)
        recipe = self.recipe
        mel = augment.warp(
            mel,
            lengths,
            shift=recipe.shift,
            stretch=recipe.stretch,
            pitch=recipe.pitch,
            pad_share=recipe.pad_share,
        )
        targets = self.targets[chosen].to(self.device, torch.float32)
        return augment.gain(mel, recipe.gain_db), targets


def mean_and_std(features: Features, split: str = "train") -> tuple[float, float]:
    """Mean and standard deviation of the log-mel values of a split, padding left out."""
    total = squares = count = 0.0
    for row in features.indices(split):
        mel = features.mel[row, : features.lengths[row]].astype(np.float64)
        total, squares, count = total + mel.sum(), squares + (mel**2).sum(), count + mel.size
    mean = total / count
    return float(mean), float(math.sqrt(squares / count - mean**2))


def optimisers_for(modules: list[nn.Module], recipe: Recipe) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside transformer blocks, AdamW for everything else.

    Muon [Jordan 2024] orthogonalises each step of a matrix; how much it gains over AdamW on these models
    has not been measured here.
    """
    matrices, decayed, plain = [], [], []
    for module in modules:
        for name, parameter in module.named_parameters():
            if not parameter.requires_grad:
                continue
            if ".blocks." in f".{name}" and parameter.ndim == 2:
                matrices.append(parameter)
            elif parameter.ndim >= 2 and "pos_embed" not in name and "token" not in name:
                decayed.append(parameter)
            else:
                plain.append(parameter)
    adam = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": plain, "weight_decay": 0.0}],
        lr=recipe.lr,
        betas=(0.9, 0.98),
    )
    if not matrices:
        return [adam]
    # match_rms_adamw scales Muon's steps to AdamW's size, so that one learning rate serves both.
    muon = torch.optim.Muon(
        matrices, lr=recipe.lr, weight_decay=recipe.weight_decay, adjust_lr_fn="match_rms_adamw"
    )
    return [muon, adam]


def lr_factor(step: int, steps: int, warmup: int) -> float:
    """Share of the peak learning rate at one step: linear warm-up, then a half cosine to 0."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


def train(
    *,
    folder: Path,
    recipe: Recipe,
    steps: int,
    steps_per_epoch: int,
    trained: dict[str, nn.Module],
    averaged: dict[str, nn.Module] | None = None,
    loss_at: Callable[[int], dict[str, Tensor]],
    after_step: Callable[[int], None] = lambda step: None,
    each_epoch: Callable[[], dict[str, float]] = dict,
    minutes: float | None = None,
) -> bool:
    """Run the steps that are left, from the last checkpoint on if there is one.

    Parameters
    ----------
    folder : Path
        Holds last.pt (the newest checkpoint) and log.jsonl.
    trained, averaged : dict of name -> module
        What the optimisers step, and what only follows; both are saved under these names.
    loss_at : step -> dict with "loss" and further figures to log
    after_step : called with each finished step
    each_epoch : figures to log at the end of each epoch
    minutes : float, optional
        Stop, saved, after this long.

    Returns
    -------
    bool
        Whether all steps are done.
    """
    folder.mkdir(parents=True, exist_ok=True)
    optimisers = optimisers_for(list(trained.values()), recipe)
    modules = {**trained, **(averaged or {})}
    started, spent_before, first = time.monotonic(), 0.0, 0
    state = load_checkpoint(folder)
    if state:
        for name, module in modules.items():
            module.load_state_dict(state["modules"][name])
        for optimiser, saved in zip(optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        first, spent_before = state["step"], state["seconds"]
    trainable = [p for o in optimisers for group in o.param_groups for p in group["params"]]
    warmup = round(recipe.warmup * steps_per_epoch)
    saved_at = time.monotonic()
    recent: list[dict[str, float]] = []

    def save(step: int) -> None:
        save_checkpoint(
            folder,
            {
                "step": step,
                "seconds": spent_before + time.monotonic() - started,
                "modules": {name: m.state_dict() for name, m in modules.items()},
                "optimisers": [o.state_dict() for o in optimisers],
            },
        )

    for step in tqdm(range(first, steps), initial=first, total=steps, desc=folder.name, mininterval=5):
        if minutes is not None and time.monotonic() - started > minutes * 60:
            save(step)
            return False
        torch.manual_seed(recipe.seed * 1_000_003 + step)
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = recipe.lr * lr_factor(step, steps, warmup)
        figures = loss_at(step)
        figures["loss"].backward()
        torch.nn.utils.clip_grad_norm_(trainable, 3.0)
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        after_step(step)
        recent.append({k: float(v.detach() if isinstance(v, Tensor) else v) for k, v in figures.items()})
        if (step + 1) % steps_per_epoch == 0 or step + 1 == steps:
            line = {"epoch": round((step + 1) / steps_per_epoch, 2), "step": step + 1}
            line |= {k: round(float(np.mean([r[k] for r in recent if k in r])), 4) for k in recent[-1]}
            line |= each_epoch()
            line["minutes"] = round((spent_before + time.monotonic() - started) / 60, 2)
            append_log(folder, line)
            recent = []
        if time.monotonic() - saved_at > SAVE_EVERY_SECONDS:
            save(step + 1)
            saved_at = time.monotonic()
    save(steps)
    return True


def save_checkpoint(folder: Path, state: dict) -> None:
    """Write last.pt whole or not at all: to a temporary file first, flushed to disk, then renamed."""
    temporary = folder / "last.pt.part"
    with temporary.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder / "last.pt")


def load_checkpoint(folder: Path) -> dict | None:
    """The newest checkpoint of a run, or None if it has none yet."""
    path = folder / "last.pt"
    if not path.exists():
        return None
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise InputError(f"{path} cannot be read ({error}); delete it to start this run anew.") from error


def describe_run(folder: Path) -> dict:
    """A run's recipe and the last line of its log, for the cards of what was made from it."""
    return {
        "recipe": json.loads((folder / "recipe.json").read_text()),
        **json.loads((folder / "run.json").read_text()),
        "last": json.loads((folder / "log.jsonl").read_text().splitlines()[-1]),
    }


def append_log(folder: Path, line: dict) -> None:
    with (folder / "log.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")
    tqdm.write(json.dumps(line))
