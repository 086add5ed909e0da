"""Accuracy during training, and its confidence interval."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from .features import Features


@torch.inference_mode()
def split_accuracy(
    features: Features,
    classify: Callable[[Tensor], Tensor],
    model: nn.Module,
    device: torch.device,
    split: str = "valid",
    batch: int = 256,
) -> dict[str, float]:
    """Accuracy of ``classify`` (log-mel -> logits) on a split; {} where the dataset has no such split."""
    rows = features.indices(split)
    if not len(rows):
        return {}
    model.eval()
    right = 0
    for start in range(0, len(rows), batch):
        part = rows[start : start + batch]
        mel = torch.from_numpy(features.mel[part].astype(np.float32)).to(device)
        with torch.autocast(device.type, torch.bfloat16):
            answer = classify(mel).argmax(1).cpu().numpy()
        right += int((answer == features.labels[part]).sum())
    return {f"{split}_accuracy": round(right / len(rows), 4)}


def wilson_interval(right: int, n: int) -> tuple[float, float]:
    """95 % Wilson score interval of a proportion ``right / n``."""
    z = 1.959963984540054
    p = right / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return centre - half, centre + half
