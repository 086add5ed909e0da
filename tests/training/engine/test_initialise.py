"""Starting from an earlier model: what is taken over, and what is recorded about it."""

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch

from tests import ROOT
from tpexplore.checkpoints.load import load_model
from tpexplore.errors import InputError
from tpexplore.model.config import ModelConfig
from tpexplore.model.vit import AudioViT
from training.data.answers import StoredAnswers
from training.engine.checkpoint import save_checkpoint
from training.engine.initialise import describe_start, start_from
from training.engine.origins import note_origins


def test_a_bundled_start_is_recorded_with_its_history():
    """The later model may be bundled under the same name, and its card then replaces this one."""
    card = json.loads((ROOT / "assets" / "models" / "ast-esc50.json").read_text(encoding="utf-8"))
    start = describe_start("ast-esc50")
    assert start["model"] == "ast-esc50" and start["weights_sha256"] == card["weights_sha256"]
    for part in ("recipe", "data", "features", "feature_keys", "start", "commit", "training_minutes"):
        assert card[part] and start[part] == card[part]
    assert "labels" not in start and "clusters" not in start


def test_a_file_as_a_start_is_recorded_by_name_and_weights():
    path = str(ROOT / "assets" / "models" / "ast-spc12.safetensors")
    config = load_model(path).config
    assert describe_start(path) == {"model": config.name, "weights_sha256": config.sha256}
    assert describe_start(None) is None


def test_a_run_with_a_shorter_record_of_its_start_continues(tmp_path):
    """As runs recorded it before a card's history was kept; other weights are another start."""
    start = describe_start("ast-esc50")
    short = {"model": start["model"], "weights_sha256": start["weights_sha256"]}
    path = tmp_path / "origins.json"
    path.write_text(json.dumps({"teacher": None, "start": short}))
    note_origins(tmp_path, None, "ast-esc50")
    path.write_text(json.dumps({"teacher": None, "start": {**short, "weights_sha256": "0" * 64}}))
    with pytest.raises(InputError, match="another --init"):
        note_origins(tmp_path, None, "ast-esc50")


def test_a_run_continues_only_with_the_answers_of_the_same_tagger(tmp_path):
    one, other = (StoredAnswers(None, None, digit * 64) for digit in "12")
    note_origins(tmp_path, None, None, one)
    note_origins(tmp_path, None, None, one)
    for answers in (other, None):
        with pytest.raises(InputError, match="answers of another tagger"):
            note_origins(tmp_path, None, None, answers)
    (tmp_path / "origins.json").write_text('{"teacher": null, "start": null}')  # before taggers were recorded
    note_origins(tmp_path, None, None, other)


CONFIG = ModelConfig("ast", 128, 64, 10, 2, 0.0, 1.0, labels=("dog", "cat"))


def a_run(folder: Path) -> AudioViT:
    """The averaged model of a fine-tuning whose folder this is."""
    torch.manual_seed(1)
    model = AudioViT(CONFIG)
    average = {f"module.{name}": value for name, value in model.state_dict().items()}
    save_checkpoint(folder, {"step": 1, "modules": {"average": average}})
    notes = {"model": {"config": asdict(CONFIG), "data": {}}, "recipe": {}, "run": {}}
    for name, note in notes.items():
        (folder / f"{name}.json").write_text(json.dumps(note))
    (folder / "log.jsonl").write_text('{"step": 1, "epoch": 1, "minutes": 1}\n')
    return model


@pytest.mark.parametrize("labels", [CONFIG.labels, ("cat", "dog")])
def test_a_run_as_a_start_lends_its_classifier_if_the_classes_are_the_same(tmp_path, labels):
    earlier = a_run(tmp_path).state_dict()
    torch.manual_seed(2)
    model = AudioViT(replace(CONFIG, labels=labels))
    start_from(model, str(tmp_path))
    for name, value in model.state_dict().items():
        is_other_class = labels != CONFIG.labels and name.startswith("head.1.")
        assert torch.equal(value, earlier[name]) != is_other_class, name


def test_a_run_as_a_start_is_recorded_with_the_hash_of_its_weights(tmp_path):
    a_run(tmp_path)
    digest = hashlib.sha256((tmp_path / "last.pt").read_bytes()).hexdigest()
    assert describe_start(str(tmp_path))["weights_sha256"] == digest
    (tmp_path / "last.pt").unlink()
    assert describe_start(str(tmp_path))["weights_sha256"] is None
