"""The study of scores on generated audio: every cell is trained, tested as it was trained, and paired."""

import json
import sys
from dataclasses import asdict

import numpy as np
import pytest
import torch

from tests.training.test_training import corpus, features, small_finetune  # noqa: F401 (fixtures)
from training import score_study as command
from training.engine.student import build_model
from training.measure import score_study, variants
from training.recipes.settings import FinetuneRecipe, load_recipe
from training.scoring.scores import Accuracy


def test_figures_are_those_of_the_answers_given():
    """Accuracy and paired differences counted by hand from made-up answers."""
    targets = np.eye(2, dtype=bool)[[0, 0, 1, 1]]
    right = {
        "attention": [1, 1, 1, 0],
        "intensity": [1, 0, 0, 0],
        "variation": [1, 1, 1, 1],
        "random": [0] * 4,
    }
    truth = targets.argmax(1)
    answers = {
        (score, rate, seed): np.where(np.array(marks, bool), truth, 1 - truth)
        for score, marks in right.items()
        for rate in score_study.RATES
        for seed in (0, 1)
    }
    result = score_study.summary(answers, Accuracy(targets), (0, 1))
    assert result["accuracy"]["attention"]["0.40"]["value"] == 0.75
    assert result["accuracy"]["attention"]["0.40"]["seeds"] == [0.75, 0.75]
    differences = {name: rates["0.60"]["value"] for name, rates in result["paired"].items()}
    assert differences == {
        "attention_minus_intensity": 0.5,
        "attention_minus_variation": -0.25,
        "attention_minus_random": 0.75,
    }


def test_every_score_and_keep_rate_gets_a_training_of_its_own(features, tmp_path, monkeypatch, capsys):  # noqa: F811
    recipe = small_finetune(epochs=1, **{"pruning.start": 0})
    (tmp_path / "tiny.json").write_text(json.dumps(asdict(recipe)))
    monkeypatch.setattr(score_study, "RATES", (0.5,))
    monkeypatch.setattr(score_study, "STUDIED", ("attention", "random"))
    monkeypatch.setattr(command, "STUDIES_FOLDER", tmp_path / "studies")
    monkeypatch.setattr(command, "read_features", lambda folder: features)
    monkeypatch.setattr(variants, "describe_start", lambda init: {"model": init})
    monkeypatch.setattr(variants, "note_origins", lambda *_: None)
    monkeypatch.setattr(variants, "FinetuneStage", lambda features, recipe, **others: stage(features, recipe))
    monkeypatch.setattr(score_study, "build_model", always_first_class)
    arguments = ["score_study", "F", "--recipe", str(tmp_path / "tiny.json"), "--init", "none"]
    monkeypatch.setattr(sys, "argv", [*arguments, "--out", str(tmp_path / "runs")])
    command.main()
    for score in ("attention", "random"):
        noted = load_recipe(str(tmp_path / f"runs/{score}-0.50-seed0/recipe.json"), FinetuneRecipe)
        assert noted.pruning.keep_rate == 0.5 and noted.pruning.scores == {score: 1.0}
    written = json.loads((tmp_path / "studies/scores-tiny.json").read_text())
    assert written["n"] == len(features.indices("test"))
    assert set(written["paired"]) == {"attention_minus_random"}
    in_first_class = features.labels[features.indices("test")] == 0
    assert written["start_accuracy"]["value"] == pytest.approx(in_first_class.mean(), abs=1e-5)
    assert "attention_minus_random at 0.50" in capsys.readouterr().out


stage = variants.FinetuneStage


def always_first_class(features, recipe, init):  # noqa: F811
    """A start that gives every clip the first class."""
    model = build_model(features, recipe, init=None)
    with torch.no_grad():
        classifier = model.head[1] if recipe.family == "ast" else model.vit.head
        classifier.weight.zero_()
        classifier.bias.copy_(torch.arange(len(classifier.bias)) == 0)
    return model


@pytest.mark.parametrize("model", ["ast-spc12", "audiomae-spc12", "ast-esc50"])
def test_the_recipes_prune_from_the_first_step_and_the_start_never(model):
    studied = load_recipe(f"{model}-study", FinetuneRecipe)
    assert studied.pruning.start == 0 and isinstance(studied.pruning.keep_rate, float)
    start = load_recipe(f"{model}-start", FinetuneRecipe)
    assert start.pruning.start >= start.epochs
