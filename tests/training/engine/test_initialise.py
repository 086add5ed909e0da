"""Starting from an earlier model: what is noted of it."""

import json

import pytest

from tests import ROOT
from tpexplore.checkpoints.load import load_model
from tpexplore.errors import InputError
from training.data.answers import StoredAnswers
from training.engine.initialise import describe_start
from training.engine.origins import note_origins


def test_a_bundled_start_is_noted_with_what_its_card_says_of_its_making():
    """The later model may be bundled under the same name, and its card then takes the place of this one."""
    card = json.loads((ROOT / "assets" / "models" / "ast-esc50.json").read_text(encoding="utf-8"))
    start = describe_start("ast-esc50")
    assert start["model"] == "ast-esc50" and start["weights_sha256"] == card["weights_sha256"]
    for part in ("recipe", "data", "features", "feature_keys", "start", "commit", "training_minutes"):
        assert card[part] and start[part] == card[part]
    assert "labels" not in start and "clusters" not in start


def test_a_file_as_a_start_is_noted_by_name_and_weights():
    path = str(ROOT / "assets" / "models" / "ast-spc12.safetensors")
    config = load_model(path).config
    assert describe_start(path) == {"model": config.name, "weights_sha256": config.sha256}
    assert describe_start(None) is None


def test_a_run_goes_on_whose_note_of_its_start_is_shorter(tmp_path):
    """As runs noted it before a card's history was kept; other weights are another start."""
    start = describe_start("ast-esc50")
    short = {"model": start["model"], "weights_sha256": start["weights_sha256"]}
    noted = tmp_path / "origins.json"
    noted.write_text(json.dumps({"teacher": None, "start": short}))
    note_origins(tmp_path, None, "ast-esc50")
    noted.write_text(json.dumps({"teacher": None, "start": {**short, "weights_sha256": "0" * 64}}))
    with pytest.raises(InputError, match="another --init"):
        note_origins(tmp_path, None, "ast-esc50")


def test_a_run_goes_on_with_the_answers_of_the_same_tagger_only(tmp_path):
    one, other = (StoredAnswers(None, None, digit * 64) for digit in "12")
    note_origins(tmp_path, None, None, one)
    note_origins(tmp_path, None, None, one)
    for answers in (other, None):
        with pytest.raises(InputError, match="answers of another tagger"):
            note_origins(tmp_path, None, None, answers)
    (tmp_path / "origins.json").write_text('{"teacher": null, "start": null}')  # before taggers were noted
    note_origins(tmp_path, None, None, other)
