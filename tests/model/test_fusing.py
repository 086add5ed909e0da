"""Fusing against a loop over single patches."""

from __future__ import annotations

import pytest
import torch

from tpexplore.model.fusing import fuse_patches


@pytest.mark.parametrize("fused_before", [False, True])
def test_fusing_is_a_weighted_mean_of_the_others(fused_before):
    generator = torch.Generator().manual_seed(0)
    patches, prefix = 9, 2
    m = patches + fused_before
    tokens = torch.randn(3, prefix + m, 5, generator=generator)
    weights = torch.rand(3, m, generator=generator)
    positions = torch.tensor([[0, 3, 8], [1, 2, 3], [4, 6, 7]])
    out = fuse_patches(tokens, positions, weights, prefix)
    assert out.shape == (3, prefix + 3 + 1, 5)
    for row in range(3):
        kept = positions[row].tolist()
        rest = [i for i in range(m) if i not in kept]
        assert torch.equal(out[row, :prefix], tokens[row, :prefix])
        for place, position in enumerate(kept):
            assert torch.equal(out[row, prefix + place], tokens[row, prefix + position])
        total = sum(float(weights[row, i]) for i in rest)
        mean = sum(float(weights[row, i]) / total * tokens[row, prefix + i] for i in rest)
        torch.testing.assert_close(out[row, -1], mean)


def test_weights_of_zero_count_alike():
    tokens = torch.arange(12.0).reshape(1, 4, 3)
    out = fuse_patches(tokens, torch.tensor([[0]]), torch.tensor([[5.0, 0.0, 0.0]]), prefix=1)
    torch.testing.assert_close(out[0, -1], tokens[0, 2:].mean(0))


def test_half_precision_stays_what_it_is():
    tokens = torch.randn(1, 6, 8, dtype=torch.bfloat16)
    out = fuse_patches(tokens, torch.tensor([[1, 2]]), torch.rand(1, 5), prefix=1)
    assert out.dtype == torch.bfloat16 and out.isfinite().all()
