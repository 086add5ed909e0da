"""Small models and clips that many tests share."""

import sys
from collections import Counter

import numpy as np
import pytest
import torch

from tests import ROOT
from tpexplore.model.config import ModelConfig
from tpexplore.model.vit import AudioViT

# The models here are tiny: a second thread costs more in waiting than it computes.
torch.set_num_threads(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-browser", action="store_true", help="fail, not skip, where no Chromium is installed"
    )


@pytest.hookimpl(trylast=True)  # after -m and -k have left tests out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the long files first: if one started last, the other of the two processes would wait."""
    tests_of = Counter(item.path for item in items)
    slow = ROOT / "tests" / "training"
    items.sort(key=lambda item: (slow not in item.path.parents, -tests_of[item.path]))


def tiny_config(family: str, frames: int = 128, classes: int = 5) -> ModelConfig:
    """The paper's shape, 12 blocks pruned at 4, 7 and 10, at the smallest width."""
    return ModelConfig(family, frames, dim=64, depth=12, classes=classes, mean=-6.0, std=4.0)


@pytest.fixture(params=["audiomae", "ast"])
def model(request) -> AudioViT:
    """A random tiny model of each family, with attention that is not nearly uniform."""
    torch.manual_seed(0)
    model = AudioViT(tiny_config(request.param)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.2)
    return model


@pytest.fixture
def specs() -> torch.Tensor:
    """Three pictures that differ in loudness, (3, 128, 128)."""
    generator = torch.Generator().manual_seed(1)
    return torch.randn(3, 128, 128, generator=generator) * torch.tensor([0.5, 1.0, 2.0])[:, None, None]


@pytest.fixture
def clip() -> np.ndarray:
    """0.6 s: silence, then a tone with an onset."""
    time = np.arange(9600) / 16_000
    return np.where(time > 0.2, 0.3 * np.sin(2 * np.pi * 880 * time), 0).astype(np.float32)


@pytest.fixture
def model_of_every_choice(model, monkeypatch) -> AudioViT:
    """The tiny model instead of every model in the page's menu."""
    for name, module in list(sys.modules.items()):
        if name.startswith("tpexplore.ui.") and hasattr(module, "cached_model"):
            monkeypatch.setattr(module, "cached_model", lambda choice: model)
    return model
