"""Attention against random patches in thirds of a split, against single passes one clip at a time."""

import json

import numpy as np
import pytest
import torch

from tests import small_splits
from tpexplore import load_model
from tpexplore.model.forward import Entered
from tpexplore.model.pruning import random_ranks
from training import random_study as command
from training.measure import bundled_study
from training.measure import random_study as study
from training.readme.studies import random_tables

CLIPS = 6


@pytest.fixture
def noise(tmp_path, monkeypatch):
    features = small_splits.generated_features(test_clips=CLIPS)
    small_splits.use_folder(tmp_path, monkeypatch.setattr)
    name = small_splits.bundle("ast", features, tmp_path)
    return name, features, small_splits.write_features(features, tmp_path / "features")


def test_quiet_share_is_counted_patch_by_patch():
    rng = np.random.default_rng(0)
    mel, std = rng.normal(-6, 4, (2, 32, 128)), 3.7
    spec = torch.from_numpy((mel - -5.0) / (2 * std)).float()
    for picture, share in zip(mel, study.quiet_share(spec, std), strict=True):
        levels = [
            10 / np.log(10) * picture[t : t + 16, f : f + 16].mean()
            for t in range(0, 32, 16)
            for f in range(0, 128, 16)
        ]
        quiet = [level < max(levels) - study.QUIET_DB for level in levels]
        assert float(share) == pytest.approx(np.mean(quiet))
    loud = torch.zeros(1, 32, 128)
    loud[:, :16, :16] = 30 * np.log(10) / 10 / (2 * std) + 0.01  # one patch a little over 30 dB above all
    assert float(study.quiet_share(loud, std)) == pytest.approx(15 / 16)


def test_thirds_are_those_of_single_passes(noise, tmp_path, monkeypatch, capsys):
    name, features, folder = noise
    monkeypatch.setattr(bundled_study, "STUDIES_FOLDER", tmp_path / "studies")
    monkeypatch.setattr("sys.argv", ["random_study", name, str(folder)])
    command.main()
    assert capsys.readouterr().out.endswith(f"random-{name}.json: written\n")
    results = json.loads((tmp_path / "studies" / f"random-{name}.json").read_text())
    model, leads, quiet = load_model(name), [], []
    for position, row in enumerate(features.indices("test")):
        mel = torch.from_numpy(features.mel[row].astype(np.float32))
        spec = ((mel - model.config.mean) / (2 * model.config.std))[None]
        quiet.append(float(study.quiet_share(spec, model.config.std)))
        label = features.labels[row]
        orders = [random_ranks(seed, [position], 32) for seed in range(3)]
        with torch.inference_mode():
            chance = [
                int(Entered(model, spec).output(0.4, order).logits.argmax()) == label for order in orders
            ]
            leads.append(int(int(model(spec, 0.4).logits.argmax()) == label) - np.mean(chance))
    order = np.argsort(quiet, kind="stable")
    for third, group in enumerate(("full", "between", "quiet")):
        rows = order[2 * third : 2 * third + 2]
        cell = results["groups"][group]["keep_rate"]["0.40"]["attention_minus_random"]
        assert results["groups"][group]["n"] == 2
        assert cell["value"] == pytest.approx(np.mean([leads[row] for row in rows]), abs=1e-5)
    table = random_tables({name: results})
    assert table.count(f"`{name}`") == 3 and "keep-rate 0.4" in table


def test_without_a_study_the_table_says_so():
    assert random_tables({}).startswith("Not measured yet")
