"""Speed on this machine: pruned against unpruned, the sweep against separate runs.

Absolute times depend on the machine and its load, so every figure that matters is a ratio of medians
taken in one interleaved run.

Notes
-----
What was tried, on two cores of an AMD EPYC with AVX-512, torch 2.11, batch 1, ViT-B at 512 patches unless
another model is named:

- Weights laid out once for oneDNN (`model.packing`): 300 ms instead of 580 ms. MKL, PyTorch's default,
reached 100 GFLOP/s at 513 tokens and 70 at 33, oneDNN about 220 at both, so the time now falls with the
number of tokens. Answers and kept patches of all five bundled models stayed the same on every test
  clip at keep-rates 1.0, 0.7, 0.5 and 0.3.
- Threads that spin for some ten microseconds before they sleep (`tpexplore.threads`): `ast-spc12` 4.6 ms
  instead of 11.8 ms, `audiomae-esc50` 13.8 ms instead of 22.9 ms.
- AudioMAE's attention score: softmax in place, and means in memory order. Block 4's attention with its
score took 11.5 ms instead of 24.6 ms, most of which had been spent on allocating memory; fused attention
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
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from tpexplore.checkpoints.bundled import bundled_names
from tpexplore.checkpoints.load import load_model
from tpexplore.model.config import ModelConfig
from tpexplore.model.device import check_device, seconds_now
from tpexplore.model.packing import PackedLinear, pack, packable
from tpexplore.model.plan import KEEP_RATES, METHODS
from tpexplore.model.vit import AudioViT
from tpexplore.signal.decode import SAMPLE_RATE
from tpexplore.signal.spectrogram import AUDIOSET_NORMALISATION, samples_for
from tpexplore.study.sweep import explore

RATES = (0.9, 0.7, 0.5, 0.3)
METHOD_RATES = (0.7, 0.5)
RUNS = 5
LARGE_BATCH = 64
"""Clips that keep a GPU busy; a CPU is busy with one."""


def measure(device: str = "cpu") -> dict:
    """Time ViT-B at 256 and 512 patches and every bundled model in float32.

    Parameters
    ----------
    device : str
        On a CPU clips run one by one, elsewhere also `LARGE_BATCH` at once.

    Returns
    -------
    dict
        Plain JSON: per model milliseconds and ratios; see `as_text` for the reading.

    Raises
    ------
    InputError
        If this machine has no such device.
    """
    where = check_device(device)
    models = [_vit_b(frames) for frames in (512, 1024)] + [load_model(name) for name in bundled_names()]
    return {
        "device": _name_of(where),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "matrix_product_gflops": _matrix_gflops(where),
        "models": [_measure_model(model, where) for model in models],
        "peak_memory_mib": round(_peak_memory() / 2**20),
    }


def as_text(results: dict) -> str:
    """The results as a table for people."""
    products = ", ".join(
        f"{name} {gflops:.0f} GFLOP/s" for name, gflops in results["matrix_product_gflops"].items()
    )
    lines = [
        f"{results['device']}, {results['threads']} threads, torch {results['torch']};"
        f" a product of 1024 by 1024: {products};"
        f" peak memory {results['peak_memory_mib']} MiB"
    ]
    for m in results["models"]:
        lines.append(
            f"\n{m['name']}, {m['patches']} patches: {m['unpruned_ms']:.1f} ms unpruned,"
            f" {m['timm_ms']:.1f} ms in plain timm; {m['unpruned_gflops']:.1f} GFLOP/s"
        )
        lines += _rate_lines(m["keep_rates"])
        for method, rates in m["methods"].items():
            lines += _rate_lines(rates, f" {method}")
        lines.append(
            f"  sweep of {m['sweep_passes']} keep-rates: {m['sweep_ratio']:.2f} forwards,"
            f" separate runs {m['separate_ratio']:.2f};"
            f" first analysis of a clip {m['first_analysis_ms']:.0f} ms"
        )
        for size, batch in m["batches"].items():
            lines.append(f"  {size} clips at once: {batch['unpruned_ms']:.1f} ms unpruned")
            lines += _rate_lines(batch["keep_rates"], f" {size} clips")
    return "\n".join(lines)


def _rate_lines(rates: dict, what: str = "") -> list[str]:
    return [
        f"  keep-rate {rate}{what}: {r['milliseconds']:8.1f} ms, {r['time_ratio']:.3f} of unpruned;"
        f" MACs {r['mac_ratio']:.3f}"
        for rate, r in rates.items()
    ]


def _name_of(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _peak_memory() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # Linux counts KiB


def _vit_b(frames: int) -> AudioViT:
    torch.manual_seed(0)
    name = f"ViT-B AudioMAE, {frames} frames"
    config = ModelConfig("audiomae", frames, 768, 12, 527, *AUDIOSET_NORMALISATION, name=name)
    return AudioViT(config).eval()


@torch.inference_mode()
def _matrix_gflops(device: torch.device) -> dict[str, float]:
    n = 1024
    layer = nn.Linear(n, n, bias=False).to(device)
    x = torch.randn(n, n, device=device)
    cases = {"plain": lambda: layer(x)}
    if packable(layer.weight):
        packed = PackedLinear(layer)
        cases["packed"] = lambda: packed(x)
    medians = _medians(cases, runs=20, device=device)
    return {name: round(2 * n**3 / taken / 1e9, 1) for name, taken in medians.items()}


@torch.inference_mode()
def _measure_model(plain: AudioViT, device: torch.device) -> dict:
    config, plain = plain.config, plain.to(device)
    model = pack(copy.deepcopy(plain))
    rng = np.random.default_rng(0)
    clip = 0.1 * rng.standard_normal(min(samples_for(config.frames), 10 * SAMPLE_RATE)).astype(np.float32)
    begun = seconds_now(device)
    explore(model, clip, keep_rates=(0.7,), scores=("attention",))
    first = seconds_now(device) - begun
    spec = model.spectrogram(clip)[None]
    cases: dict[Any, Callable[[], object]] = {"timm": lambda: plain.vit.forward_features(spec[:, None])}
    for rate in (1.0, *RATES):
        cases["drop", rate] = lambda rate=rate: model(spec, rate)
    for method in METHODS[1:]:
        for rate in METHOD_RATES:
            cases[method, rate] = lambda method=method, rate=rate: model(spec, rate, method=method)
    cases["sweep"] = lambda: explore(model, clip, scores=("attention",))
    medians = _medians(cases, RUNS, device)
    one_by_one = {rate: lambda rate=rate: model(spec, rate) for rate in KEEP_RATES}
    separate = sum(_medians(one_by_one, 1, device).values())
    full = medians["drop", 1.0]
    return {
        "name": config.name,
        "patches": config.patches,
        "timm_ms": round(medians["timm"] * 1e3, 2),
        "unpruned_ms": round(full * 1e3, 2),
        "unpruned_gflops": round(2 * config.macs() / full / 1e9, 1),
        "keep_rates": _ratios(config, "drop", RATES, medians),
        "methods": {method: _ratios(config, method, METHOD_RATES, medians) for method in METHODS[1:]},
        "sweep_passes": len(KEEP_RATES),
        "sweep_ratio": round(medians["sweep"] / full, 3),
        "separate_ratio": round(separate / full, 3),
        "first_analysis_ms": round(first * 1e3, 1),
        "batches": {} if device.type == "cpu" else {str(LARGE_BATCH): _measure_batch(model, spec, device)},
    }


def _measure_batch(model: AudioViT, spec: torch.Tensor, device: torch.device) -> dict:
    """Time of many clips at once."""
    specs = spec.expand(LARGE_BATCH, -1, -1).contiguous()
    cases = {("drop", rate): lambda rate=rate: model(specs, rate) for rate in (1.0, *RATES)}
    medians = _medians(cases, RUNS, device)
    return {
        "unpruned_ms": round(medians["drop", 1.0] * 1e3, 2),
        "keep_rates": _ratios(model.config, "drop", RATES, medians),
    }


def _ratios(config: ModelConfig, method: str, rates: tuple[float, ...], medians: dict) -> dict:
    """Time and MACs of each keep-rate, and what they are of the unpruned pass."""
    return {
        str(rate): {
            "milliseconds": round(medians[method, rate] * 1e3, 2),
            "time_ratio": round(medians[method, rate] / medians["drop", 1.0], 4),
            "mac_ratio": round(config.macs(rate, method=method) / config.macs(), 4),
        }
        for rate in rates
    }


def _medians(cases: dict[Any, Callable[[], object]], runs: int, device: torch.device) -> dict[Any, float]:
    """Median seconds of each case; the cases take turns, so that load falls on all alike."""
    taken: dict[Any, list[float]] = {name: [] for name in cases}
    for call in cases.values():
        call()
    for _ in range(runs):
        for name, call in cases.items():
            begun = seconds_now(device)
            call()
            taken[name].append(seconds_now(device) - begun)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}
