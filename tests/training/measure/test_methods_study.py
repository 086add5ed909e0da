"""The study of methods on generated audio: each is trained and tested in its own way, and paired."""

import json
import sys
from dataclasses import asdict

import numpy as np

from tests.training.test_training import corpus, features, small_finetune  # noqa: F401 (fixtures)
from training import methods_study as command
from training.measure import methods_study, variants
from training.recipes.settings import FinetuneRecipe, load_recipe
from training.scoring.scores import Accuracy


def test_figures_are_those_of_the_answers():
    targets = np.eye(2, dtype=bool)[[0, 0, 1, 1]]
    right = {"drop": [1, 1, 1, 0], "fuse": [1, 1, 1, 1], "merge": [1, 0, 0, 0]}
    truth = targets.argmax(1)
    answers = {
        (method, 0): np.where(np.array(marks, bool), truth, 1 - truth) for method, marks in right.items()
    }
    result = methods_study.summary(answers, Accuracy(targets), (0,))
    assert {name: cell["value"] for name, cell in result["accuracy"].items()} == {
        "drop": 0.75,
        "fuse": 1.0,
        "merge": 0.25,
    }
    assert {name: cell["value"] for name, cell in result["paired"].items()} == {"fuse": 0.25, "merge": -0.5}


def test_every_method_gets_a_training_and_a_test_of_its_own(features, tmp_path, monkeypatch, capsys):  # noqa: F811
    recipe = small_finetune(epochs=1, **{"pruning.start": 0})
    (tmp_path / "tiny.json").write_text(json.dumps(asdict(recipe)))
    tested = []
    measure = methods_study.one_way
    monkeypatch.setattr(methods_study, "one_way", lambda *way: tested.append(way[-1]) or measure(*way))
    monkeypatch.setattr(command, "STUDIES_FOLDER", tmp_path / "studies")
    monkeypatch.setattr(command, "read_features", lambda folder: features)
    monkeypatch.setattr(variants, "describe_start", lambda init: {"model": init})
    monkeypatch.setattr(variants, "note_origins", lambda *_: None)
    stage = variants.FinetuneStage
    monkeypatch.setattr(variants, "FinetuneStage", lambda features, recipe, **others: stage(features, recipe))
    arguments = ["methods_study", "F", "--recipe", str(tmp_path / "tiny.json"), "--init", "none"]
    monkeypatch.setattr(sys, "argv", [*arguments, "--out", str(tmp_path / "runs")])
    command.main()
    for method in ("drop", "fuse", "merge"):
        noted = load_recipe(str(tmp_path / f"runs/{method}-0.50-seed0/recipe.json"), FinetuneRecipe)
        assert noted.pruning.method == method and noted.pruning.keep_rate == 0.5
    assert tested == ["drop", "fuse", "merge"]
    written = json.loads((tmp_path / "studies/methods-tiny.json").read_text())
    assert set(written["paired"]) == {"fuse", "merge"}
    assert "merge minus drop" in capsys.readouterr().out
