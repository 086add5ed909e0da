"""What parts of a recipe are worth, on generated audio: each training lacks exactly one part."""

import dataclasses
import json
import sys
from dataclasses import asdict

import numpy as np
import pytest

from tests.training.test_training import corpus, features, small  # noqa: F401 (fixtures)
from training import ablation as command
from training.data.answers import StoredAnswers
from training.data.features import add_unlabelled
from training.data.tagger import TAGS
from training.engine.finetuning import FinetuneStage
from training.measure import ablation
from training.recipes.settings import FinetuneRecipe, load_recipe
from training.scoring.scores import Accuracy


@pytest.fixture(scope="module")
def recipe() -> FinetuneRecipe:
    usual = {"dim": 64, "depth": 10, "epochs": 0.5, "pruning.start": 0.25, "pruning.warmup": 0.1, "ema": 0.5}
    return small(FinetuneRecipe, "ast-spc12-parts", **usual)


@pytest.fixture(scope="module")
def joined(features):  # noqa: F811
    """The words, and once more their training clips without a label."""
    return add_unlabelled(
        features, [dataclasses.replace(features, meta={**features.meta, "keys": {"b": "2"}})]
    )


@pytest.fixture(scope="module")
def stored(joined) -> StoredAnswers:
    rng, clips = np.random.default_rng(0), len(joined.files)
    return StoredAnswers(rng.normal(-4, 1, (clips, TAGS)), rng.normal(0, 1, (clips, 8)), "ab" * 32)


def settings_of(recipe: FinetuneRecipe, prefix: str = "") -> dict[str, object]:
    """A recipe's settings by dotted name."""
    flat = {}
    for name, value in asdict(recipe).items():
        flat |= {f"{name}.{k}": v for k, v in value.items()} if isinstance(value, dict) else {name: value}
    return flat


def test_each_part_is_the_only_thing_left_out():
    whole = load_recipe("ast-spc12-parts", FinetuneRecipe)
    changed = {}
    for part, without in ablation.PARTS.items():
        before, after = settings_of(whole), settings_of(without(whole))
        changed[part] = {name: after[name] for name in before if after[name] != before[name]}
    nothing_learnt = {"answers.tags": 0.0, "answers.tag_logits": 0.0, "answers.embedding": 0.0}
    assert changed == {
        "teacher": {**nothing_learnt, "answers.labelled_share": 1.0},
        "tags": {"answers.tags": 0.0, "answers.tag_logits": 0.0},
        "embedding": {"answers.embedding": 0.0},
        "unlabelled": {"answers.labelled_share": 1.0},
        "whitening": {"whiten": False},
        "muon": {"optimiser.kind": "adamw"},
        "dropping": {"token_drop": 0.0},
        "elastic": {"pruning.keep_rate": 0.5},
    }


def test_without_unlabelled_audio_none_is_drawn(joined, stored, recipe):
    def labels_drawn(of: FinetuneRecipe) -> bool:
        stage = FinetuneStage(joined, of, answers=stored)
        return all(stage.clips.batch(step)["targets"].any(1).all() for step in range(20))

    assert not labels_drawn(recipe)
    assert labels_drawn(ablation.PARTS["unlabelled"](recipe))


def test_patches_begin_whitened_only_where_the_recipe_says_so(joined, stored, recipe):
    def first_kernels(of: FinetuneRecipe) -> np.ndarray:
        model = FinetuneStage(joined, of, answers=stored).model
        return model.vit.patch_embed.proj.weight.detach().flatten(1).numpy()

    kernels, random_kernels = first_kernels(recipe), first_kernels(ablation.PARTS["whitening"](recipe))
    products = kernels @ kernels.T / np.outer(*[np.linalg.norm(kernels, axis=1)] * 2)
    np.testing.assert_allclose(products, np.eye(len(kernels)), atol=1e-4)  # principal axes
    assert np.abs(random_kernels @ random_kernels.T - np.diag((random_kernels**2).sum(1))).max() > 1e-2


def test_worth_is_the_whole_recipes_lead_on_the_same_clips():
    targets = np.eye(2, dtype=bool)[[0, 0, 1, 1]]
    truth = targets.argmax(1)
    right = {ablation.FULL: [1, 1, 1, 0], "muon": [1, 0, 0, 0], "elastic": [1, 1, 1, 1]}
    answers = {
        (part, f"{rate:.2f}", seed): np.where(np.array(marks, bool), truth, 1 - truth)
        for part, marks in right.items()
        for rate in ablation.RATES
        for seed in (0, 1)
    }
    result = ablation.summary(answers, Accuracy(targets), (0, 1), ("muon", "elastic"))
    assert result["accuracy_without"]["nothing"]["0.30"]["value"] == 0.75
    assert {part: rates["0.50"]["value"] for part, rates in result["worth"].items()} == {
        "muon": 0.5,
        "elastic": -0.25,
    }


def test_the_command_trains_tests_and_goes_on_where_it_stopped(
    joined, stored, recipe, tmp_path, monkeypatch, capsys
):
    (tmp_path / "tiny.json").write_text(json.dumps(asdict(recipe)))
    kept = {part: ablation.PARTS[part] for part in ("teacher", "elastic")}
    monkeypatch.setattr(ablation, "PARTS", kept)
    monkeypatch.setattr(command, "STUDIES_FOLDER", tmp_path / "studies")
    monkeypatch.setattr(command, "answered_data", lambda folders: (joined, stored))
    arguments = ["ablation", "F", "--recipe", str(tmp_path / "tiny.json"), "--out", str(tmp_path / "runs")]
    monkeypatch.setattr(sys, "argv", arguments)
    command.main()
    first = capsys.readouterr().out.splitlines()[-8:]  # of two parts at four keep-rates
    assert first[0].startswith("teacher at 1.00: ") and first[-1].startswith("elastic at 0.30: ")
    weights = {path.parent.name: path.stat().st_mtime_ns for path in tmp_path.glob("runs/*/last.pt")}
    assert set(weights) == {"without-nothing-seed0", "without-teacher-seed0", "without-elastic-seed0"}
    written = json.loads((tmp_path / "studies/recipe-parts.json").read_text())
    assert written["n"] == len(joined.indices("test")) and written["clips_seen"] == 3 * recipe.batch

    command.main()
    assert capsys.readouterr().out.splitlines() == first
    again = {path.parent.name: path.stat().st_mtime_ns for path in tmp_path.glob("runs/*/last.pt")}
    assert again == weights
