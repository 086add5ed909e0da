"""32 people at once for three minutes: is a request lost, does memory grow?

    python -m tests.load [--users 32] [--minutes 3]

Not part of the test run: it takes its minutes. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from gradio_client import Client, handle_file

from tests.browser_support import running_app
from tpexplore.checkpoints.bundled import bundled_names, example_clips

WARM_UP_SECONDS = 40


def resident_mib(pid: int) -> float:
    """Resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} is gone")


def user(url: str, seed: int, until: float, waits: list[float], lost: list[str]) -> None:
    """One person: uploads a clip, waits for the answer, thinks a moment, and again."""
    draw = np.random.default_rng(seed)
    client = Client(url, verbose=False)
    clips, models = [e.path for e in example_clips()], bundled_names()
    while time.monotonic() < until:
        clip, model = clips[draw.integers(len(clips))], models[draw.integers(len(models))]
        begun = time.monotonic()
        try:
            answer = client.predict(clip=handle_file(clip), model=model, api_name="/explore_at")
            if answer["model"]["name"] != model:
                lost.append(f"chose {model}, got {answer['model']['name']}")
        except Exception as error:
            lost.append(f"{type(error).__name__}: {error}")
        waits.append(time.monotonic() - begun)
        time.sleep(draw.uniform(0.2, 2.0))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("--users", type=int, default=32)
    parser.add_argument("--minutes", type=float, default=3)
    args = parser.parse_args()
    waits: list[float] = []
    lost: list[str] = []
    with TemporaryDirectory() as folder, running_app(Path(folder) / "log.txt") as (url, app):
        until = time.monotonic() + WARM_UP_SECONDS + args.minutes * 60
        users = [
            threading.Thread(target=user, args=(url, seed, until, waits, lost)) for seed in range(args.users)
        ]
        for thread in users:
            thread.start()
        time.sleep(WARM_UP_SECONDS)  # by then every model has been loaded, every buffer been made
        before = resident_mib(app.pid)
        for thread in users:
            thread.join()
        after = resident_mib(app.pid)
    report = {
        "users": args.users,
        "minutes": args.minutes,
        "requests": len(waits),
        "lost": lost,
        "wait_median_s": round(float(np.median(waits)), 2),
        "wait_longest_s": round(max(waits), 2),
        "memory_before_mib": round(before),
        "memory_after_mib": round(after),
        "memory_growth": round(after / before - 1, 4),
    }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
