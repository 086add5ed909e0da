"""Time of exported models, pruned over unpruned: what `training.export_speed` measures."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tpexplore.checkpoints.export import INPUT, export
from tpexplore.model.config import ModelConfig
from tpexplore.model.vit import AudioViT
from tpexplore.results.store import entries, find, read_json
from tpexplore.signal.mel import MEL_BINS
from tpexplore.signal.spectrogram import AUDIOSET_NORMALISATION

RATES = (0.7, 0.5)
VIT_B = "ViT-B AudioMAE"


def vit_b() -> AudioViT:
    """ViT-B at 512 patches with seeded random weights: time does not depend on them."""
    torch.manual_seed(0)
    return AudioViT(ModelConfig("audiomae", 1024, 768, 12, 527, *AUDIOSET_NORMALISATION, name=VIT_B)).eval()


def measure(model: AudioViT, runs: int, folder: Path) -> dict[str, Any]:
    """Median milliseconds of the unpruned file, and every keep-rate's median ratio to it."""
    import onnxruntime

    config = model.config
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # all work is in this thread, whose time excludes other work
    spec = np.random.default_rng(0).standard_normal((1, config.frames, MEL_BINS)).astype(np.float32)
    calls: dict[float, Callable[[], object]] = {}
    for rate in (1.0, *RATES):
        path = folder / "model.onnx"
        export(model, path, rate)
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        calls[rate] = partial(session.run, None, {INPUT: spec})
    seconds = turns(calls, runs)
    return {
        "patches": config.patches,
        "weights_sha256": config.sha256 or None,
        "unpruned_ms": round(statistics.median(seconds[1.0]) * 1e3, 2),
        "keep_rates": {
            f"{rate:.2f}": {
                "time_ratio": round(median_ratio(seconds[rate], seconds[1.0]), 4),
                "mac_ratio": round(config.macs(rate) / config.macs(), 4),
            }
            for rate in RATES
        },
    }


def turns(calls: Mapping[float, Callable[[], object]], runs: int) -> dict[float, list[float]]:
    """Seconds of processor time of each call, turn by turn, after a first turn that does not count."""
    seconds: dict[float, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(runs):
        for name, call in calls.items():
            begun = time.thread_time()
            call()
            seconds[name].append(time.thread_time() - begun)
    return seconds


def median_ratio(times: Sequence[float], of: Sequence[float]) -> float:
    """Median of the ratios within each turn."""
    return statistics.median(mine / other for mine, other in zip(times, of, strict=True))


def measured_before(path: Path, heading: Mapping[str, Any]) -> dict[str, Any]:
    """Models that an earlier run measured in the same way, from committed code."""
    earlier, _ = read_json(path)
    same = all(earlier.get(key) == value for key, value in heading.items())
    settled = "+" not in heading["commit"] and heading["commit"] != "unknown"
    if not (same and settled):
        return {}
    models = entries(earlier, "models")
    return {name: models[name] for name in models if _is_whole(models[name])}


def _is_whole(entry: object) -> bool:
    """Whether a model's entry has all that `measure` gives; a damaged one is measured again."""
    cells = [find(entry, "keep_rates", f"{rate:.2f}", "time_ratio") for rate in RATES]
    return all(isinstance(value, float) for value in (find(entry, "unpruned_ms"), *cells))
