"""The training loop all stages share: steps, processes, checkpoints, log, time limit."""

from __future__ import annotations

import json
import math
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor, nn
from tqdm import tqdm

from tpexplore.command_line import Interrupted, discard_output
from tpexplore.errors import InputError
from tpexplore.writing import append_line
from training.engine.checkpoint import load_checkpoint, save_checkpoint, trim_log
from training.engine.optimise import learning_rate, optimisers_for
from training.engine.signals import kept_signals
from training.recipes.settings import Recipe
from training.system import parallel

SAVE_EVERY_SECONDS = 120

Batch = dict[str, Tensor]
"""Tensors of one step, all with the same first axis."""


class TrainingStage(Protocol):
    """What each kind of training adds to the loop.

    Attributes
    ----------
    recipe : Recipe
    steps_per_epoch : int
    trained, averaged : dict of name -> module
        Modules that the optimisers train, and averages that follow them; saved under these names.
    """

    recipe: Recipe
    steps_per_epoch: int
    trained: dict[str, nn.Module]
    averaged: dict[str, nn.Module]

    def draw(self, step: int) -> Batch:
        """The whole batch of one step, augmented; the same in every process."""

    def loss(self, step: int, part: Batch) -> dict[str, Tensor]:
        """Mean "loss" over a part of the batch, and further figures to log."""

    def after_step(self, step: int) -> None:
        """Called after the optimisers' step."""

    def after_epoch(self, epoch: int) -> dict[str, float]:
        """Figures to log at the end of an epoch; called in the main process only."""


@dataclass(frozen=True)
class TrainingRun:
    """Where and how a stage is run.

    Attributes
    ----------
    folder : Path
        Holds last.pt (the newest checkpoint), previous.pt and log.jsonl.
    minutes : float, optional
        Save and stop after this long.
    accumulate : int
        Parts that each process cuts its share of a batch into, one after the other.
    """

    folder: Path
    minutes: float | None = None
    accumulate: int = 1
    started: float = field(default_factory=time.monotonic)

    def out_of_time(self) -> bool:
        return self.minutes is not None and time.monotonic() - self.started > self.minutes * 60


def pick_device() -> torch.device:
    """This process's GPU, or the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device("cpu")


def train(stage: TrainingStage, run: TrainingRun) -> bool:
    """Run the remaining steps, from the last checkpoint if there is one.

    Under torchrun every process takes its share of each batch and gradients are added up, so that the
    weights stay the same everywhere. Batch norm sees each process's share alone.

    Returns
    -------
    bool
        Whether all steps are done.

    Raises
    ------
    Interrupted
        On Ctrl-C, SIGTERM or a closed terminal, after everything is saved.
    """
    recipe, folder = stage.recipe, run.folder
    folder.mkdir(parents=True, exist_ok=True)
    steps = round(recipe.epochs * stage.steps_per_epoch)
    if steps < 1:
        raise InputError(f"The recipe's epochs = {recipe.epochs} is less than one step; expected more.")
    optimisers = optimisers_for(list(stage.trained.values()), recipe.optimiser)
    modules = {**stage.trained, **stage.averaged}
    first, spent_before = 0, 0.0
    if state := load_checkpoint(folder):
        try:
            for name, module in modules.items():
                module.load_state_dict(state["modules"][name])
            for optimiser, saved in zip(optimisers, state["optimisers"], strict=True):
                optimiser.load_state_dict(saved)
            first, spent_before = state["step"], state["seconds"]
        except (RuntimeError, KeyError, ValueError, TypeError) as error:
            raise InputError(
                f"{folder} holds a checkpoint of another model; choose another folder."
            ) from error
    if parallel.is_main():
        trim_log(folder, first)
    if state and first >= steps:
        return True
    groups = [group for optimiser in optimisers for group in optimiser.param_groups]
    trainable = [parameter for group in groups for parameter in group["params"]]
    saved_at = time.monotonic()
    recent: dict[str, list[float]] = defaultdict(list)

    def spent() -> float:
        return spent_before + time.monotonic() - run.started

    def save(step: int) -> None:
        if parallel.is_main():
            state = {
                "step": step,
                "seconds": spent(),
                "modules": {name: m.state_dict() for name, m in modules.items()},
                "optimisers": [o.state_dict() for o in optimisers],
            }
            save_checkpoint(folder, state)

    about = {"initial": first, "total": steps, "desc": folder.name, "mininterval": 5}
    progress = tqdm(range(first, steps), **about, disable=not parallel.is_main())
    with kept_signals() as signals, progress:
        for step in progress:
            if parallel.agree(bool(signals) or run.out_of_time()):
                save(step)
                if signals:
                    raise Interrupted(
                        f"Stopped at step {step} of {steps}, saved in {folder}; the same command goes on"
                        " from there.",
                        signals[0],
                    )
                return False
            for group in groups:
                rate = learning_rate(step, steps, stage.steps_per_epoch, recipe.optimiser.lr, recipe.schedule)
                group["lr"] = rate * group["scale"]
            figures = gradients_of_step(stage, run, step, trainable)
            if not math.isfinite(figures["loss"]):
                raise InputError(
                    f"The loss of step {step + 1} is {figures['loss']}: training cannot go on. Choose a lower"
                    " lr in the recipe, and another folder."
                )
            for name, value in figures.items():
                recent[name].append(value)
            if recipe.optimiser.clip_norm:
                nn.utils.clip_grad_norm_(trainable, recipe.optimiser.clip_norm)
            for optimiser in optimisers:
                optimiser.step()
                optimiser.zero_grad(set_to_none=True)
            stage.after_step(step)
            if (step + 1) % stage.steps_per_epoch == 0 or step + 1 == steps:
                if parallel.is_main():
                    means = {name: round(sum(v) / len(v), 4) for name, v in recent.items()}
                    epoch = round((step + 1) / stage.steps_per_epoch, 2)
                    line = {"epoch": epoch, "step": step + 1, **means, **stage.after_epoch(round(epoch))}
                    append_log(folder, {**line, "minutes": round(spent() / 60, 2)})
                recent.clear()
            if time.monotonic() - saved_at > SAVE_EVERY_SECONDS:
                save(step + 1)
                saved_at = time.monotonic()
    save(steps)
    parallel.barrier()  # no process reads the run before it is saved
    return True


def gradients_of_step(
    stage: TrainingStage, run: TrainingRun, step: int, trainable: list[nn.Parameter]
) -> dict[str, float]:
    """Gradients of one step on ``trainable``, and this process's figures.

    The parts and their random numbers depend only on the total number of parts: two processes do what one
    does with ``accumulate`` doubled.
    """
    seed = stage.recipe.seed * 1_000_003 + step
    torch.manual_seed(seed)
    whole = stage.draw(step)
    size = len(next(iter(whole.values())))
    parts = parallel.world_size() * run.accumulate
    if size < parts:
        raise InputError(f"A batch of {size} clips cannot be cut into {parts} parts; use fewer processes.")
    pieces = [torch.arange(part, size, parts) for part in range(parts)]
    figures: dict[str, float] = defaultdict(float)
    for part in parallel.shard(parts):
        torch.manual_seed(seed * 1009 + part)
        at = pieces[part].to(whole["mel"].device)
        share = len(at) / size
        losses = stage.loss(step, {name: values[at] for name, values in whole.items()})
        (losses["loss"] * share).backward()
        for name, value in losses.items():
            figures[name] += float(value.detach()) * share * parallel.world_size()
    parallel.sum_gradients(trainable)
    return figures


def append_log(folder: Path, line: dict) -> None:
    append_line(folder / "log.jsonl", json.dumps(line))
    try:
        tqdm.write(json.dumps(line))
    except OSError:  # the terminal or the reader, as in ``| tee``, is gone; training continues
        discard_output()
