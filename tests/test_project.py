"""What the repository promises: imports, pins, front matter, cards, results, examples."""

import re
from unittest.mock import create_autospec

import numpy as np
import pytest
import soundfile
import torch

import tpexplore
from tests import ROOT
from tests.test_imports import LAYERS
from tpexplore import audio
from tpexplore.checkpoints.bundled import (
    MODELS_FOLDER,
    bundled_card,
    bundled_names,
    example_clips,
)
from tpexplore.checkpoints.load import load_model
from tpexplore.model.plan import KEEP_RATES, SCORES
from tpexplore.results.store import bundled_models, measured_results
from tpexplore.signal.excerpt import read_excerpt


def test_imports_of_the_first_edition_work():
    assert audio.clip_from_array is tpexplore.clip_from_array
    assert audio.load_audio is tpexplore.load_audio


def test_where_things_are_is_true():
    """Every file and folder in the README's tree exists, and every package is in it."""
    tree = re.search(r"## Where things are\n\n```\n(.*?)```", (ROOT / "README.md").read_text(), re.S)[1]
    parents, listed = [], []
    for line in tree.splitlines():
        name, depth = line.split()[0], (len(line) - len(line.lstrip())) // 2
        parents[depth:] = [name]
        assert ROOT.joinpath(*parents).exists(), line
        listed.append(name.rstrip("/"))
    packages = [name for name in listed if name in LAYERS]
    assert packages == [*reversed(LAYERS)]
    assert {path.parent.name for path in ROOT.glob("tpexplore/*/__init__.py")} == set(LAYERS)


def test_the_space_gets_the_gradio_that_is_tested():
    front = (ROOT / "README.md").read_text().split("---")[1]
    pins = dict(re.findall(r"^(\w+)==(\S+)$", (ROOT / "requirements.txt").read_text(), re.M))
    settings = dict(re.findall(r"^(\w+): (.+)$", front, re.M))
    assert settings["sdk"] == "gradio"
    assert settings["sdk_version"] == pins["gradio"]
    assert settings["python_version"] == '"3.11"'  # unquoted, 3.10 would become 3.1
    assert (ROOT / settings["app_file"]).is_file()
    assert len(settings["short_description"]) <= 60


def test_readme_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text()):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_readme_library_example_runs(monkeypatch):
    # An export takes ten seconds; tests/checkpoints/test_export.py has what it writes.
    export = create_autospec(tpexplore.export)
    monkeypatch.setattr(tpexplore, "export", export)
    block, *_ = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    names = {}
    exec(block.replace('"assets/', f'"{ROOT}/assets/'), names)  # our own README
    export.assert_called_once_with(names["model"], "pruned.onnx", keep_rate=0.7)
    assert names["out"].kept[4].shape == (1, 45)
    assert names["scores"].shape == (1, 12, 64)


def test_bundled_models_stay_within_a_spaces_limits():
    sizes = [p.stat().st_size for p in MODELS_FOLDER.glob("*.safetensors")]
    assert sizes, "no model is bundled"
    assert max(sizes) <= 10_000_000
    assert sum(sizes) <= 45_000_000
    assert {m["family"] for m in bundled_models()} == {"audiomae", "ast"}


@pytest.mark.parametrize("name", bundled_names())
def test_cards_and_results_belong_to_the_weights(name):
    model, card, results = load_model(name), bundled_card(name), measured_results(name)
    assert results["weights_sha256"] == card["weights_sha256"] == model.config.sha256
    assert tuple(card["labels"]) == model.config.labels
    assert card["parameters"] == sum(p.numel() for p in model.parameters())
    for key in ("model", "task", "split", "metric", "n", "commit", "made_by", "date"):
        assert results[key]
    for score in SCORES:
        cells = results["keep_rate"][score]
        assert set(cells) == {f"{rate:.2f}" for rate in KEEP_RATES}
        for cell in cells.values():
            low, high = cell["ci95"]
            assert low <= cell["value"] <= high
            right = cell["value"] * results["n"]
            assert abs(right - round(right)) < 0.01


@pytest.mark.parametrize("name", bundled_names())
def test_models_know_the_examples_that_fit_them(name):
    model = load_model(name)
    recorded = {e["file"]: e["answer"] for e in measured_results(name)["examples"]}
    card = bundled_card(name)
    fitting = [e for e in example_clips() if e.fits(card) and e.right_answers(card["task"])]
    assert bool(fitting) is (name != "audiomae-speaker34")  # whose speakers made no example
    for example in fitting:
        with torch.inference_mode():
            excerpt = read_excerpt(example.path, model.config.seconds)
            logits = model(model.spectrogram(excerpt.samples)[None]).logits
        answer = model.config.labels[int(logits.argmax())]
        assert answer == recorded[example.path.name], example.path.name
        assert answer in example.right_answers(card["task"]), example.path.name


def test_examples_are_clean_mono_16_khz():
    clips = example_clips()
    assert len(clips) >= 4
    for example in clips:
        samples, rate = soundfile.read(example.path)
        assert (samples.ndim, rate) == (1, 16_000)
        assert 0.4 < np.abs(samples).max() < 1.0
        assert abs(samples.mean()) < 0.01
