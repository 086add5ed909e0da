"""Time of exported models, pruned over unpruned: python -m training.export_speed

Writes assets/results/onnx-speed.json: for ViT-B at 512 patches (random weights) and every bundled model the
time of its ONNX at keep-rates 0.7 and 0.5 over that of its unpruned ONNX. The files take turns, so that other
work on the machine falls on all alike, and ratios are of medians.
"""

from __future__ import annotations

import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tpexplore.checkpoints.bundled import RESULTS_FOLDER, bundled_names
from tpexplore.checkpoints.export import export
from tpexplore.checkpoints.load import load_model
from tpexplore.command_line import whole
from tpexplore.model.vit import AudioViT, ModelConfig
from tpexplore.writing import write_json
from training.engine.command import command_arguments, run_command
from training.engine.identity import git_commit

RATES = (0.7, 0.5)
FILE = "onnx-speed.json"


def vit_b() -> AudioViT:
    """ViT-B at 512 patches with seeded random weights: time does not depend on them."""
    torch.manual_seed(0)
    return AudioViT(ModelConfig("audiomae", 1024, 768, 12, 527, -4.27, 4.57, name="ViT-B AudioMAE")).eval()


def measure(model: AudioViT, runs: int, threads: int, folder: Path) -> dict[str, Any]:
    """Median milliseconds of the unpruned file, and of every keep-rate's what they are of it."""
    import onnxruntime

    config = model.config
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    spec = np.random.default_rng(0).standard_normal((1, config.frames, 128)).astype(np.float32)
    calls: dict[float, Callable[[], object]] = {}
    for rate in (1.0, *RATES):
        path = folder / "model.onnx"
        export(model, path, rate)
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        calls[rate] = lambda session=session: session.run(None, {"spectrogram": spec})
        path.unlink()
    taken = medians(calls, runs)
    return {
        "patches": config.patches,
        "weights_sha256": config.sha256 or None,
        "unpruned_ms": round(taken[1.0] * 1e3, 2),
        "keep_rates": {
            f"{rate:.2f}": {
                "ms": round(taken[rate] * 1e3, 2),
                "time_ratio": round(taken[rate] / taken[1.0], 4),
                "mac_ratio": round(config.macs(rate) / config.macs(), 4),
            }
            for rate in RATES
        },
    }


def medians(calls: dict[float, Callable[[], object]], runs: int) -> dict[float, float]:
    """Median seconds of each call; they take turns."""
    taken: dict[float, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(runs):
        for name, call in calls.items():
            begun = time.perf_counter()
            call()
            taken[name].append(time.perf_counter() - begun)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def main() -> None:
    parser = command_arguments(__doc__, "training.export_speed")
    parser.add_argument("--runs", type=whole(1, 1000), default=15, help="turns that every file takes")
    parser.add_argument("--threads", type=whole(1, 256), default=1, help="threads of onnxruntime")
    args = parser.parse_args()
    import onnxruntime

    results: dict[str, Any] = {
        "what": "time of the exported ONNX over the unpruned one's, of one clip, as ratios of medians",
        "n": args.runs,
        "threads": args.threads,
        "onnxruntime": onnxruntime.__version__,
        "torch": torch.__version__,
        "machine": platform.machine(),
        "commit": git_commit(),
        "made_by": f"python -m training.export_speed --runs {args.runs} --threads {args.threads}",
        "date": datetime.now(timezone.utc).date().isoformat(),
        "models": {},
    }
    with tempfile.TemporaryDirectory() as folder:
        for model in (vit_b, *(lambda name=name: load_model(name) for name in bundled_names())):
            model = model()
            found = measure(model, args.runs, args.threads, Path(folder))
            results["models"][model.config.name] = found
            ratios = ", ".join(
                f"{rate}: {cell['time_ratio']:.3f}" for rate, cell in found["keep_rates"].items()
            )
            print(f"{model.config.name}: {found['unpruned_ms']} ms unpruned; {ratios}", flush=True)
    write_json(RESULTS_FOLDER / FILE, results)


if __name__ == "__main__":
    run_command(main)
