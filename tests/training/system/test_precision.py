"""Training computes in bfloat16 only where a device has instructions for it."""

import pytest
import torch

from training.system.precision import fast_type, mixed_precision

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("able", "expected"),
    [
        ({"architecture": "x86_64", "avx2": True, "amx_bf16": False, "avx512_bf16": False}, torch.float32),
        ({"architecture": "x86_64", "avx512_f": True, "avx512_bf16": False}, torch.float32),
        ({"architecture": "x86_64", "amx_bf16": False, "avx512_bf16": True}, torch.bfloat16),
        ({"architecture": "x86_64", "amx_bf16": True}, torch.bfloat16),
        ({"architecture": "arm64", "neon": True, "bf16": True}, torch.bfloat16),
        ({"architecture": "arm64", "neon": True, "bf16": False}, torch.float32),
        ({}, torch.float32),
    ],
)
def test_a_processor_without_bfloat16_trains_in_float32(monkeypatch, able, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    assert fast_type(CPU) == expected
    layer, x = torch.nn.Linear(3, 3), torch.ones(1, 3)
    with mixed_precision(CPU):
        assert layer(x).dtype == expected


def test_accelerators_train_in_bfloat16(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    for kind in ("cuda", "mps"):
        assert fast_type(torch.device(kind)) == torch.bfloat16


def test_the_processor_is_checked_by_the_names_that_pytorch_has():
    able = torch.cpu.get_capabilities()
    names = ("avx512_bf16", "amx_bf16") if able["architecture"] == "x86_64" else ("bf16",)
    assert set(names) <= set(able)
