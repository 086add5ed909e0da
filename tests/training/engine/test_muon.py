"""Muon equals PyTorch's, but in the device's fast number type."""

import pytest
import torch
from torch import nn

from training.engine.muon import Muon, orthogonal

SHAPES = [(12, 4), (4, 12), (8, 8)]


def matrices() -> list[nn.Parameter]:
    draw = torch.Generator().manual_seed(0)
    return [nn.Parameter(torch.randn(shape, generator=draw)) for shape in SHAPES]


def test_steps_are_pytorchs_within_its_rounding():
    ours, theirs = matrices(), matrices()
    optimisers = (
        Muon(ours, lr=0.02, weight_decay=0.3),
        torch.optim.Muon(theirs, lr=0.02, weight_decay=0.3, adjust_lr_fn="match_rms_adamw"),
    )
    draw = torch.Generator().manual_seed(1)
    for _ in range(4):
        for one, other in zip(ours, theirs, strict=True):
            one.grad = torch.randn(one.shape, generator=draw)
            other.grad = one.grad.clone()
        for optimiser in optimisers:
            optimiser.step()
    for one, other, start in zip(ours, theirs, matrices(), strict=True):
        # bfloat16 has 8 bits: PyTorch's own steps are right to about one part in a hundred.
        step, right = one.detach() - start.detach(), other.detach() - start.detach()
        torch.testing.assert_close(step, right, rtol=0, atol=0.02 * float(right.abs().max()))


def test_a_run_begun_with_pytorchs_muon_continues():
    ours, theirs = matrices(), matrices()
    begun = torch.optim.Muon(theirs, lr=0.02, adjust_lr_fn="match_rms_adamw")
    for parameter in theirs:
        parameter.grad = torch.ones_like(parameter)
    begun.step()
    optimiser = Muon(ours, lr=0.02)
    optimiser.load_state_dict(begun.state_dict())
    for one, other in zip(ours, theirs, strict=True):
        past = optimiser.state[one]["momentum_buffer"]
        assert torch.equal(past, begun.state[other]["momentum_buffer"]) and past.abs().sum() > 0


@pytest.mark.parametrize("shape", SHAPES)
def test_singular_vectors_stay_and_singular_values_are_near_one(shape):
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(2))
    made = orthogonal(matrix).float()
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    inside = left.T @ made @ right.T
    values = inside.diagonal()
    # Jordan's coefficients trade exactness for speed: values between 0.65 and 1.25.
    assert ((values > 0.65) & (values < 1.25)).all()
    assert (inside - values.diag()).abs().max() < 0.02  # bfloat16, where the processor has it


def test_only_matrices():
    with pytest.raises(ValueError, match="matrices"):
        Muon([nn.Parameter(torch.zeros(3))])
