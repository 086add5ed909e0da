"""Five folds on generated audio: every clip is tested once, by a model that did not train on it."""

import dataclasses
import json
import sys
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from tests.training.test_training import small, small_finetune
from training import kfold
from training.data.datasets.esc50 import FOLDS
from training.engine import folds
from training.recipes.settings import TeacherRecipe


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


def test_every_fold_is_tested_once_by_a_model_that_did_not_see_it(esc50, tmp_path, monkeypatch):
    assert kfold.FOLDS == FOLDS
    monkeypatch.setattr(kfold, "FOLDS", FOLDS[:2])  # of these two only, which takes less time
    recipes = {
        "teacher": small(TeacherRecipe, "teacher-spc12", channels=[8, 8, 16, 16], epochs=1),
        "model": small_finetune(epochs=1, **{"pruning.start": 0}),
    }
    for name, recipe in recipes.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(dataclasses.asdict(recipe)))
    # A clip of half a second needs no picture of five.
    load_dataset = folds.load_dataset
    monkeypatch.setattr(
        folds, "load_dataset", lambda *args, **options: replace(load_dataset(*args, **options), frames=64)
    )
    seen = []
    train_fold = kfold.train_fold

    def watched(features, *rest):
        seen.append(
            {
                split: set(features.files) & set(np.array(features.files)[features.indices(split)])
                for split in ("train", "test")
            }
        )
        return train_fold(features, *rest)

    monkeypatch.setattr(kfold, "train_fold", watched)
    command = ["kfold", str(esc50), "--recipe", str(tmp_path / "model.json"), "--out", str(tmp_path / "runs")]
    command += ["--teacher-recipe", str(tmp_path / "teacher.json"), "--features", str(tmp_path / "features")]
    monkeypatch.setattr(sys, "argv", command)
    kfold.main()
    tested = [name for fold in seen for name in fold["test"]]
    assert len(tested) == len(set(tested)) == 2 * 6
    for fold in seen:
        assert len(fold["train"]) == 24
        assert not fold["train"] & fold["test"]
    summary = json.loads((tmp_path / "runs" / "folds.json").read_text())
    values = [
        json.loads((tmp_path / "runs" / f"fold{k}" / "model" / "results.json").read_text())["keep_rate"][
            "intensity"
        ]["0.50"]["value"]
        for k in FOLDS[:2]
    ]
    cell = summary["keep_rate"]["intensity"]["0.50"]
    assert cell["folds"] == values
    assert cell["mean"] == pytest.approx(sum(values) / 2, abs=1e-5)
    assert summary["n"] == 2 * 6
