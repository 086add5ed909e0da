"""The number type in which a device trains fastest."""

from __future__ import annotations

import torch


def fast_type(device: torch.device) -> torch.dtype:
    """Number type of a device's fastest matrix products.

    Parameters
    ----------
    device : torch.device

    Returns
    -------
    torch.dtype
        bfloat16 on an accelerator and on a processor with instructions for it, else float32: a processor
        without them emulates bfloat16 at about a fiftieth of its speed.
    """
    return torch.bfloat16 if device.type != "cpu" or _has_bfloat16() else torch.float32


def mixed_precision(device: torch.device) -> torch.autocast:
    """Context in which a forward pass uses `fast_type` wherever that is precise enough."""
    return torch.autocast(device.type, torch.bfloat16, enabled=fast_type(device) == torch.bfloat16)


def _has_bfloat16() -> bool:
    able = torch.cpu.get_capabilities()
    return any(able.get(name, False) for name in ("amx_bf16", "avx512_bf16", "bf16"))
