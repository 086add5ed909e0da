"""The command that compares a tagging model with its tagger: what it writes, and files that are damaged."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from tests import small_splits
from tests.conftest import tiny_config
from tests.faults import Commands
from tests.small_splits import FRAMES
from tests.training.test_commands import save_answers
from tpexplore.checkpoints.files import sha256_of, write_safetensors
from tpexplore.checkpoints.labels import audioset_labels
from tpexplore.model.vit import AudioViT
from training import against_tagger

NAME = "ast-tags"


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A folder with a tiny tagging model, its card and results, and features with a tagger's answers."""
    root = tmp_path_factory.mktemp("tags")
    config = dataclasses.replace(
        tiny_config("ast", FRAMES, 527), labels=audioset_labels(), multilabel=True, task="tags"
    )
    torch.manual_seed(0)
    about = {k: v for k, v in dataclasses.asdict(config).items() if k not in ("name", "sha256")}
    write_safetensors(root / f"{NAME}.safetensors", AudioViT(config).state_dict(), about)
    sha256 = sha256_of(root / f"{NAME}.safetensors")
    (root / f"{NAME}.json").write_text(json.dumps({"weights_sha256": sha256}))
    (root / "results").mkdir()
    (root / "results" / f"{NAME}.json").write_text(json.dumps({"weights_sha256": sha256, "n": 3}))
    save_answers(small_splits.write_features(small_splits.generated_features(), root / "features"), 20)
    return root


@pytest.fixture
def folder(made, tmp_path, monkeypatch) -> Path:
    """A copy that a test may damage."""
    root = shutil.copytree(made, tmp_path / "tags")
    small_splits.use_folder(root, monkeypatch.setattr)
    monkeypatch.setattr(against_tagger, "RESULTS_FOLDER", root / "results")
    return root


def run(folder: Path, monkeypatch, capsys) -> tuple[int, str, str]:
    return Commands(monkeypatch, capsys).run(against_tagger.main, NAME, folder / "features")


@pytest.mark.parametrize("earlier", [{}, 5, [], {"other": 5}, {"other": {"attention": {"0.70": {"mAP": 1}}}}])
def test_earlier_measurements_stay_and_do_not_stop_the_command(folder, monkeypatch, capsys, earlier):
    """A damaged entry used to end in a KeyError, after everything was measured."""
    path = folder / "results" / f"{NAME}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"against_tagger": earlier}))
    code, output, _ = run(folder, monkeypatch, capsys)
    assert code == 0 and len(output.splitlines()) == 4
    written = json.loads(path.read_text())
    assert written["n"] == 3 and written["against_tagger"].pop("noise")["n"] == small_splits.TEST_CLIPS
    assert written["against_tagger"] == (earlier if isinstance(earlier, dict) else {})


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


RESULTS, CARD, INDEX = f"results/{NAME}.json", f"{NAME}.json", "features/index.json"
ANSWERS = f"features/answers-{'ab' * 6}"
SHA256 = ('_sha256": "', '_sha256": "0')
DAMAGE = {
    "no results": lambda root: (root / RESULTS).unlink(),
    "results cut short": lambda root: spoil(root / RESULTS, "}", ""),
    "results that are a list": lambda root: (root / RESULTS).write_text("[]"),
    "results of other weights": lambda root: spoil(root / RESULTS, *SHA256),
    "a card cut short": lambda root: spoil(root / CARD, "}", ""),
    "a card of other weights": lambda root: spoil(root / CARD, *SHA256),
    "weights cut short": lambda root: (root / f"{NAME}.safetensors").write_bytes(b"x"),
    "an index cut short": lambda root: spoil(root / INDEX, "}", ""),
    "a split that is none": lambda root: spoil(root / INDEX, '"test"', '"tset"'),
    "pictures cut short": lambda root: (root / "features/mel.npy").write_bytes(b"x"),
    "no answers": lambda root: shutil.rmtree(root / ANSWERS),
    "answers cut short": lambda root: (root / ANSWERS / "logits.npy").write_bytes(b"x"),
    "answers without an index": lambda root: (root / ANSWERS / "index.json").write_text("{}"),
    "answers that are NaN": lambda root: np.save(
        root / ANSWERS / "logits.npy", np.full((20, 527), np.nan, "f2")
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_files_end_in_one_sentence_and_nothing_is_written(folder, monkeypatch, capsys, damage):
    DAMAGE[damage](folder)
    path = folder / "results" / f"{NAME}.json"
    before = path.read_bytes() if path.exists() else None
    Commands(monkeypatch, capsys).sentence(against_tagger.main, NAME, folder / "features")
    assert (path.read_bytes() if path.exists() else None) == before


def test_a_model_of_other_classes_is_refused(folder, monkeypatch, capsys):
    """Its first answer used to be compared by number, then the precisions ended in a traceback."""
    name = small_splits.bundle("ast", small_splits.generated_features(), folder)
    sha256 = json.loads((folder / f"{name}.json").read_text())["weights_sha256"]
    (folder / "results" / f"{name}.json").write_text(json.dumps({"weights_sha256": sha256}))
    sentence = Commands(monkeypatch, capsys).sentence(against_tagger.main, name, folder / "features")
    assert "527 tags" in sentence
