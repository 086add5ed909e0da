"""How much slower this machine is than the one on which limits in seconds were set."""

from __future__ import annotations

import time
from functools import cache

import torch

from tpexplore.checkpoints.bundled import bundled_names
from tpexplore.checkpoints.load import load_model

REFERENCE_SECONDS = 0.05
"""Time of a whole pass of the start page's model on that machine, on one thread."""
PASSES = 5


@cache
def slowness() -> float:
    """Time of such a pass here over that of the other machine; at least 1.

    Processor time, the best of several, so that other work on this machine does not count.
    """
    model = load_model(bundled_names()[0])
    spec = torch.zeros(1, model.config.frames, 128)
    seconds = []
    with torch.inference_mode():
        for _ in range(PASSES):
            begun = time.process_time()
            model(spec)
            seconds.append(time.process_time() - begun)
    return max(1.0, min(seconds) / REFERENCE_SECONDS)
