"""The pruned pass with every method, ranking and choice of blocks, against plain loops."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.conftest import tiny_config
from tests.model.slow_pass import slow_pass
from tpexplore.errors import InputError
from tpexplore.model.fate import DROPPED, FUSED
from tpexplore.model.forward import Entered, probabilities
from tpexplore.model.plan import METHODS, RANKINGS, SCORES
from tpexplore.model.vit import AudioViT

CODES = {"dropped": DROPPED, "fused": FUSED}


def check(model, specs, rates, score="attention", blocks=(4, 7, 10), method="drop"):
    with torch.inference_mode():
        out = model(specs, rates, score, blocks=blocks, method=method)
    assert tuple(out.kept) == tuple(out.fate.holders) == blocks
    for row, spec in enumerate(specs):
        logits, fates = slow_pass(model, spec, rates, score, blocks, method)
        for block in blocks:
            holders = [CODES.get(where, where) for _, where in sorted(fates[block].items())]
            assert out.fate.holders[block][row].tolist() == holders
            own = [patch for patch, where in enumerate(holders) if patch == where]
            assert out.kept[block][row].tolist() == own
        torch.testing.assert_close(out.logits[row], logits, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("score", ["attention", "variation"])
@pytest.mark.parametrize("rate", [0.9, 0.55, 0.1])
def test_fusing_is_the_slow_loop(model, specs, rate, score):
    check(model, specs[:2], rate, score, method="fuse")


@pytest.mark.parametrize("rate", [0.9, 0.55, 0.3, 0.02])
def test_merging_is_the_slow_loop(model, specs, rate):
    check(model, specs[:2], rate, method="merge")


@pytest.mark.parametrize("score", ["random", "time-even"])
@pytest.mark.parametrize("method", ["drop", "fuse"])
def test_controls_are_the_slow_loop(model, specs, method, score):
    check(model, specs[:2], 0.4, score, method=method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("blocks", "rates"),
    [((1,), 0.5), ((3, 6, 9), (0.9, 0.7, 0.5)), ((2, 12), (1.0, 0.3)), ((5, 6, 7, 8), 0.7)],
)
def test_any_blocks_with_a_keep_rate_each(model, specs, blocks, rates, method):
    check(model, specs[:1], rates, blocks=blocks, method=method)


@pytest.mark.parametrize("method", METHODS)
def test_one_entered_pass_serves_every_pruning(model, specs, method):
    """In any order, to the last bit."""
    with torch.inference_mode():
        entered = Entered(model, specs)
        for score in ("attention",) if method == "merge" else RANKINGS:
            for rate in (0.3, 1.0, (0.5, 0.9, 0.7)):
                out, alone = entered.output(rate, score, method), model(specs, rate, score, method=method)
                assert torch.equal(out.logits, alone.logits)
                assert out.kept.keys() == alone.kept.keys()
                assert all(torch.equal(ids, alone.kept[block]) for block, ids in out.kept.items())


@pytest.mark.parametrize("method", METHODS)
@torch.inference_mode()
def test_a_clip_does_not_depend_on_its_neighbours(model, specs, method):
    together = model(specs, 0.4, method=method)
    for row in range(3):
        alone = model(specs[row : row + 1], 0.4, method=method)
        torch.testing.assert_close(alone.logits[0], together.logits[row], rtol=1e-4, atol=1e-4)
        assert np.array_equal(alone.fate.into[0], together.fate.into[row])


@torch.inference_mode()
def test_merged_twins_count_twice(model, specs):
    """Patches that are alike in every way attend, and are averaged, as if none had been merged."""
    model.vit.pos_embed.zero_()
    specs = specs.unflatten(2, (4, 2, 16))
    specs[:, :, :, 1] = specs[:, :, :, 0]
    specs = specs.flatten(2)
    out = model(specs, 0.5, blocks=(4,), method="merge")
    assert out.fate.into[0].reshape(-1, 2).tolist() == [[i + 1, i + 1] for i in range(0, 64, 2)]
    torch.testing.assert_close(out.logits, model(specs).logits, rtol=1e-3, atol=1e-4)


@torch.inference_mode()
def test_own_values_rank_like_the_score_that_they_are(model, specs):
    entered = Entered(model, specs)
    for score in ("intensity", "random"):
        ours = entered.output(0.5, entered.ranking(score), "drop")
        assert torch.equal(ours.logits, entered.output(0.5, score).logits)


@torch.inference_mode()
def test_random_order_is_the_seeds(model, specs):
    first, again, other = (model(specs, 0.5, "random", seed=seed).kept[4] for seed in (3, 3, 4))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert (first == first[0]).all()


@torch.inference_mode()
def test_time_even_leaves_something_of_every_column(model, specs):
    kept = model(specs, 0.5, "time-even").kept
    for block, each in ((4, 4), (7, 2), (10, 1)):
        for row in kept[block]:
            assert torch.bincount(row // 8, minlength=8).tolist() == [each] * 8
    assert len(set((model(specs, 0.5).kept[10][0] // 8).tolist())) < 8  # which attention alone does not


def test_only_some_patches_are_looked_at(model, specs):
    """As in training, where others were masked before."""
    ids = torch.arange(64)[None].expand(3, -1)[:, 5:45]
    with torch.inference_mode():
        out = Entered(model, specs, ids=ids).output(0.5)
    assert [kept.shape[1] for kept in out.kept.values()] == [20, 10, 5]
    assert ((out.kept[4] >= 5) & (out.kept[4] < 45)).all()


@pytest.mark.parametrize("method", METHODS)
def test_gradients_flow(model, specs, method):
    model(specs, 0.3, method=method).logits.sum().backward()
    assert model.vit.patch_embed.proj.weight.grad.abs().sum() > 0


def test_probabilities(model):
    logits = torch.tensor([[1.0, 2.0, 4.0]], dtype=torch.bfloat16)
    chances = probabilities(logits, tiny_config("ast"))
    assert chances.dtype == torch.float32 and float(chances.sum()) == pytest.approx(1)
    multilabel = AudioViT(tiny_config("ast")).config.__class__(
        "ast", 128, 64, 12, 5, 0.0, 1.0, multilabel=True
    )
    expected = 1 / (1 + np.exp(-logits.float().numpy()))
    np.testing.assert_allclose(probabilities(logits, multilabel), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"blocks": ()}, "pruning blocks are none; expected ascending whole numbers from 1 to 12"),
        ({"blocks": (7, 4)}, "pruning blocks are 7, 4;"),
        ({"blocks": (4, 4)}, "pruning blocks are 4, 4;"),
        ({"blocks": (0, 4)}, "pruning blocks are 0, 4;"),
        ({"blocks": (4, 13)}, "pruning blocks are 4, 13;"),
        ({"blocks": (4.5,)}, r"pruning blocks are 4\.5;"),
        ({"blocks": 4}, "pruning blocks are 4;"),
        ({"keep_rate": (0.5, 0.7)}, "2 keep-rates for 3 pruning blocks; expected one for all blocks"),
        ({"keep_rate": (0.5, 0.7, 0)}, "Keep-rate 0 is out of range"),
        ({"method": "melt"}, "Method 'melt' is unknown; expected one of drop, fuse, merge"),
        ({"method": "merge", "score": "random"}, "cannot rank by 'random'"),
        ({"keep_rate": (1.0, 1.0, 0.9), "trace": True}, "cannot be combined"),
    ],
)
def test_bad_arguments_are_named(model, specs, arguments, words):
    with pytest.raises(InputError, match=words):
        model(specs, **{"keep_rate": 0.5, **arguments})


def test_scores_of_the_paper_stay_the_default():
    assert SCORES == ("attention", "intensity", "variation") and RANKINGS[:3] == SCORES


class Pruned(torch.nn.Module):
    """What an export takes: tensors in, tensors out."""

    def __init__(self, model: AudioViT, **pruning):
        super().__init__()
        self.model, self.pruning = model, pruning

    def forward(self, spec: torch.Tensor) -> tuple[torch.Tensor, ...]:
        out = self.model(spec, **self.pruning)
        return out.logits, *out.kept.values()


def test_torch_export_leaves_the_batch_free(specs):
    torch.manual_seed(0)
    model = AudioViT(tiny_config("ast")).eval()
    del model.vit.blocks[4:]  # each takes its time to export
    whole = Pruned(model, keep_rate=0.5, score="intensity", blocks=(2, 3, 4))
    batch = torch.export.Dim("batch")
    with torch.no_grad():
        program = torch.export.export(whole, (specs[:2],), dynamic_shapes=({0: batch},))
        for ours, theirs in zip(program.module()(specs), whole(specs), strict=True):
            torch.testing.assert_close(ours, theirs)
