"""Muon, in the device's fast number type."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from timm.optim.muon import zeropower_via_newtonschulz
from torch import Tensor

from training.system.precision import fast_type

# Newton-Schulz iteration of Jordan 2024: five steps with one set of coefficients.
_STEPS = 5
_COEFFICIENTS = [(3.4445, -4.7750, 2.0315)]


class Muon(torch.optim.Optimizer):
    """Muon [Jordan 2024] with steps scaled to AdamW's size [Liu et al. 2025], for matrices.

    It differs from `torch.optim.Muon` in one thing: it orthogonalises in the device's `fast_type`, where
    PyTorch always takes bfloat16. Its state is that of `torch.optim.Muon`.

    Parameters
    ----------
    params : iterable
        Parameters of two dimensions, or groups of them.
    lr : float
        Learning rate.
    weight_decay : float
        Decoupled weight decay, times the learning rate.
    momentum : float
        Share of the past in the momentum, with Nesterov's look ahead.

    Raises
    ------
    ValueError
        A parameter is not a matrix.
    """

    def __init__(
        self, params: Iterable, lr: float = 1e-3, weight_decay: float = 0.1, momentum: float = 0.95
    ) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})
        if any(parameter.ndim != 2 for group in self.param_groups for parameter in group["params"]):
            raise ValueError("Muon trains matrices only; a parameter has another number of dimensions")

    @torch.no_grad()
    def step(self) -> None:
        """Step every parameter that has a gradient."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["momentum_buffer"] = torch.zeros_like(parameter.grad)
                past = state["momentum_buffer"].lerp_(parameter.grad, 1 - group["momentum"])
                direction = orthogonal(parameter.grad.lerp(past, group["momentum"]))
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(direction, alpha=-group["lr"] * 0.2 * math.sqrt(max(parameter.shape)))


def orthogonal(matrix: Tensor) -> Tensor:
    """Matrix with the same singular vectors and singular values near 1, by Newton-Schulz.

    Parameters
    ----------
    matrix : Tensor, shape (rows, columns)

    Returns
    -------
    Tensor, shape (rows, columns)
        Of the device's `fast_type`.
    """
    return zeropower_via_newtonschulz(matrix, _STEPS, _COEFFICIENTS, dtype=fast_type(matrix.device))
