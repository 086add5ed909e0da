"""Training steps on a CPU: other operations with the same values."""

import torch
from timm.models.vision_transformer import VisionTransformer
from torch import nn
from torch.nn.functional import conv2d

from training.engine.on_cpu import TiledConvolution, prepare_for_training


def test_a_product_of_tiles_is_the_convolution_and_its_gradients():
    torch.manual_seed(0)
    tiled = TiledConvolution(2, 5, (4, 3), (4, 3)).double()
    spec = torch.randn(3, 2, 16, 12, dtype=torch.double, requires_grad=True)
    expected = conv2d(spec, tiled.weight, tiled.bias, stride=(4, 3))
    weight = torch.randn_like(expected)
    actual = tiled(spec)
    assert torch.allclose(actual, expected)
    inputs = (spec, tiled.weight, tiled.bias)
    for own, torchs in zip(
        torch.autograd.grad((actual * weight).sum(), inputs),
        torch.autograd.grad((expected * weight).sum(), inputs),
        strict=True,
    ):
        assert torch.allclose(own, torchs)


def test_a_model_prepared_for_training_keeps_its_answers_and_the_names_of_its_weights():
    torch.manual_seed(0)
    vit = VisionTransformer(img_size=(64, 32), in_chans=1, embed_dim=32, depth=2, num_heads=2, num_classes=3)
    vit = vit.double().eval()
    spec = torch.randn(2, 1, 64, 32, dtype=torch.double)
    names, before = list(vit.state_dict()), vit(spec)
    prepared = prepare_for_training(vit, torch.device("cpu"))
    assert isinstance(prepared.patch_embed.proj, TiledConvolution)
    assert list(prepared.state_dict()) == names
    assert torch.allclose(prepared(spec), before)


def test_windows_that_overlap_stay_a_convolution():
    model = nn.Module()
    model.patch_embed = nn.Module()
    model.patch_embed.proj = nn.Conv2d(1, 4, 16, 10)
    assert type(prepare_for_training(model, torch.device("cpu")).patch_embed.proj) is nn.Conv2d
