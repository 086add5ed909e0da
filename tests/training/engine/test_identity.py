"""Runs and bundled models need the features that they were made from; a run continues as it began."""

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tests import small_splits
from tests.faults import Commands
from tests.training.test_training import small_finetune
from tpexplore.checkpoints.load import load_model
from tpexplore.errors import InputError
from training import analyze, evaluate, export, finetune
from training.data import augment
from training.data.features import Features, add_unlabelled, read_features
from training.data.front_ends import FRONT_END, JOINING, SINGLE_FILE
from training.engine import identity
from training.engine.checkpoint import load_checkpoint, trim_log
from training.system.lock import lock_folder

ROOT = Path(__file__).resolve().parents[3]


def store(folder: Path, fold: int = 1) -> Path:
    """Features on disk with a key of their own; another fold trains and tests on other clips."""
    features = small_splits.generated_features()
    splits = features.splits if fold == 1 else [*features.splits[6:], *features.splits[:6]]
    meta = {**features.meta, "split": f"fold {fold}", "key": f"key of fold {fold}"}
    return small_splits.write_features(dataclasses.replace(features, splits=splits, meta=meta), folder)


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """Features of two folds, a recipe, and a run on the first fold."""
    root = tmp_path_factory.mktemp("identity")
    for fold in (1, 2):
        store(root / f"noise-fold{fold}", fold)
    recipe = small_finetune(epochs=2, batch=3, **{"augment.pitch": 0.0})
    (root / "recipe.json").write_text(json.dumps(dataclasses.asdict(recipe)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["finetune", *finetune_arguments(root, root / "run")])
        finetune.main()
    return root


def finetune_arguments(root: Path, out: Path, fold: int = 1) -> list[str]:
    return [str(root / f"noise-fold{fold}"), "--recipe", str(root / "recipe.json"), "--out", str(out)]


@pytest.fixture
def run(trained, tmp_path) -> Path:
    """A copy of the run, to change."""
    return Path(shutil.copytree(trained / "run", tmp_path / "run"))


@pytest.fixture
def commands(monkeypatch, capsys, tmp_path) -> Commands:
    small_splits.use_folder(tmp_path / "assets", monkeypatch.setattr)
    monkeypatch.setattr(export, "MODELS_FOLDER", tmp_path / "assets")
    return Commands(monkeypatch, capsys)


# -- which features


def test_a_run_carries_its_configuration_and_the_key_of_its_features(trained, run):
    noted = json.loads((run / "run.json").read_text())
    assert noted["features"] == ["noise-fold1"]
    assert noted["feature_keys"] == {"noise-fold1": "key of fold 1"}
    features = read_features(trained / "noise-fold1")
    config = identity.read_model_config(run)
    assert (config.labels, config.frames) == (("a", "b", "c"), small_splits.FRAMES)
    train = features.mel[features.indices("train")]
    lengths = features.lengths[features.indices("train")]
    real = np.concatenate([m[:n].ravel() for m, n in zip(train, lengths, strict=True)]).astype(float)
    assert config.mean == pytest.approx(real.mean())


def test_other_features_are_refused_by_every_command(trained, run, commands, tmp_path):
    other, right = trained / "noise-fold2", trained / "noise-fold1"
    name = "ast-noise"
    for arguments in (
        (export.main, run, other, "--name", name),
        (evaluate.main, "--run", run, other),
        (finetune.main, *finetune_arguments(trained, run, fold=2)),
    ):
        sentence = commands.sentence(*arguments)
        assert "was trained on noise-fold1; expected those features, not noise-fold2." in sentence
    assert commands.run(export.main, run, right, "--name", name)[0] == 0
    card = json.loads((tmp_path / "assets" / f"{name}.json").read_text())
    assert card["data"]["feature_keys"] == card["feature_keys"] == {"noise-fold1": "key of fold 1"}
    weights = (tmp_path / "assets" / f"{name}.safetensors").read_bytes()
    for arguments in (
        (export.main, "--clusters", name, other),
        (evaluate.main, name, other),
        (analyze.main, name, other),
        (evaluate.main, name, other, "--add-fixed", run),
    ):
        assert "was made from noise-fold1; expected the same" in commands.sentence(*arguments)
    assert (tmp_path / "assets" / f"{name}.safetensors").read_bytes() == weights
    del card["data"]["feature_keys"]  # a card of the first edition; the split still shows it
    (tmp_path / "assets" / f"{name}.json").write_text(json.dumps(card))
    assert "'fold 1'; expected the same" in commands.sentence(analyze.main, name, other)
    assert commands.run(evaluate.main, name, right)[0] == 0
    results = json.loads((tmp_path / "assets" / "results" / f"{name}.json").read_text())
    assert results["features"] == ["noise-fold1"]


# -- whether a bundled model was made from some features

KEY = "1" * 12


@pytest.fixture
def bundled_from(tmp_path, monkeypatch):
    """Check a model made from some features against others: ``bundled_from(features)(others)``."""
    small_splits.use_folder(tmp_path, monkeypatch.setattr)

    def bundle(features: Features, **card_data):
        name = small_splits.bundle("ast", features, tmp_path)
        path = tmp_path / f"{name}.json"
        card = json.loads(path.read_text())
        card["data"] |= card_data
        card["data"] = {field: value for field, value in card["data"].items() if value is not None}
        path.write_text(json.dumps(card))
        config = load_model(name).config
        return lambda others: identity.check_bundled(others, config)

    return bundle


def features_with(splits: list[str] | None = None, files: list[str] | None = None, **meta) -> Features:
    features = small_splits.generated_features()
    return dataclasses.replace(
        features,
        splits=splits or features.splits,
        files=files or features.files,
        meta={**features.meta, **meta},
    )


@pytest.mark.parametrize(
    ("others", "sentence"),
    [
        ({"class_names": ["a", "b", "d"]}, "classes are not those of"),
        ({"frames": 128}, "have 128 frames"),
        ({"dataset": "other"}, "'noise'; expected the same features, not 'other'"),
        ({"front_end": "other"}, "'none'; expected the same features, not 'other'"),
        ({"split": "other"}, "'the last clips'; expected the same features, not 'other'"),
        ({"splits": ["train"] * 7 + ["test"] * 13}, "from 6; expected the same features, not 7"),
    ],
    ids=["classes", "frames", "dataset", "front end", "test split", "training clips"],
)
def test_whatever_differs_in_the_data_of_a_card_without_keys_is_refused(bundled_from, others, sentence):
    check = bundled_from(features_with())
    check(features_with(attribution="worded anew"))
    with pytest.raises(InputError, match=sentence):
        check(features_with(**others))


@pytest.mark.parametrize("field", identity.SAME_DATA)
def test_a_card_that_does_not_name_its_data_proves_nothing(bundled_from, field):
    check = bundled_from(features_with(), **{field: None})
    with pytest.raises(InputError, match="made from None; expected"):
        check(features_with())


def test_keys_are_all_that_counts_where_both_have_them(bundled_from):
    check = bundled_from(features_with(keys={"noise": KEY, "more": "2" * 12}))
    check(features_with(keys={"renamed": KEY}, front_end="other", split="other", dataset="other"))
    with pytest.raises(InputError, match="from noise, more; expected the same features, not noise, new"):
        check(features_with(keys={"noise": KEY, "new": "3" * 12}))


@pytest.mark.parametrize("several", [False, True], ids=["one folder", "two joined"])
def test_features_made_anew_fit_a_card_that_notes_lists_of_clips_alone(
    bundled_from, trained, tmp_path, several
):
    """The first edition's features had no key of their content, so their list of clips was recorded."""
    folder = trained / "noise-fold1"
    first_edition = Path(shutil.copytree(folder, tmp_path / "noise-0123456789ab"))
    index = json.loads((folder / "index.json").read_text())
    del index["key"]
    (first_edition / "index.json").write_text(json.dumps(index))
    check = bundled_from(read_features(first_edition))

    def made(folder: Path) -> Features:
        features = read_features(folder)
        return add_unlabelled(features, [features]) if several else features

    assert made(folder).keys != made(first_edition).keys
    check(made(folder))
    with pytest.raises(InputError, match="from noise-0123456789ab; expected the same"):
        check(made(trained / "noise-fold2"))


def test_the_older_front_end_is_the_same_unless_files_are_joined(bundled_from):
    check = bundled_from(features_with(), front_end=SINGLE_FILE)
    today = {"front_end": FRONT_END}
    check(features_with(**today))
    joined = [f"{name}+{name}" for name in features_with().files]
    for others in ({**today, "files": joined}, {"front_end": "none"}):
        with pytest.raises(InputError, match="float16; 1'; expected the same features"):
            check(features_with(**others))


def test_the_front_end_of_cards_with_sound_at_16_khz_is_the_same(bundled_from):
    joined = [f"{name}+{name}" for name in features_with().files]
    check = bundled_from(features_with(), front_end=JOINING)
    check(features_with(front_end=FRONT_END, files=joined))
    check(features_with(front_end=FRONT_END))
    with pytest.raises(InputError, match="float16; 2'; expected the same features"):
        check(features_with(front_end="none"))


# -- runs of the first edition, and notes


def test_a_run_of_the_first_edition_goes_on_and_is_exported(trained, run, commands):
    (run / "model.json").unlink()
    (run / "run.json").write_text(json.dumps({"commit": "abc", "features": ["noise-0123456789ab"]}))
    assert commands.run(finetune.main, *finetune_arguments(trained, run))[0] == 0
    assert commands.run(export.main, run, trained / "noise-fold1", "--name", "ast-noise")[0] == 0
    (run / "run.json").write_text(json.dumps({"commit": "abc", "features": ["spc12-0123456789ab"]}))
    assert "trained on spc12" in commands.sentence(
        export.main, run, trained / "noise-fold1", "--name", "ast-noise"
    )


def test_a_recipe_that_lacks_newer_settings_is_the_same_recipe(trained, run):
    noted = json.loads((run / "recipe.json").read_text())
    recipe = identity_recipe(run)
    del noted["ema"]
    (run / "recipe.json").write_text(json.dumps(noted))
    features = read_features(trained / "noise-fold1")
    identity.note_run(run, dataclasses.replace(recipe, ema=0.0), features)  # the default
    with pytest.raises(identity.InputError, match="another recipe"):
        identity.note_run(run, recipe, features)


def identity_recipe(run: Path):
    from training.recipes.settings import FinetuneRecipe, load_recipe

    return load_recipe(str(run / "recipe.json"), FinetuneRecipe)


def test_another_start_or_teacher_is_refused(trained, run, commands):
    noted = (run / "origins.json").read_text()
    for origin in ("--init", "--teacher"):
        arguments = [*finetune_arguments(trained, run), origin, trained / "run"]
        sentence = commands.sentence(finetune.main, *arguments)
        assert sentence == f"{run} was started with another {origin}; choose another folder or delete it."
        assert (run / "origins.json").read_text() == noted
    assert commands.run(finetune.main, *finetune_arguments(trained, run))[0] == 0


@pytest.mark.parametrize("name", ["recipe.json", "run.json", "model.json", "origins.json"])
def test_damaged_notes_are_named(trained, run, commands, name):
    for content in ("{", "[]", "\0", "[" * 100_000):
        (run / name).write_text(content)
        sentence = commands.sentence(export.main, run, trained / "noise-fold1", "--name", "ast-noise")
        assert name in sentence


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("run.json", '{"features": 5}'),
        ("run.json", '{"features": [5], "feature_keys": {}}'),
        ("run.json", '{"features": ["a"], "feature_keys": ["a"]}'),
        ("run.json", '{"features": ["a"], "feature_keys": {"a": []}}'),
        ("log.jsonl", "[]"),
        ("log.jsonl", '{"epoch": 1}'),
        ("log.jsonl", "5"),
    ],
)
def test_notes_with_wrong_values_are_named(trained, run, commands, name, content):
    (run / name).write_text(content)
    sentence = commands.sentence(export.main, run, trained / "noise-fold1", "--name", "ast-noise")
    assert f"{run / name} is damaged" in sentence


@pytest.mark.parametrize(
    "content", [5, [], torch.zeros(2), {"modules": []}, {"modules": {"average": 5}}], ids=str
)
def test_a_checkpoint_not_of_a_training_is_named(trained, run, commands, content):
    torch.save(content, run / "last.pt")
    for arguments in (
        (export.main, run, trained / "noise-fold1", "--name", "ast-noise"),
        (finetune.main, *finetune_arguments(trained, run)),
    ):
        assert f"{run / 'last.pt'} cannot be read" in commands.sentence(*arguments)


# -- commits


def test_outside_of_a_checkout_the_commit_is_unknown(monkeypatch, tmp_path):
    assert len(identity.git_commit().removesuffix("+changes")) == 12
    monkeypatch.setattr(identity, "ROOT", tmp_path)
    assert identity.git_commit() == "unknown"
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert identity.git_commit() == "unknown"  # no commit yet
    monkeypatch.setattr(identity, "ROOT", tmp_path / "unpacked")
    (tmp_path / "unpacked").mkdir()
    assert identity.git_commit() == "unknown"  # the checkout is another project's
    monkeypatch.setattr(identity, "ROOT", tmp_path / os.fsdecode(b"gr\xfcn"))
    subprocess.run(["git", "init", "-q", identity.ROOT], check=True)
    assert identity.git_commit() == "unknown"  # the folder's name is no text, as with Windows' umlauts
    monkeypatch.setenv("PATH", "")
    assert identity.git_commit() == "unknown"


# -- signals, kills, two at once


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_saves_and_ends_in_one_line(trained, tmp_path, commands, monkeypatch, request, number, code):
    gain, calls = augment.gain, []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 2:
            os.kill(os.getpid(), number)
        return gain(*arguments)

    monkeypatch.setattr(augment, "gain", interrupted)
    out = tmp_path / "run"
    # A shell starts background jobs with Ctrl-C ignored, and so perhaps these tests.
    heeding = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
    before = signal.signal(number, heeding)
    request.addfinalizer(lambda: signal.signal(number, before))
    ended, _, errors = commands.run(finetune.main, *finetune_arguments(trained, out))
    assert ended == code
    assert "Traceback" not in errors
    assert (
        errors.splitlines()[-1]
        == f"Stopped at step 2 of 4, saved in {out}; the same command goes on from there."
    )
    assert signal.getsignal(number) == heeding
    assert load_checkpoint(out)["step"] == 2
    assert commands.run(finetune.main, *finetune_arguments(trained, out))[0] == 0
    assert len(calls) == 4
    whole, parts = (load_checkpoint(folder)["modules"]["average"] for folder in (trained / "run", out))
    for key, value in whole.items():
        assert (parts[key] == value).all(), key


def test_ctrl_c_before_training_is_one_line(commands):
    # A shell starts background jobs with Ctrl-C ignored, and so perhaps these tests.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def main():
        os.kill(os.getpid(), signal.SIGINT)

    try:
        assert commands.run(main) == (130, "", "Stopped.\n")
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_killed_run_logs_every_epoch_once(trained, run, commands, monkeypatch):
    whole = (trained / "run" / "log.jsonl").read_text()
    steps = [json.loads(line)["step"] for line in whole.splitlines()]
    assert steps == [2, 4]
    state = load_checkpoint(run)
    lines = whole.splitlines(keepends=True)
    (run / "log.jsonl").write_text(whole + lines[1][:9])  # killed while writing a line
    trim_log(run, 2)
    assert (run / "log.jsonl").read_text() == lines[0]
    for damage in (b"\xff\n", b'{"step": "x"}\n', b'{"step": null}\n', b"[" * 100_000 + b"\n"):
        (run / "log.jsonl").write_bytes(lines[0].encode() + damage)
        trim_log(run, 2)
        assert (run / "log.jsonl").read_text() == lines[0]
    (run / "log.jsonl").write_text(whole)
    for name in ("last.pt", "previous.pt"):
        (run / name).unlink(missing_ok=True)  # killed before the first checkpoint
    assert state["step"] == 4
    assert commands.run(finetune.main, *finetune_arguments(trained, run))[0] == 0
    assert [json.loads(line)["step"] for line in (run / "log.jsonl").read_text().splitlines()] == steps


def test_a_finished_run_is_left_as_it_is(trained, run, commands):
    before = {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()}
    assert commands.run(finetune.main, *finetune_arguments(trained, run))[0] == 0
    assert {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()} == before


def test_two_runs_into_one_folder(trained, run, commands):
    lock = lock_folder(run)
    sentence = commands.sentence(finetune.main, *finetune_arguments(trained, run))
    assert sentence.startswith(f"Another process is working in {run}")
    lock.release()
    assert commands.run(finetune.main, *finetune_arguments(trained, run))[0] == 0


def test_a_run_without_validation_clips_says_why_it_reports_no_accuracy(trained, tmp_path, commands):
    _, printed, _ = commands.run(finetune.main, *finetune_arguments(trained, tmp_path / "run"))
    assert "No accuracy is reported" in printed
    assert "valid" in printed
