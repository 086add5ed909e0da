"""Speed on this machine: pruned against unpruned, the sweep against separate runs.

Absolute times depend on the machine and its load, so every figure that matters is a ratio of medians
taken in one interleaved run.

Notes
-----
What was tried, on two cores of an AMD EPYC with AVX-512, torch 2.11, batch 1, ViT-B at 512 patches unless
another model is named:

- Weights laid out once for oneDNN (`model.packing`): 300 ms instead of 580 ms. MKL, which PyTorch asks
  otherwise, reached 100 GFLOP/s at 513 tokens and 70 at 33, oneDNN about 220 at all of them; so the time now
  falls with the tokens. Answers and kept patches of all five bundled models stayed the same on every test
  clip at keep-rates 1.0, 0.7, 0.5 and 0.3.
- Threads that spin for some ten microseconds before they sleep (`tpexplore.threads`): `ast-spc12` 4.6 ms
  instead of 11.8 ms, `audiomae-esc50` 13.8 ms instead of 22.9 ms.
- AudioMAE's attention score: softmax in place, and means along memory's order. Block 4's attention with its
  score took 11.5 ms instead of 24.6 ms, of which most had gone into fetching fresh memory; fused attention
  without a score takes 10.6 ms.
- Together the time at keep-rates 0.9, 0.7 and 0.5 came within 2 to 7 % of the MAC ratio, at 0.3 within 5 to
  16 %, from run to run: with 14 patches left a block waits for its 28 MB of weights, not for arithmetic. A
  layer of 768 by 3072 took 5.98 ms for 513 tokens, 0.65 ms for 48 and 0.37 ms for 15, where it reads its
  weights at 26 GB/s; the sum of an array reaches 44. Weights laid out for 64 or 16 tokens were slower at all
  four lengths.
- GELU inside the product before it: 0 to 3 % less time in ten of twelve cases (four models, keep-rates 1.0,
  0.5 and 0.3), 9 and 12 % in two; not worth another kind of layer.
- The bundled models are too narrow for that: at 64 patches most of a pass is the overhead of its few hundred
  calls, so that pruning saves little time there.
- bfloat16: 240 ms unpruned. Up to 1.5 % of a test split's answers changed (`ast-esc50`, keep-rate 0.3), more
  than the 0.5 % allowed, so nothing runs in it.
"""

from __future__ import annotations

import copy
import resource
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from tpexplore.checkpoints.bundled import bundled_names
from tpexplore.checkpoints.load import load_model
from tpexplore.model.packing import PackedLinear, pack
from tpexplore.model.plan import KEEP_RATES
from tpexplore.model.vit import AudioViT, ModelConfig
from tpexplore.signal.decode import SAMPLE_RATE
from tpexplore.signal.spectrogram import samples_for
from tpexplore.study.sweep import explore

RATES = (0.9, 0.7, 0.5, 0.3)
RUNS = 5


def measure() -> dict:
    """Time ViT-B at 256 and 512 patches and every bundled model, batch 1, float32.

    Returns
    -------
    dict
        Plain JSON: per model milliseconds and ratios; see `as_text` for the reading.
    """
    models = [_vit_b(frames) for frames in (512, 1024)] + [load_model(name) for name in bundled_names()]
    return {
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "matrix_product_gflops": _matrix_gflops(),
        "models": [_measure_model(model) for model in models],
        "peak_memory_mib": round(_peak_memory() / 2**20),
    }


def as_text(results: dict) -> str:
    """The results as a table for people."""
    products = ", ".join(
        f"{name} {gflops:.0f} GFLOP/s" for name, gflops in results["matrix_product_gflops"].items()
    )
    lines = [
        f"{results['threads']} threads, torch {results['torch']};"
        f" a product of 1024 by 1024: {products};"
        f" peak memory {results['peak_memory_mib']} MiB"
    ]
    for m in results["models"]:
        lines.append(
            f"\n{m['name']}, {m['patches']} patches: {m['unpruned_ms']:.1f} ms unpruned,"
            f" {m['timm_ms']:.1f} ms in plain timm; {m['unpruned_gflops']:.1f} GFLOP/s"
        )
        for rate, r in m["keep_rates"].items():
            lines.append(
                f"  keep-rate {rate}: {r['milliseconds']:8.1f} ms, {r['time_ratio']:.3f} of unpruned;"
                f" MACs {r['mac_ratio']:.3f}"
            )
        lines.append(
            f"  sweep of {m['sweep_passes']} keep-rates: {m['sweep_ratio']:.2f} forwards,"
            f" separate runs {m['separate_ratio']:.2f};"
            f" first analysis of a clip {m['first_analysis_ms']:.0f} ms"
        )
    return "\n".join(lines)


def _peak_memory() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # Linux counts KiB


def _vit_b(frames: int) -> AudioViT:
    torch.manual_seed(0)
    config = ModelConfig(
        "audiomae", frames, 768, 12, 527, -4.2677393, 4.5689974, name=f"ViT-B AudioMAE, {frames} frames"
    )
    return AudioViT(config).eval()


@torch.inference_mode()
def _matrix_gflops() -> dict[str, float]:
    n = 1024
    layer, x = nn.Linear(n, n, bias=False), torch.randn(n, n)
    cases = {"plain": lambda: layer(x)}
    if torch.backends.mkldnn.is_available():
        packed = PackedLinear(layer)
        cases["packed"] = lambda: packed(x)
    return {name: round(2 * n**3 / taken / 1e9, 1) for name, taken in _medians(cases, runs=20).items()}


@torch.inference_mode()
def _measure_model(plain: AudioViT) -> dict:
    config = plain.config
    model = pack(copy.deepcopy(plain))
    rng = np.random.default_rng(0)
    clip = 0.1 * rng.standard_normal(min(samples_for(config.frames), 10 * SAMPLE_RATE)).astype(np.float32)
    begun = time.perf_counter()
    explore(model, clip, keep_rates=(0.7,), scores=("attention",))
    first = time.perf_counter() - begun
    spec = model.spectrogram(clip)[None]
    cases: dict[str, Callable[[], object]] = {
        "timm": lambda: plain.vit.forward_features(spec[:, None]),
        "1.0": lambda: model(spec),
    }
    cases |= {str(rate): lambda rate=rate: model(spec, rate) for rate in RATES}
    cases["sweep"] = lambda: explore(model, clip, scores=("attention",))
    medians = _medians(cases, RUNS)
    separate = sum(_medians({str(r): lambda r=r: model(spec, r) for r in KEEP_RATES}, 1).values())
    macs = {rate: config.macs(rate) for rate in (1.0, *RATES)}
    full = medians["1.0"]
    return {
        "name": config.name,
        "patches": config.patches,
        "timm_ms": round(medians["timm"] * 1e3, 2),
        "unpruned_ms": round(full * 1e3, 2),
        "unpruned_gflops": round(2 * macs[1.0] / full / 1e9, 1),
        "keep_rates": {
            str(rate): {
                "milliseconds": round(medians[str(rate)] * 1e3, 2),
                "time_ratio": round(medians[str(rate)] / full, 4),
                "mac_ratio": round(macs[rate] / macs[1.0], 4),
            }
            for rate in RATES
        },
        "sweep_passes": len(KEEP_RATES),
        "sweep_ratio": round(medians["sweep"] / full, 3),
        "separate_ratio": round(separate / full, 3),
        "first_analysis_ms": round(first * 1e3, 1),
    }


def _medians(cases: dict[str, Callable[[], object]], runs: int) -> dict[str, float]:
    """Median seconds of each case; the cases take turns, so that load falls on all alike."""
    taken: dict[str, list[float]] = {name: [] for name in cases}
    for call in cases.values():
        call()
    for _ in range(runs):
        for name, call in cases.items():
            begun = time.perf_counter()
            call()
            taken[name].append(time.perf_counter() - begun)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}
