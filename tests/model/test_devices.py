"""Every number type on the CPU, and torch's "meta" device, to detect tensors made on another device."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from tpexplore import explore
from tpexplore.model.forward import Entered
from tpexplore.model.plan import METHODS, RANKINGS, SCORES
from tpexplore.study.removal import removal_curve
from tpexplore.study.stability import stability

TYPES = {torch.float64: 1e-4, torch.bfloat16: 0.1, torch.float16: 0.02}
"""And how far the probabilities of a tiny random model may lie from those in float32."""

types = pytest.mark.parametrize("dtype", TYPES, ids=str)


@types
@pytest.mark.parametrize("method", METHODS)
def test_explore_answers_in_every_type(model, clip, dtype, method):
    scores = None if method == "merge" else (*SCORES, "time-even")
    rates = {"keep_rates": (0.5, 1.0), "method": method, "scores": scores}
    before, after = explore(model, clip, **rates), explore(copy.deepcopy(model).to(dtype), clip, **rates)
    assert {a.dtype for a in (after.spectrogram, after.intensity, after.variation)} == {np.dtype("float32")}
    np.testing.assert_allclose(after.spectrogram, before.spectrogram, rtol=0.01, atol=0.01)
    for score, points in after.points.items():
        for ours, theirs in zip(points, before.points[score], strict=True):
            assert {ours.logits.dtype, ours.probabilities.dtype} == {np.dtype("float32")}
            assert all(ranks.dtype == np.float32 for ranks in ours.scores.values())
            assert {b: len(ids) for b, ids in ours.kept.items()} == {
                b: len(ids) for b, ids in theirs.kept.items()
            }
            if dtype == torch.float64 or not ours.kept:
                # In half precision near ties are decided differently, and then the logits differ.
                np.testing.assert_allclose(ours.probabilities, theirs.probabilities, atol=TYPES[dtype])


@types
def test_half_precision_keeps_nearly_the_same_patches(model, clip, dtype):
    """What block 4 keeps depends on four blocks of arithmetic: few patches near the edge may change."""
    before, after = (
        explore(m, clip, keep_rates=(0.5,), scores=("attention", "intensity"))
        for m in (model, copy.deepcopy(model).to(dtype))
    )
    for score in ("attention", "intensity"):
        kept = [set(side.points[score][0].kept[4].tolist()) for side in (before, after)]
        assert len(kept[0] & kept[1]) >= (32 if dtype == torch.float64 else 29)


@types
def test_stability_removal_and_a_spectrogram_from_elsewhere(model, specs, clip, dtype):
    cast = copy.deepcopy(model).to(dtype)
    answer = stability(cast, clip, 0.5)
    assert np.isfinite(answer.probability) and answer.kept[10].sum() == 8
    leaves = torch.arange(64).expand(3, -1) < torch.tensor([[5], [20], [40]])
    with torch.inference_mode():
        before, after = (removal_curve(m, specs, {"some": leaves}, [3])["some"] for m in (model, cast))
        assert after.dtype == dtype
        torch.testing.assert_close(after.float().softmax(-1), before.softmax(-1), rtol=0, atol=TYPES[dtype])
        # A float32 picture is read like one in the model's own type.
        assert torch.equal(cast(specs).logits, cast(specs.to(dtype)).logits)


class Devices(TorchDispatchMode):
    """Records on which devices operators put their results."""

    def __init__(self):
        super().__init__()
        self.seen = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        self.seen |= {leaf.device.type for leaf in tree_leaves(out) if isinstance(leaf, torch.Tensor)}
        return out


@torch.inference_mode()
def test_nothing_is_made_on_another_device(model, specs, clip):
    model, specs = model.to("meta"), specs.to("meta")
    with Devices() as devices:
        entered = Entered(model, specs, (3, 6, 9))
        for method in METHODS:
            for score in ("attention",) if method == "merge" else set(RANKINGS) - {"random"}:
                out = entered.output((0.9, 0.7, 0.5), score, method)
                assert out.logits.shape == (3, 5) and out.kept[9].shape == (3, 21)
        model(specs, trace=True)
    assert devices.seen == {"meta"}
    # Made on the CPU and moved: the random order, the same on every device, and the front end's picture.
    entered.output(0.5, "random")
    assert model.spectrogram(clip).device.type == "meta"
