"""How good a model is during training: on the validation split, after every epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from training.data.answers import StoredAnswers
from training.data.features import Features
from training.scoring.scores import scorer_for
from training.system import parallel
from training.system.precision import mixed_precision


@torch.inference_mode()
def split_accuracy(
    features: Features,
    classify: Callable[[Tensor], Tensor],
    model: nn.Module,
    device: torch.device,
    split: str = "valid",
    batch: int = 256,
) -> dict[str, float]:
    """Accuracy (multi-label: mAP) of ``classify`` (log-mel -> logits) on a split during training.

    {} if the dataset has no such split.
    """
    rows = features.indices(split)
    if not len(rows):
        return {}
    model.eval()
    scorer = scorer_for(features, rows)
    kept = [scorer.keep(logits) for logits in _logits_of(features, rows, classify, device, batch)]
    return {f"{split}_{scorer.short}": round(scorer.value(np.concatenate(kept)), 4)}


@torch.inference_mode()
def tag_agreement(
    features: Features,
    answers: StoredAnswers,
    classify: Callable[[Tensor], Tensor],
    model: nn.Module,
    device: torch.device,
    split: str = "valid",
    batch: int = 256,
) -> dict[str, float]:
    """Share of a split's clips with the same first tag as the tagger's; {} without such clips."""
    rows = features.indices(split)
    if not len(rows):
        return {}
    model.eval()
    first = [logits.argmax(1).cpu() for logits in _logits_of(features, rows, classify, device, batch)]
    same = torch.cat(first).numpy() == answers.logits[rows].argmax(1)
    return {f"{split}_first_tag": round(float(same.mean()), 4)}


def _logits_of(
    features: Features,
    rows: np.ndarray,
    classify: Callable[[Tensor], Tensor],
    device: torch.device,
    batch: int,
) -> Iterator[Tensor]:
    for start in range(0, len(rows), batch):
        mel = torch.from_numpy(features.mel[rows[start : start + batch]].astype(np.float32)).to(device)
        with mixed_precision(device):
            yield classify(mel)


def say_if_unmeasured(features: Features, split: str = "valid") -> None:
    """If a training will report no accuracy, print why."""
    if parallel.is_main() and not len(features.indices(split)):
        print(
            f"No accuracy is reported: the features hold no clip of the split {split!r}. Add clips to it,"
            " or run python -m training.evaluate afterwards."
        )
