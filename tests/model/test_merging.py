"""Merging: what the published algorithm promises, on random tokens."""

from __future__ import annotations

import pytest
import torch

from tpexplore.model.merging import match_pairs, merge_patches, size_bias
from tpexplore.model.plan import merge_rounds


@pytest.fixture(params=[(2, 17), (3, 32)], ids=str)
def tokens(request) -> torch.Tensor:
    return torch.randn(*request.param, 12, generator=torch.Generator().manual_seed(0))


def keys_of(tokens: torch.Tensor) -> torch.Tensor:
    return tokens[..., 3:9] ** 3


@pytest.mark.parametrize("k", [1, 2, 7, 8, 16, 17])
def test_nothing_is_lost(tokens, k):
    batch, n, _ = tokens.shape
    sizes = torch.randint(1, 5, (batch, n), generator=torch.Generator().manual_seed(1))
    merged = merge_patches(tokens, keys_of(tokens), sizes, k)
    assert merged.tokens.shape == (batch, k, 12)
    assert torch.equal(merged.sizes.sum(1), sizes.sum(1).float())
    # The weighted mean of all stays what it was.
    before = (tokens * sizes[..., None]).sum(1)
    torch.testing.assert_close((merged.tokens * merged.sizes[..., None]).sum(1), before, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("k", [1, 5, 8, 9, 16, 17])
def test_groups_are_what_the_tokens_are_means_of(tokens, k):
    batch, n, _ = tokens.shape
    merged = merge_patches(tokens, keys_of(tokens), torch.ones(batch, n), k)
    for row in range(batch):
        positions, holders = merged.positions[row].tolist(), merged.holders[row].tolist()
        assert positions == sorted(set(holders))
        for place, position in enumerate(positions):
            assert holders[position] == position
            members = [i for i, holder in enumerate(holders) if holder == position]
            assert merged.sizes[row, place] == len(members)
            torch.testing.assert_close(merged.tokens[row, place], tokens[row, members].mean(0))


def test_pairs_are_the_most_alike(tokens):
    keys = keys_of(tokens)
    sources, targets = match_pairs(keys, 5)
    for row, picture in enumerate(keys):
        alike = torch.cosine_similarity(picture[::2, None], picture[None, 1::2], dim=-1)
        best = alike.max(1)
        expected = sorted(sorted(range(len(alike)), key=lambda i: -best.values[i])[:5])
        assert sources[row].tolist() == [2 * i for i in expected]
        assert targets[row].tolist() == [2 * int(best.indices[i]) + 1 for i in expected]


def test_a_round_at_most_halves():
    assert merge_rounds(64, 64) == []
    assert merge_rounds(64, 32) == [(64, 32)]
    assert merge_rounds(65, 20) == [(65, 33), (33, 20)]
    assert merge_rounds(3, 1) == [(3, 2), (2, 1)]


def test_means_of_half_precision_are_taken_in_float32():
    """4,096 ones of bfloat16 add up to 256 if they are added in bfloat16."""
    tokens = torch.ones(1, 4096, 4, dtype=torch.bfloat16)
    merged = merge_patches(tokens, tokens, torch.ones(1, 4096), 1)
    assert merged.tokens.dtype == torch.bfloat16 and (merged.tokens == 1).all()
    assert merged.sizes.tolist() == [[4096.0]]


def test_keys_of_zeros_are_no_error():
    merged = merge_patches(torch.ones(1, 6, 4), torch.zeros(1, 6, 4), torch.ones(1, 6), 4)
    assert merged.positions.tolist() == [[1, 3, 4, 5]]  # equal ones: the first goes to the first


def test_prefix_tokens_count_once():
    bias = size_bias(torch.tensor([[1.0, 4.0]]), 2, torch.float32)
    torch.testing.assert_close(bias.exp(), torch.tensor([[[[1.0, 1.0, 1.0, 4.0]]]]))
