"""Time of exported models, pruned over unpruned: python -m training.export_speed

Writes assets/results/onnx-speed.json: for ViT-B at 512 patches (random weights) and every bundled model the
processor time of its ONNX at keep-rates 0.7 and 0.5 over that of its unpruned ONNX, on one thread. The files
take turns and each turn gives its own ratio, so that other work on the machine affects all files equally.
Results are written model by model: after a stop, the same command at the same commit continues.
"""

from __future__ import annotations

import platform
import tempfile
from datetime import datetime, timezone
from pathlib import Path

import torch

from tpexplore.checkpoints.bundled import RESULTS_FOLDER, bundled_names
from tpexplore.checkpoints.load import load_model
from tpexplore.command_line import whole
from tpexplore.writing import write_json
from training.engine.command import command_arguments, results_file, run_command
from training.engine.identity import git_commit
from training.measure.export_speed import VIT_B, measure, measured_before, vit_b

FILE = "onnx-speed.json"


def main() -> None:
    parser = command_arguments(__doc__, "training.export_speed")
    parser.add_argument("--runs", type=whole(1, 1000), default=9, help="turns that every file takes")
    args = parser.parse_args()
    import onnxruntime

    heading = {
        "what": "processor time of the exported ONNX over the unpruned one's, of one clip on one thread",
        "n": args.runs,
        "onnxruntime": onnxruntime.__version__,
        "torch": torch.__version__,
        "machine": platform.machine(),
        "commit": git_commit(),
        "made_by": f"python -m training.export_speed --runs {args.runs}",
    }
    path = results_file(RESULTS_FOLDER, FILE)
    models = measured_before(path, heading)
    with tempfile.TemporaryDirectory() as folder:
        for name in (VIT_B, *bundled_names()):
            if name not in models:
                model = vit_b() if name == VIT_B else load_model(name)
                models[name] = measure(model, args.runs, Path(folder))
                date = datetime.now(timezone.utc).date().isoformat()
                write_json(path, {**heading, "date": date, "models": models})
            ratios = (
                f"{rate}: {cell['time_ratio']:.3f}" for rate, cell in models[name]["keep_rates"].items()
            )
            print(f"{name}: {models[name]['unpruned_ms']} ms unpruned; {', '.join(ratios)}", flush=True)


if __name__ == "__main__":
    run_command(main)
