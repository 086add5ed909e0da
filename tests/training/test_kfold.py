"""Five folds on generated audio: every clip is tested once, by a model that did not train on it."""

import dataclasses
import json
import sys
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

from tests.training.test_training import small, small_finetune
from tpexplore.errors import InputError
from training import kfold
from training.data.answers import store_answers
from training.data.cache import cache_features
from training.data.datasets import load_dataset
from training.data.datasets.esc50 import FOLDS
from training.data.features import read_features
from training.data.tagger import Tagger
from training.engine import identity
from training.measure import folds
from training.readme.studies import folds_table
from training.recipes.settings import TeacherRecipe
from training.scoring.scores import Accuracy

RATES = ("0.70", "0.50", "0.40", "0.30")


@pytest.fixture
def esc50(tmp_path):
    """A miniature: 2 classes × 5 folds × 3 clips of half a second."""
    root = tmp_path / "ESC-50"
    (root / "audio").mkdir(parents=True)
    (root / "meta").mkdir()
    rows = ["filename,fold,target,category,esc10,src_file,take"]
    rng = np.random.default_rng(0)
    for fold in range(1, 6):
        for target, pitch in enumerate((400, 3000)):
            for take in range(3):
                name = f"{fold}-{fold}{target}{take}-A-{target}.wav"
                rows.append(f"{name},{fold},{target},tone_{target},False,{fold}{target}{take},A")
                wave = 0.3 * np.sin(2 * np.pi * pitch * np.arange(8000) / 16_000)
                soundfile.write(root / "audio" / name, wave + 0.01 * rng.standard_normal(8000), 16_000)
    (root / "meta" / "esc50.csv").write_text("\n".join(rows))
    return root


@pytest.fixture
def recipes(tmp_path):
    """Arguments with tiny recipes of a teacher and of a model."""
    recipes = {
        "teacher": small(TeacherRecipe, "teacher-spc12", channels=[8, 8, 16, 16], epochs=1),
        "model": small_finetune(epochs=1, **{"pruning.start": 0}),
    }
    for name, recipe in recipes.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(dataclasses.asdict(recipe)))
    return ["--recipe", str(tmp_path / "model.json"), "--teacher-recipe", str(tmp_path / "teacher.json")]


def test_every_fold_is_tested_once_by_a_model_that_did_not_see_it(esc50, recipes, tmp_path, monkeypatch):
    assert folds.FOLDS == FOLDS
    monkeypatch.setattr(folds, "FOLDS", FOLDS[:2])  # of these two only, which takes less time
    # A clip of half a second needs no picture of five.
    load_dataset = folds.load_dataset
    monkeypatch.setattr(
        folds, "load_dataset", lambda *args, **options: replace(load_dataset(*args, **options), frames=64)
    )
    seen = []
    run_fold = folds.run_fold

    def watched(fold, features, *rest):
        files = np.array(features.files)
        result = run_fold(fold, features, *rest)
        seen.append(
            {split: set(files[features.indices(split)]) for split in ("train", "test")} | {"is": result}
        )
        return result

    monkeypatch.setattr(folds, "run_fold", watched)
    monkeypatch.setattr(kfold, "STUDIES_FOLDER", tmp_path / "studies")
    command = ["kfold", str(esc50), *recipes, "--out", str(tmp_path / "runs")]
    monkeypatch.setattr(sys, "argv", [*command, "--features", str(tmp_path / "features")])
    kfold.main()
    tested = [name for fold in seen for name in fold["test"]]
    assert len(tested) == len(set(tested)) == 2 * 6
    for fold in seen:
        assert len(fold["train"]) == 24
        assert not fold["train"] & fold["test"]
    study = json.loads((tmp_path / "studies" / "folds-audiomae.json").read_text())
    values = [
        float((fold["is"].passes["attention", "0.50"][0] == fold["is"].targets.argmax(1)).mean())
        for fold in seen
    ]
    cell = study["accuracy"]["attention"]["0.50"]
    assert cell["folds"] == pytest.approx(values, abs=1e-5)
    assert cell["value"] == pytest.approx(sum(values) / 2, abs=1e-5)
    assert (study["n"], study["folds"], len(study["features"])) == (2 * 6, [1, 2], 2)
    run = tmp_path / "runs" / "fold2"
    assert identity.read_json(run / "model" / "origins.json")["teacher"]["recipe"]["arch"] == "resnet10t"
    begun = (run / "model" / "log.jsonl").read_text()
    kfold.main()  # rerun, it trains nothing and measures the same
    assert (run / "model" / "log.jsonl").read_text() == begun
    again = json.loads((tmp_path / "studies" / "folds-audiomae.json").read_text())
    assert again == study


@pytest.mark.parametrize("start", ["bundled", "run", "run of a run"])
def test_a_start_that_has_heard_esc50_is_refused(start, esc50, recipes, tmp_path, monkeypatch):
    """Its accuracy on the folds that it has heard would be too high."""
    source = "ast-audioset"
    if start != "bundled":
        source = tmp_path / "before"
        source.mkdir()
        datasets, earlier = ["us8k-0123456789ab", "esc50-ba9876543210"], None
        if start == "run of a run":
            datasets, earlier = datasets[:1], {"features": datasets[1:]}
        for file, content in {
            "recipe.json": {},
            "run.json": {"features": datasets},
            "origins.json": {"start": earlier},
            "log.jsonl": {"epoch": 1.0, "minutes": 1.0},
        }.items():
            (source / file).write_text(json.dumps(content))
    command = ["kfold", str(esc50), *recipes, "--out", str(tmp_path / "runs"), "--init", str(source)]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(InputError, match="has heard clips of ESC-50"):
        kfold.main()
    assert not (tmp_path / "runs").exists()


def test_datasets_heard_include_those_of_earlier_starts_and_teachers():
    card = {
        "data": {"dataset": "speaker34 + us8k"},
        "pretrained": {"features": ["sounds_cc-0123456789ab"], "teacher": {"features": ["esc50"]}},
        "start": None,
    }
    assert identity.datasets_heard(card) == {"speaker34", "us8k", "sounds_cc", "esc50"}
    assert identity.datasets_heard(None) == set()


def test_a_tagger_answers_to_every_fold(esc50, tmp_path):
    """The training data: the fold's training clips with answers, and other folders' without labels."""
    torch.manual_seed(0)
    tagger = Tagger(0.4, sha256="ab" * 32).eval().requires_grad_(False)
    other = cache_features(load_dataset("recordings", esc50 / "audio"), tmp_path / "features", 1)
    store_answers(other, esc50 / "audio", tagger)
    features, answers = folds.fold_data(esc50, tmp_path / "features", 4, tagger, [other])
    assert {features.files[row][6] for row in features.indices("test")} == {"4"}
    labelled = features.targets.any(1)
    assert labelled.sum() == 30 and (~labelled).sum() == len(read_features(other).indices("train")) > 0
    assert len(answers.logits) == len(features.files)
    without = folds.fold_data(esc50, tmp_path / "features", 3)
    assert without[1] is None


def test_what_pruning_loses_is_counted_over_the_clips_of_all_folds():
    truth = np.array([0, 0, 1, 1])
    targets = np.eye(2, dtype=bool)[truth]

    def fold(unpruned: int, attention: int, *at_random: int) -> folds.Fold:
        """Each number says how many of its four clips, from the first on, are right."""
        one, two, *more = (
            np.where(np.arange(4) < right, truth, 1 - truth) for right in (unpruned, attention, *at_random)
        )
        passes = {("unpruned",): [one]}
        for rate in RATES:
            passes |= {("attention", rate): [two], ("random", rate): more}
        return folds.Fold(targets, passes, 1.5)

    both = {1: fold(4, 3, 2, 0), 5: fold(2, 2, 1, 1)}
    result = folds.summary(both, Accuracy(np.concatenate([targets, targets])))
    assert result["accuracy"]["unpruned"]["folds"] == [1.0, 0.5]
    assert result["accuracy"]["unpruned"]["sd"] == pytest.approx(np.std([1.0, 0.5], ddof=1), abs=1e-5)
    for rate in RATES:
        assert result["accuracy"]["attention"][rate]["value"] == 5 / 8
        assert result["accuracy"]["random"][rate]["folds"] == [0.25, 0.25]
        assert result["pruned_minus_unpruned"]["attention"][rate]["value"] == -1 / 8
        assert result["pruned_minus_unpruned"]["random"][rate]["value"] == -4 / 8
        assert result["attention_minus_random"][rate]["value"] == 3 / 8
    assert result["minutes"] == [1.5, 1.5]
    alone, _, *table = folds_table({"ast": result}).splitlines()
    assert alone == "Without pruning folds 1, 5 of ast give 100.0, 50.0 %."
    assert table[2].startswith(
        "| ast | right by attention, % (SD of the folds) | 75.0 (35.4) | 62.5 (17.7) |"
    )
    assert table[3].startswith("| ast | right by random, % (SD of the folds) | 75.0 (35.4) | 25.0 (0.0) |")
    assert "| – | −12.5 [" in table[4] and "| – | +37.5 [" in table[5]


def test_without_a_study_the_table_says_so():
    assert folds_table({}).startswith("Not measured yet")
