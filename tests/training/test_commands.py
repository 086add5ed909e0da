"""Every command refuses unusable input in one sentence, with exit code 2."""

import argparse
import dataclasses
import importlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests import small_splits
from tests.faults import READ_ONLY, Commands, full_disk
from tests.small_splits import FRAMES
from tests.training.test_training import small, small_finetune
from tpexplore import cli, space
from tpexplore.checkpoints.bundled import ASSETS
from tpexplore.command_line import file_or_folder, plain_name
from tpexplore.errors import InputError
from training.data.answers import read_answered
from training.data.features import read_features
from training.engine.command import model_to_start_from
from training.recipes.settings import PretrainRecipe, TeacherRecipe

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = sorted(
    path.stem
    for path in (ROOT / "training").glob("*.py")
    if "run_command(main)" in path.read_text(encoding="utf-8")
)
STAGES = ("teacher", "pretrain", "finetune")


def main_of(command: str):
    return importlib.import_module(f"training.{command}").main


@pytest.fixture(scope="module")
def places(tmp_path_factory) -> dict[str, Path | str]:
    """Names that arguments in this file use, between braces."""
    root = tmp_path_factory.mktemp("commands")
    places = {"root": root, "readonly": READ_ONLY, "missing": root / "missing", "long": root / ("x" * 300)}
    places["features"] = small_splits.write_features(small_splits.generated_features(), root / "features")
    places["text"] = root / "text.json"
    places["text"].write_text("no JSON")
    places["list"] = root / "list.json"
    places["list"].write_text("[1, 2]")
    places["deep"] = root / "deep.json"
    places["deep"].write_text("[" * 100_000)
    recipes = {
        "teacher": small(TeacherRecipe, "teacher-spc12", channels=[8, 8, 16, 16], epochs=1, batch=3),
        "pretrain": small(PretrainRecipe, "pretrain-spc12", dim=64, decoder_dim=64, epochs=1, batch=3),
        "finetune": small_finetune(epochs=1, batch=3),
    }
    for name, recipe in recipes.items():
        places[name] = root / f"{name}.json"
        places[name].write_text(json.dumps(dataclasses.asdict(recipe)))
    places["loop"] = root / "loop"
    places["loop"].symlink_to("loop")
    (root / "empty").mkdir()
    places["empty"] = root / "empty"
    return places


@pytest.fixture
def commands(monkeypatch, capsys) -> Commands:
    return Commands(monkeypatch, capsys)


def filled(arguments: str, places: dict) -> list[str]:
    return [argument.format(**places) for argument in arguments.split()]


ONE_FOLDER = {
    "a missing one": ("{missing}", "holds no finished features"),
    "a file": ("{text}", "holds no finished features"),
    "an empty one": ("{empty}", "holds no finished features"),
    "too long a name": ("{long}", ""),
    "a link that leads in a circle": ("{loop}", ""),
}
"""Folders of features that cannot be read."""

REFUSED = [
    *(
        (command, f"{folder} --recipe {{{command}}} --out {{root}}/out", piece)
        for command in STAGES
        for folder, piece in ONE_FOLDER.values()
    ),
    *(
        (command, f"{{features}} --recipe {{{command}}} --out {out}", "cannot be used")
        for command in STAGES
        for out in ("{text}", "{text}/deep", "{readonly}", "{long}")
    ),
    *(
        (command, f"{{features}} --recipe {recipe} --out {{root}}/out", piece)
        for command in STAGES
        for recipe, piece in (
            ("nothing", "does not exist"),
            ("{missing}.json", "does not exist"),
            ("{root}", "does not exist"),
            ("{text}", "is not JSON"),
            ("{deep}", "is not JSON"),
            ("{list}", "is not a recipe"),
            ("ast-as20k-of-another-kind", "does not exist"),
        )
    ),
    ("teacher", "{features} --recipe {finetune} --out {root}/out", "unknown settings"),
    ("finetune", "{features} --recipe {teacher} --out {root}/out", "unknown settings"),
    ("finetune", "{features} --recipe {finetune} --out {root}/a --init {empty}", ""),
    ("finetune", "{features} --recipe {finetune} --out {root}/b --init {text}", ""),
    ("finetune", "{features} --recipe {finetune} --out {root}/c --init nothing", "nothing"),
    ("finetune", "{features} --recipe {finetune} --out {root}/d --teacher {missing}", ""),
    ("finetune", "{features} --recipe {finetune} --out {root}/e --teacher {text}", ""),
    ("finetune", "{features} --recipe {finetune} --out {root}/f --score loudness", "loudness"),
    *(
        (
            command,
            f"{{features}} --recipe {{{command}}} --out {{root}}/g-{command} --accumulate 1000000000",
            "parts",
        )
        for command in STAGES
    ),
    ("features", "nothing {root}", "unknown"),
    ("features", "esc50 {missing}", "not a folder"),
    ("features", "esc50 {text}", "not a folder"),
    ("features", "folders {empty} --frames 100", "frames = 100"),
    ("features", "folders {empty} --source (", "regular expression"),
    ("features", "esc50 {empty} --words up", "no option words"),
    ("features", "esc50 {empty} --fold 9", "Fold 9"),
    ("features", "urbansound8k {empty} --without-esc50 {missing}", "is missing"),
    ("features", "audioset {empty} --train-list {missing}", "is missing"),
    ("download", "nothing {root}/x", "cannot be downloaded"),
    ("download", "esc50 {text}", "is a file"),
    ("download", "esc50 {text}/deep", "cannot be made"),
    ("download", "esc50 {readonly}/deep/x", "cannot be made"),
    ("download", "esc50 {loop}", "circle"),
    ("download", "mn04_as {loop}", "circle"),
    ("export", "{missing} {features} --name x", "does not exist"),
    ("export", "{text} {features} --name x", ""),
    ("export", "{empty} {features} --name x", "does not exist"),
    ("export", "{empty} {missing} --name x", "does not exist"),
    ("export", "--clusters nothing {features}", "nothing"),
    ("export", "{empty} {features} --clusters x", "expected"),
    ("export", "--clusters= {features}", "neither a file nor a bundled model"),
    ("export", "{features}", "required"),
    ("evaluate", "nothing {features}", "nothing"),
    ("evaluate", "../models/x {features}", ""),
    ("evaluate", "nothing {missing}", "holds no finished features"),
    ("evaluate", "--run {missing} {features}", "holds no"),
    ("evaluate", "--run {text} {features}", ""),
    ("evaluate", "{features}", "expected"),
    ("answers", "{features} {root} --tagger {missing}", "missing"),
    ("answers", "{features} {root} --tagger {text}", "text.json"),
    ("answers", "{missing} {root} --tagger {text}", ""),
    ("against_tagger", "nothing {features}", "nothing"),
    ("analyze", "nothing {features}", "nothing"),
    ("analyze", "nothing {text}", "holds no finished features"),
    ("make_mixtures", "{root}/mixed --of {missing} {root}", "holds no finished features"),
    ("make_mixtures", "{root}/mixed --of {features} {missing}", "is not a folder"),
    ("make_mixtures", "{root}/mixed --of {features} {empty}", "is not in the audio folder"),
    ("make_mixtures", "{root}/mixed --of {features}", "expected 2 arguments"),
    ("debian_sounds", "{root}/sounds --held-out {missing}", ""),
    ("debian_sounds", "{root}/sounds --held-out {features} {features}", "one is named twice"),
    ("debian_sounds", "{root}/sounds", "--held-out"),
    ("make_sounds", "{text} --music 0 --voices 1", "cannot be used"),
    ("kfold", "{missing} --recipe {finetune} --out {root}/k", "not a folder"),
    ("kfold", "{empty} --recipe {finetune} --out {root}/k", "esc50.csv is missing"),
    ("kfold", "{empty} --recipe {text} --out {root}/k", "is not JSON"),
    ("kfold", "{empty} --recipe {finetune} --teacher-recipe= --out {root}/k", "recipe '' does not exist"),
    ("kfold", "{empty} --recipe {finetune} --out {text}", "cannot be used"),
    ("kfold", "{empty} --recipe {finetune} --out {readonly}", "cannot be used"),
]


@pytest.mark.parametrize(("command", "arguments", "piece"), REFUSED)
def test_unusable_input_is_refused_in_one_sentence(places, commands, command, arguments, piece):
    assert piece.lower() in commands.sentence(main_of(command), *filled(arguments, places)).lower()


STUDY = "{features} --recipe {finetune} --out {root}/study"
MEASURING = {
    # command: (what measures, arguments)
    "ablation": ("ablation.ablation", STUDY),
    "against_tagger": ("against_tagger.against_tagger", "new {features}"),
    "analyze": ("analyze.analyze", "new {features}"),
    "drop_study": ("drop_study.drop_study", f"{STUDY} --init ast-spc12"),
    "evaluate": ("evaluate.evaluate", "new {features}"),
    "export": ("measure.export.trained_model", "{root}/run {features} --name new"),
    "export_speed": ("export_speed.measured_before", ""),
    "kfold": ("kfold.five_folds", "{empty} --recipe {finetune} --out {root}/study"),
    "methods": ("methods.measure_methods", "new {features}"),
    "methods_study": ("methods_study.study", f"{STUDY} --init ast-spc12"),
    "random_study": ("random_study.random_study", "new {features}"),
    "score_study": ("score_study.study", f"{STUDY} --init ast-spc12"),
    "spread_study": ("spread_study.spread_study", "new {features}"),
}


@pytest.mark.parametrize("command", MEASURING)
def test_the_place_for_results_is_checked_before_hours_of_measuring(places, commands, monkeypatch, command):
    measures, arguments = MEASURING[command]
    (places["root"] / "run").mkdir(exist_ok=True)
    shutil.copy(places["finetune"], places["root"] / "run/recipe.json")
    main, really = main_of(command), os.access
    monkeypatch.setattr(f"training.{measures}", None)

    def access(place, mode: int) -> bool:
        return not Path(place).is_relative_to(ASSETS) and really(place, mode)

    monkeypatch.setattr(os, "access", access)
    assert "cannot be used: permission denied" in commands.sentence(main, *filled(arguments, places))


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[31mb", "a\rb", "\udcff\n", "a\u2028b"])
def test_names_with_line_breaks_stay_in_one_line(places, commands, name):
    for arguments in (
        (name, "--recipe", places["teacher"], "--out", places["root"] / "odd"),
        (places["features"], "--recipe", f"{name}.json", "--out", places["root"] / "odd"),
        (places["features"], "--recipe", places["teacher"], "--out", places["text"] / name),
        (places["features"], "--recipe", places["teacher"], "--out", places["root"] / "odd", name),
    ):
        assert commands.sentence(main_of("teacher"), *arguments).isprintable()


DAMAGED_INDEX = {
    "lengths": ["x", None, -5, 10**30, 1.5, True, FRAMES + 1],
    "labels": [[-1], [9], "x", None, [0.5]],
    "splits": [1, None],
    "files": [None, []],
}
"""Values of one clip that training.features never writes."""


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in DAMAGED_INDEX.items() for v in values])
def test_an_index_with_a_wrong_value_is_damaged(places, commands, tmp_path, name, value):
    folder = shutil.copytree(places["features"], tmp_path / "features")
    index = json.loads((folder / "index.json").read_text())
    index[name][0] = value
    (folder / "index.json").write_text(json.dumps(index))
    with pytest.raises(InputError, match="are damaged"):
        read_features(folder)


@pytest.mark.parametrize("kind", ["U4", "f8", "i2"])
def test_pictures_of_another_kind_are_damaged(places, tmp_path, kind):
    folder = shutil.copytree(places["features"], tmp_path / "features")
    np.save(folder / "mel.npy", np.zeros_like(np.load(folder / "mel.npy"), dtype=kind))
    with pytest.raises(InputError, match="are damaged"):
        read_features(folder)


def test_an_index_nested_too_deeply_is_damaged(places, tmp_path):
    folder = shutil.copytree(places["features"], tmp_path / "features")
    shutil.copy(places["deep"], folder / "index.json")
    with pytest.raises(InputError, match="are damaged"):
        read_features(folder)


def save_answers(folder: Path, clips: int, tags: int = 527, kind: str = "f2", embeddings: int | None = None):
    answers = folder / "answers-abababababab"
    answers.mkdir()
    np.save(answers / "logits.npy", np.zeros((clips, tags), kind))
    np.save(answers / "embeddings.npy", np.zeros((clips if embeddings is None else embeddings, 8), kind))
    (answers / "index.json").write_text(json.dumps({"tagger_sha256": "ab" * 32}))


@pytest.mark.parametrize(
    ("wrong", "piece"),
    [
        ({"clips": 3}, "answers to 3 clips, of 20"),
        ({"clips": 21}, "answers to 21 clips, of 20"),
        ({"clips": 20, "tags": 526}, "is damaged"),
        ({"clips": 20, "kind": "U2"}, "is damaged"),
        ({"clips": 20, "embeddings": 19}, "is damaged"),
    ],
)
@pytest.mark.parametrize("command", ["finetune", "ablation"])
def test_answers_that_do_not_fit_the_clips_are_refused(places, commands, tmp_path, command, wrong, piece):
    folder = shutil.copytree(places["features"], tmp_path / "features")
    save_answers(folder, **wrong)
    arguments = (folder, "--recipe", places["finetune"], "--out", tmp_path / "run")
    assert piece in commands.sentence(main_of(command), *arguments)
    assert not (tmp_path / "run").exists()


def test_answers_that_fit_the_clips_are_read(places, tmp_path):
    folder = shutil.copytree(places["features"], tmp_path / "features")
    save_answers(folder, 20)
    features, answers = read_answered(folder)
    assert len(features.files) == len(answers.logits) == 20


@pytest.mark.parametrize("command", STAGES)
def test_a_full_disk_ends_a_training_in_one_sentence(places, commands, command):
    out = places["root"] / f"full-{command}"
    with full_disk(50_000):
        sentence = commands.sentence(
            main_of(command), *filled(f"{{features}} --recipe {{{command}}} --out {out}", places)
        )
    assert "cannot be written" in sentence
    assert not list(out.glob("*.p*t*"))


# -- numbers and names


class ParserError(Exception):
    pass


def parsers(command: str, monkeypatch) -> list[argparse.ArgumentParser]:
    """The parsers of a command, as it builds them."""
    built = []

    def stop(self, *_, **__):
        built.append(self)
        raise ParserError

    with monkeypatch.context() as patch:
        patch.setattr(argparse.ArgumentParser, "parse_args", stop)
        patch.setattr(argparse.ArgumentParser, "parse_known_args", stop)
        with pytest.raises(ParserError):
            main_of(command)()
    return built


def options_with_values(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in parser._actions if action.option_strings and action.type is not None]


NOT_NUMBERS = ("", "x", "nan", "inf", "-inf", "-1", "1e999", "0x10", "9" * 5000, "1,5", "½", "1\n2 3")
NOT_NAMES = ("", " ", "\0")
NAMES = (file_or_folder, plain_name, model_to_start_from)


@pytest.mark.parametrize("command", [command for command in COMMANDS if command != "make_examples"])
def test_every_number_is_checked(commands, monkeypatch, command):
    for parser in parsers(command, monkeypatch):
        for action in options_with_values(parser):
            assert action.type not in (int, float, Path), action.dest
            for text in NOT_NAMES if action.type in NAMES else NOT_NUMBERS:
                sentence = commands.sentence(main_of(command), f"{action.option_strings[0]}={text}")
                assert action.option_strings[0] in sentence
                assert len(sentence) < 300


@pytest.mark.parametrize(
    ("command", "option"),
    [
        *((command, option) for command in STAGES for option in ("--accumulate", "--minutes")),
        ("finetune", "--keep-rate"),
        ("features", "--workers"),
        ("features", "--fold"),
        ("features", "--frames"),
    ],
)
def test_zero_is_refused_where_it_would_do_nothing(places, commands, command, option):
    arguments = filled(f"{{features}} --recipe {{{command}}} --out {{root}}/zero {option} 0", places)
    if command == "features":
        arguments = filled(f"folders {{empty}} {option} 0", places)
    sentence = commands.sentence(main_of(command), *arguments)
    assert f"{option}: '0' is out of range" in sentence
    assert not (places["root"] / "zero").exists()


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("finetune", "--recipe {finetune} --out {root}/twice"),
        ("pretrain", "--recipe {pretrain} --out {root}/twice"),
        ("ablation", "--recipe {finetune} --out {root}/twice"),
        ("drop_study", "--recipe {finetune} --init x --out {root}/twice"),
    ],
)
def test_a_folder_counts_once(places, commands, command, options):
    arguments = filled(f"{{features}} {{root}}/empty/../features {options}", places)
    assert "features: one is named twice" in commands.sentence(main_of(command), *arguments)
    assert not (places["root"] / "twice").exists()


@pytest.mark.parametrize("command", ["finetune", "pretrain", "score_study", "drop_study"])
def test_an_empty_start_is_not_taken_for_none(places, commands, command):
    recipe = "pretrain" if command == "pretrain" else "finetune"
    arguments = filled(f"{{features}} --recipe {{{recipe}}} --out {{root}}/none --init=", places)
    assert "--init: the name is empty" in commands.sentence(main_of(command), *arguments)


@pytest.mark.parametrize("command", ["ablation", "methods_study", "score_study"])
def test_a_seed_counts_once(places, commands, command):
    options = "{features} --recipe {finetune} --out {root}/seeds" + " --init x" * (command != "ablation")
    sentence = commands.sentence(main_of(command), *filled(f"{options} --seeds 1 2 1", places))
    assert "--seeds: one is named twice" in sentence
    assert not (places["root"] / "seeds").exists()


@pytest.mark.parametrize(
    ("arguments", "piece"),
    [
        ("explore {text} --model ast-spc12 --frames nan", "--frames"),
        ("explore {text} --model ast-spc12 --frames 1e999", "--frames"),
        ("explore {text} --model ast-spc12 --keep-rate nan", "Keep-rate"),
        ("explore {text} --model ast-spc12 --keep-rate inf", "Keep-rate"),
        ("explore {text} --model ast-spc12 --offset nan", ""),
        ("explore {text} --model ast-spc12 --offset -1", ""),
        ("explore {text} --model ast-spc12 --offset 1e999", ""),
        ("explore {text} --model {text}", ""),
        ("explore {text} --model {root}", ""),
        ("explore {missing} --model ast-spc12", "missing"),
        ("explore {root} --model ast-spc12", ""),
        ("explore {long} --model ast-spc12", ""),
        ("explore {text} --model {long}", ""),
    ],
)
def test_the_librarys_commands_refuse_in_one_sentence(places, capsys, arguments, piece):
    try:
        code = cli.main(filled(arguments, places))
    except SystemExit as stop:
        code = stop.code
    printed = capsys.readouterr()
    assert code == 2
    (line,) = printed.err.splitlines()
    assert piece in line
    assert line.endswith(".")


def test_output_that_cannot_be_written_is_one_sentence(monkeypatch, capsys):
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr("sys.stdout", full)
        assert cli.main(["macs", "--json"]) == 2
        monkeypatch.undo()
        full.close = lambda: None
    assert capsys.readouterr().err == "The disk is full.\n"


def test_a_space_without_its_files_is_one_sentence(tmp_path, capsys):
    assert space.main(["owner/name", "--dry-run"], root=tmp_path) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(("rank", "world"), [("x", "2"), ("0", "two"), ("0", "2"), ("3", "1")])
def test_an_environment_that_is_not_torchruns_is_one_sentence(places, commands, monkeypatch, rank, world):
    for name in ("MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RANK", rank)
    monkeypatch.setenv("WORLD_SIZE", world)
    assert "torchrun" in commands.sentence(main_of("features"), "folders", places["empty"])


# -- recipes


def changed(recipe: dict, name: str, value: object) -> dict:
    *parts, setting = name.split(".")
    copy = json.loads(json.dumps(recipe))
    at = copy
    for part in parts:
        at = at[part]
    at[setting] = value
    return copy


@pytest.mark.parametrize("value", [None, "six", -1, float("nan"), float("inf"), 1e300, True, [], {}])
@pytest.mark.parametrize(
    "name", ["epochs", "batch", "seed", "optimiser.lr", "schedule.warmup_epochs", "augment.shift", "balance"]
)
def test_settings_of_a_wrong_type_or_range_are_named(places, commands, tmp_path, name, value):
    recipe = json.loads(places["teacher"].read_text())
    (tmp_path / "r.json").write_text(json.dumps(changed(recipe, name, value)))
    arguments = [*filled("{features} --recipe", places), tmp_path / "r.json", "--out", tmp_path / "run"]
    assert name.split(".")[-1] in commands.sentence(main_of("teacher"), *arguments)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("command", "name", "value"),
    [
        ("teacher", "arch", "no-such-net"),
        ("teacher", "channels", []),
        ("teacher", "channels", [8]),
        ("teacher", "batch", 0),
        ("teacher", "epochs", 0),
        ("teacher", "epochs", 1e-3),  # less than one step
        ("teacher", "epochs", 1e-320),
        ("teacher", "balance", 400),  # no double holds a class's count to this power
        ("teacher", "augment.mixup_alpha", 1e-300),
        ("teacher", "schedule.every", 1e-320),
        ("teacher", "schedule.gamma", 1.5),
        ("pretrain", "mask", 1),
        ("pretrain", "decoder_dim", 200),
        ("pretrain", "depth", 2),
        ("pretrain", "dim", 65),
        ("finetune", "dim", 65),
        ("finetune", "depth", 9),
        ("finetune", "pruning.scores", {"attention": 0}),
        ("finetune", "pruning.scores", {}),
        ("finetune", "pruning", []),
        ("finetune", "drop_path", 1),
    ],
)
def test_settings_that_make_no_model_are_refused(places, commands, tmp_path, command, name, value):
    recipe = json.loads(places[command].read_text())
    (tmp_path / "r.json").write_text(json.dumps(changed(recipe, name, value)))
    arguments = [*filled("{features} --recipe", places), tmp_path / "r.json", "--out", tmp_path / "run"]
    commands.sentence(main_of(command), *arguments)
