"""A LoRA adapter is not a model: however it is passed, a sentence says what to do with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import huggingface_hub
import pytest
import torch
from safetensors.torch import save_file

from tests.transformers_files import config_of, model_of, save
from tpexplore.checkpoints.load import load_model
from tpexplore.errors import InputError

QUERY = "audio_spectrogram_transformer.encoder.layer.0.attention.attention.query"
ADVICE = r"join them with merge_and_unload\(\) and save the result with save_pretrained\(\)\.$"


@pytest.fixture
def folder(tmp_path) -> Path:
    """What PEFT's save_pretrained writes."""
    path = tmp_path / "my-lora"
    path.mkdir()
    settings = {"peft_type": "LORA", "base_model_name_or_path": "MIT/ast", "r": 8}
    (path / "adapter_config.json").write_text(json.dumps(settings))
    weights = {f"base_model.model.{QUERY}.lora_{part}.weight": torch.zeros(8, 8) for part in "AB"}
    save_file(weights, path / "adapter_model.safetensors")
    return path


def download_from(folder: Path) -> Callable[[str, str], str]:
    """Acts like the Hub's library with a repository of these files."""

    def download(repository: str, name: str) -> str:
        if not (folder / name).is_file():
            raise huggingface_hub.errors.EntryNotFoundError("404")
        return str(folder / name)

    return download


def test_an_adapters_folder_is_refused(folder):
    with pytest.raises(InputError, match=r"my-lora .* holds an adapter \(LoRA\) of 'MIT/ast'.*" + ADVICE):
        load_model(folder)


def test_beside_an_adapter_a_whole_model_is_loaded(folder, monkeypatch):
    """From a folder as from the Hub: folders used to be refused, unlike the same files on the Hub."""
    save(folder, model_of(config_of()))
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download_from(folder))
    local, remote = load_model(folder), load_model("hf_hub:someone/merged")
    assert local.config.classes == remote.config.classes == 12
    assert all(map(torch.equal, local.state_dict().values(), remote.state_dict().values()))


def test_an_adapters_file_is_refused(folder):
    with pytest.raises(InputError, match=r"adapter_model\.safetensors .* holds an adapter.*" + ADVICE):
        load_model(folder / "adapter_model.safetensors")


@pytest.mark.parametrize("name", ["lora_A.default.weight", "base_layer.weight"])
def test_a_model_saved_with_its_adapter_unmerged_is_refused(tmp_path, name):
    torch.save({f"{QUERY}.{name}": torch.zeros(8, 8)}, tmp_path / "unmerged.pth")
    with pytest.raises(InputError, match=ADVICE):
        load_model(tmp_path / "unmerged.pth")


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"peft_type": "IA3", "base_model_name_or_path": None}, r"an adapter \('IA3'\), not"),
        ({"base_model_name_or_path": ["a\nb"]}, r"an adapter \(LoRA\) of "),
        ([], "adapter_config.json holds no settings"),
    ],
)
def test_odd_settings_of_an_adapter_end_in_a_sentence(folder, settings, part):
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    with pytest.raises(InputError, match=rf"^my-lora cannot be used: it.*{part}"):
        load_model(folder)


def test_an_adapter_on_the_hub_is_refused(folder, monkeypatch):
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download_from(folder))
    with pytest.raises(InputError, match=r"^hf_hub:someone/lora cannot be used.*" + ADVICE):
        load_model("hf_hub:someone/lora")
