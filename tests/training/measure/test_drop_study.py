"""Two trainings that differ only in dropping: recipes, summary, and the command on generated audio."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from tests.training.test_training import corpus, features, small  # noqa: F401 (fixtures)
from training import drop_study as command
from training.data.answers import StoredAnswers
from training.data.tagger import TAGS
from training.engine.identity import read_json
from training.measure import drop_study
from training.readme.studies import drop_study_table
from training.recipes.settings import FinetuneRecipe, load_recipe
from training.scoring.scores import Accuracy

RATES = ("0.70", "0.50", "0.40", "0.30")


def test_the_trainings_differ_in_dropping_alone_and_never_prune():
    recipe = load_recipe("ast-esc50-drop-study", FinetuneRecipe)
    whole, dropped = (asdict(drop_study.recipe_of(recipe, name)) for name in drop_study.TRAININGS)
    assert {name: (whole[name], dropped[name]) for name in whole if whole[name] != dropped[name]} == {
        "token_drop": (0.0, 0.75)
    }
    assert recipe.pruning.start >= recipe.epochs


def test_differences_are_counted_on_the_same_clips():
    truth = np.array([0, 0, 1, 1])

    def passes(*right_clips: int) -> list[np.ndarray]:
        """One pass for each number, which says how many clips, from the first on, are right."""
        return [np.where(np.arange(4) < right, truth, 1 - truth) for right in right_clips]

    def ways(attention: int, *at_random: int) -> dict:
        by_rate = [{("attention", r): passes(attention), ("random", r): passes(*at_random)} for r in RATES]
        return {("unpruned",): passes(4)} | {way: kept for one in by_rate for way, kept in one.items()}

    answers = {"whole": ways(3, 2, 1, 0), "dropped": ways(1, 2, 2, 2)}
    result = drop_study.summary(answers, Accuracy(np.eye(2, dtype=bool)[truth]))
    for rate in RATES:
        assert result["accuracy"]["whole"]["random"][rate]["value"] == 0.25  # of 2, 1 and 0 clips
        assert result["attention_minus_random"]["whole"][rate]["value"] == 0.5
        assert result["attention_minus_random"]["dropped"][rate]["value"] == -0.25
        assert result["whole_minus_dropped"]["attention"][rate]["value"] == 0.5
        assert result["whole_minus_dropped"]["random"][rate]["value"] == -0.25
    assert result["accuracy"]["whole"]["unpruned"]["value"] == 1.0
    table = drop_study_table({"ast": result}).splitlines()
    assert len(table) == 6 and "+50.0" in table[2] and "−25.0" in table[3]


@pytest.fixture
def recipe_file(tmp_path):
    usual = {"dim": 64, "depth": 10, "epochs": 0.5, "pruning.start": 0.5, "ema": 0.5}
    recipe = small(FinetuneRecipe, "ast-esc50-drop-study", **usual)
    path = tmp_path / "tiny.json"
    path.write_text(json.dumps(asdict(recipe)))
    return path


def test_the_command_trains_both_from_one_start(features, recipe_file, tmp_path, monkeypatch, capsys):  # noqa: F811
    rng, clips = np.random.default_rng(0), len(features.files)
    stored = StoredAnswers(rng.normal(-4, 1, (clips, TAGS)), rng.normal(0, 1, (clips, 8)), "ab" * 32)
    monkeypatch.setattr(command, "STUDIES_FOLDER", tmp_path / "studies")
    monkeypatch.setattr(command, "answered_data", lambda folders: (features, stored))
    start = tmp_path / "start"
    recipe = load_recipe(str(recipe_file), FinetuneRecipe)
    drop_study.train_variant(start, recipe, features, answers=stored)
    arguments = ["F", "--recipe", str(recipe_file), "--init", str(start), "--out", str(tmp_path / "runs")]
    monkeypatch.setattr("sys.argv", ["drop_study", *arguments])
    capsys.readouterr()
    command.main()
    printed = capsys.readouterr().out.splitlines()[-8:]
    assert printed[0].startswith("whole at 0.70: ") and printed[-1].startswith("dropped at 0.30: ")
    written = json.loads((tmp_path / "studies/drop-ast.json").read_text())
    assert written["n"] == len(features.indices("test"))
    assert set(written["trained"]) == set(drop_study.TRAININGS)
    recipes = {name: read_json(tmp_path / "runs" / name / "recipe.json") for name in drop_study.TRAININGS}
    assert recipes["whole"]["token_drop"] == 0.0 and recipes["dropped"]["token_drop"] == 0.75
