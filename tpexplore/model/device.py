"""Which device a model runs on, and what time it is once that device is done."""

from __future__ import annotations

import time
import warnings

import torch

from tpexplore.errors import InputError


def best_device() -> torch.device:
    """This machine's accelerator (a GPU, say), or the CPU."""
    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")


def check_device(name: str) -> torch.device:
    """The device of that name, or InputError where this machine has none.

    Examples
    --------
    >>> check_device("cpu")
    device(type='cpu')
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # for deprecated names
            device = torch.device(name)
        torch.ones(1, device=device).item()  # fails on a device without memory, such as "meta"
    except (RuntimeError, AssertionError, NotImplementedError, TypeError, ImportError):
        best = best_device().type
        expected = "cpu" if best == "cpu" else f"cpu or {best}"
        raise InputError(f"Device {name!r} cannot be used here; expected {expected}.") from None
    return device


def device_name(device: torch.device) -> str:
    """What to call a device: "the CPU", or the name of a GPU where it tells one."""
    if device.type == "cpu":
        return "the CPU"
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type.upper()


def seconds_now(device: torch.device) -> float:
    """`time.perf_counter` once ``device`` has finished its work."""
    if device.type not in ("cpu", "meta"):
        torch.accelerator.synchronize(device)
    return time.perf_counter()
