"""Packed linear layers against PyTorch's own."""

from __future__ import annotations

import copy
import pickle
from itertools import product

import pytest
import torch
from torch import nn

import tpexplore as tpx
from tests.conftest import tiny_config
from tpexplore.checkpoints.bundled import example_clips
from tpexplore.model.packing import PackedLinear
from tpexplore.model.plan import SCORES
from tpexplore.model.vit import AudioViT

needs_onednn = pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(), reason="this PyTorch was built without oneDNN"
)


@needs_onednn
@pytest.mark.parametrize("shape", [(2, 33), (1, 257), (3, 1), (1, 0), (5,)])
@pytest.mark.parametrize("bias", [True, False])
def test_packed_linear_equals_a_product_in_double_precision(shape, bias):
    torch.manual_seed(0)
    layer = nn.Linear(192, 320, bias=bias)
    x = torch.randn(*shape, 192)
    with torch.inference_mode():
        output = PackedLinear(layer)(x)
        expected = x.double() @ layer.weight.double().T
        expected = expected + layer.bias.double() if bias else expected
    assert output.shape == (*shape, 320) and output.dtype == torch.float32
    torch.testing.assert_close(output.double(), expected, rtol=1e-5, atol=1e-5)


@needs_onednn
def test_packed_linear_reads_transposed_input():
    torch.manual_seed(0)
    layer, x = nn.Linear(64, 48), torch.randn(2, 64, 7).transpose(1, 2)
    with torch.inference_mode():
        torch.testing.assert_close(PackedLinear(layer)(x), layer(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["ast-audioset", "audiomae-esc50", "ast-spc12", "audiomae-spc12"])
def test_a_packed_model_answers_as_the_plain_one(name):
    plain = tpx.load_model(name)
    packed = tpx.pack(copy.deepcopy(plain))
    clips = [tpx.load_audio(example.path) for example in example_clips()[::4]]
    spec = torch.stack([plain.spectrogram(clip) for clip in clips])
    with torch.inference_mode():
        # Unpruned, nothing is ranked.
        for score, rate in [(SCORES[0], 1.0), *product(SCORES, (0.7, 0.3))]:
            before, after = plain(spec, rate, score), packed(spec, rate, score)
            torch.testing.assert_close(after.logits, before.logits, rtol=1e-3, atol=1e-3)
            assert {b: ids.shape for b, ids in after.kept.items()} == {
                b: ids.shape for b, ids in before.kept.items()
            }


@pytest.mark.parametrize("name", ["ast-spc12", "audiomae-spc12"])
def test_a_packed_model_unpruned_is_its_timm_model_to_the_last_bit(name):
    model = tpx.pack(tpx.load_model(name))
    spec = model.spectrogram(tpx.load_audio(example_clips()[0].path))[None]
    with torch.inference_mode():
        tokens = model.vit.forward_features(spec[:, None])
        # forward_features ends with the model's norm, which the readout applies itself.
        expected = model.vit.norm(model.run_blocks(model.embed(spec), 1, model.config.depth))
    assert torch.equal(tokens, expected)


@needs_onednn
def test_packing_switches_every_linear_layer_of_the_blocks():
    model = tpx.pack(tpx.load_model("ast-spc12"))
    layers = [type(layer) for block in model.vit.blocks for layer in block.modules()]
    assert layers.count(PackedLinear) == 4 * model.config.depth
    assert nn.Linear not in layers
    tpx.pack(model)
    assert [type(layer) for block in model.vit.blocks for layer in block.modules()] == layers


def test_without_onednn_a_model_stays_as_it_is(monkeypatch):
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    model = tpx.pack(tpx.load_model("ast-spc12"))
    assert not any(isinstance(layer, PackedLinear) for layer in model.modules())


@needs_onednn
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_of_a_packed_model_are_packed_and_answer_alike(specs, copied):
    model = tpx.pack(AudioViT(tiny_config("ast")).eval())
    twin = copied(model)
    assert sum(isinstance(layer, PackedLinear) for layer in twin.modules()) == 4 * model.config.depth
    with torch.inference_mode():
        assert torch.equal(twin(specs, 0.5).logits, model(specs, 0.5).logits)


@needs_onednn
def test_a_packed_model_can_be_moved_and_moved_back(specs):
    torch.manual_seed(0)
    plain = AudioViT(tiny_config("audiomae")).eval()
    model = tpx.pack(copy.deepcopy(plain))
    before = model(specs, 0.5).logits
    for dtype in (torch.float64, torch.bfloat16, torch.float16):
        moved, expected = copy.deepcopy(model).to(dtype), copy.deepcopy(plain).to(dtype)
        with torch.inference_mode():
            out = moved(specs, 0.5)
            assert out.logits.dtype == dtype
            assert torch.equal(out.logits, expected(specs, 0.5).logits)
    with torch.inference_mode():
        assert torch.equal(model.double().float()(specs, 0.5).logits, before)
    assert copy.deepcopy(model).to("meta")(specs.to("meta"), 0.5).logits.device.type == "meta"


@torch.inference_mode()
def test_a_packed_model_runs_under_autocast(specs):
    model = AudioViT(tiny_config("ast")).eval()
    with torch.autocast("cpu", torch.bfloat16):
        plain = model(specs, 0.5).logits
        packed = tpx.pack(model)(specs, 0.5).logits
    torch.testing.assert_close(packed.float(), plain.float(), rtol=0.1, atol=0.1)


def test_models_in_other_types_stay_as_they_are():
    for dtype in (torch.float64, torch.bfloat16, torch.float16):
        model = tpx.pack(AudioViT(tiny_config("ast")).to(dtype).eval())
        assert not any(isinstance(layer, PackedLinear) for layer in model.modules())
