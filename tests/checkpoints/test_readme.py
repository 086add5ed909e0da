"""The README's lines on published and own models, each run on a look-alike made by transformers."""

from __future__ import annotations

import re
import shlex

import huggingface_hub
import numpy as np
import pytest
import soundfile
from safetensors.torch import save_file

import tpexplore as tpx
from tests import ROOT, checkpoint_files
from tests import transformers_files as files
from tpexplore.cli import main
from tpexplore.signal.grid import Grid
from tpexplore.ui.choices import cached_model, model_choices

SECTION = (ROOT / "README.md").read_text(encoding="utf-8").split("## Your own model")[1].split("\n## ")[0]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working folder with a person's own model and clip, and a Hub of look-alikes."""
    files.save(tmp_path / "my-ast", files.model_of(files.config_of()))
    soundfile.write(tmp_path / "dog.wav", 0.1 * np.random.default_rng(0).standard_normal(16_000), 16_000)
    made = {}

    def fetch(repository: str, name: str) -> str:
        folder = tmp_path / "hub" / repository
        if repository not in made and "audiomae" in repository:
            made[repository] = folder
            folder.mkdir(parents=True)
            (folder / "config.json").write_text('{"architecture": "vit_base_patch16_224"}')
            save_file(checkpoint_files.audiomae_state(), folder / "model.safetensors")
        elif repository not in made:
            classes, frames = (35, 128) if "speech-commands" in repository else (527, 1024)
            made[repository] = files.save(folder, files.model_of(files.config_of(classes, max_length=frames)))
        return str(folder / name)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", fetch)
    monkeypatch.chdir(tmp_path)
    return tmp_path


ROWS = re.findall(r"^\| (.+) \| `load_model\(\"(.+)\"\)` \|$", SECTION, re.M)
"""What each row of the table says of a model, and how it is loaded."""


def test_the_order_is_the_ast_you_have_your_own_and_audiomae():
    kinds = [("hf_hub:MIT/" in name, name == "my-ast", "audiomae" in name) for _, name in ROWS[:4]]
    assert kinds == [(1, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]


def test_models_of_the_readme(place):
    grids = []
    for text, name in ROWS[:4]:
        config = tpx.load_model(name).config
        assert config.name == name
        for number, what in re.findall(r"([\d,]+) (sounds|words|patches)", text):
            counted = config.patches if what == "patches" else config.classes
            assert counted == int(number.replace(",", ""))
        grids.append(config.grid)
    assert grids == [Grid(12, 101, 10, 10), Grid(12, 12, 10, 10), Grid(12, 12, 10, 10), Grid(8, 64)]


def test_commands_of_the_readme(place, capsys):
    app, explore = re.findall(r"^\.venv/bin/python (.+)$", SECTION, re.M)
    arguments = shlex.split(explore, comments=True)
    assert arguments[:2] == ["-m", "tpexplore"]
    assert main(arguments[2:]) in (0, None)
    assert "sound " in capsys.readouterr().out
    name, option, model = shlex.split(app, comments=True)
    assert (name, option) == ("app.py", "--checkpoint")
    choice = model_choices(model)[0]
    assert choice.label == "my-ast" and cached_model(choice).config.labels[2] == "sound 2"
    assert model_choices(".")[0].label == place.name


def test_files_of_the_readme(place):
    states = {
        "finetuned.pth": ({"model": checkpoint_files.audiomae_state()}, 512),
        "audioset_10_10_0.4593.pth": (checkpoint_files.ast_state(patches=1212), 1212),
        "SSAST-Base-Patch-400.pth": (
            {k: v for k, v in checkpoint_files.ast_state().items() if "mlp_head" not in k},
            512,
        ),
    }
    assert [name for _, name in ROWS[4:]] == [*states]
    assert "`pretrained.pth`" in ROWS[4][0] and "paper's pruned checkpoints" in SECTION
    states["pretrained.pth"] = (checkpoint_files.audiomae_pretrained_state(), 512)
    states["FILE"] = (checkpoint_files.pruned_audiomae_contents(), 256)
    for name, (state, patches) in states.items():
        assert tpx.load_model(checkpoint_files.save(place / name, state)).config.patches == patches
