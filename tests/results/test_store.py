"""Measured files count only for the weights they were measured on."""

import json

import pytest

from tpexplore.checkpoints import bundled
from tpexplore.cli import main
from tpexplore.results.store import measured_analysis, measured_results, read_evidence

NAME = "ast-tiny"
CARD = {"name": NAME, "family": "ast", "task": "words", "patches": 64, "parameters": 1_000, "bytes": 1_000}
READERS = {"results": measured_results, "analysis": measured_analysis}


@pytest.fixture
def assets(tmp_path, monkeypatch):
    """A model's card, and results and analysis of its weights."""
    for folder in ("models", "results", "analysis"):
        (tmp_path / folder).mkdir()
        content = {"weights_sha256": "aa", "folder": folder}
        (tmp_path / folder / f"{NAME}.json").write_text(json.dumps(content))
        monkeypatch.setattr(bundled, f"{folder.upper()}_FOLDER", tmp_path / folder)
    return tmp_path


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "5", "{}", '{"name": "ast-tiny"}', json.dumps({**CARD, "bytes": "x"})]
)
def test_a_damaged_card_is_one_sentence(assets, capsys, content):
    (assets / "models" / f"{NAME}.safetensors").touch()
    (assets / "models" / f"{NAME}.json").write_text(content)
    assert main(["models"]) == 2
    assert capsys.readouterr().err.endswith("; restore it.\n")


@pytest.mark.parametrize("value", ["x", None, [0.5], {"1.00": 5}, True, {"value": "x"}], ids=repr)
def test_a_damaged_accuracy_is_none(assets, capsys, value):
    (assets / "models" / f"{NAME}.safetensors").touch()
    (assets / "models" / f"{NAME}.json").write_text(json.dumps({**CARD, "weights_sha256": "aa"}))
    results = {"weights_sha256": "aa", "keep_rate": {"attention": {"1.00": value}}}
    (assets / "results" / f"{NAME}.json").write_text(json.dumps(results))
    assert main(["models"]) == 0
    assert "not measured" in capsys.readouterr().out


@pytest.mark.parametrize("source", READERS)
def test_files_belong_to_their_weights(assets, source):
    path, read = assets / source / f"{NAME}.json", READERS[source]
    assert read(NAME) == read(NAME, "aa") == {"weights_sha256": "aa", "folder": source}
    assert read(NAME, "bb") is None  # such as a user's own checkpoint with a bundled model's name
    path.write_text(json.dumps({"weights_sha256": "bb"}))
    assert read(NAME) is None and read(NAME, "bb") is not None
    evidence = read_evidence(NAME, assets)
    assert getattr(evidence, source) == {} and "other weights" in evidence.problems[source]
    path.write_text("[]")
    assert read(NAME) is None and "holds no results" in read_evidence(NAME, assets).problems[source]
    path.write_text("{")
    assert read(NAME) is None and "cannot be read" in read_evidence(NAME, assets).problems[source]
    path.unlink()
    assert read(NAME) is None and "is missing" in read_evidence(NAME, assets).problems[source]
