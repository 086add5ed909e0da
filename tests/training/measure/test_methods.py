"""Drop, fuse and merge over a split, against single passes one clip at a time; and parts heard alone."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import torch

from tests import small_splits
from tests.signal.listening import resynthesise
from tpexplore import load_model
from tpexplore.errors import InputError
from tpexplore.model.forward import Entered
from tpexplore.model.pruning import random_ranks
from tpexplore.results.store import measured_methods
from tpexplore.signal.spectrogram import fit_frames, log_mel
from training import methods as command
from training.data.sound import Sounds
from training.measure import methods

CLIPS = 4


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    """Features of a few bursts of noise, their files, and a bundled AST that answers differently to them."""
    folder = tmp_path_factory.mktemp("assets")
    rng = np.random.default_rng(2)
    features = small_splits.generated_features(test_clips=CLIPS)
    (folder / "clips").mkdir()
    for row in range(len(features.files)):
        wave = np.convolve(rng.normal(0, 0.1, 8000), rng.normal(size=9), "same").astype(np.float32)
        features.files[row] = f"clips/{row}.wav"
        soundfile.write(folder / features.files[row], wave, 16_000, subtype="FLOAT")
        mel = log_mel(wave)
        features.mel[row], features.lengths[row] = fit_frames(mel, small_splits.FRAMES), len(mel)
    with pytest.MonkeyPatch.context() as patch:
        small_splits.use_folder(folder, patch.setattr)
        patch.setattr(methods, "git_commit", lambda: "a commit")
        patch.setattr(methods, "HEARD_CLIPS", 3)
        name = small_splits.bundle("ast", features, folder)
        small_splits.write_features(features, folder / "features")
        yield SimpleNamespace(name=name, features=features, folder=folder, model=load_model(name))


@pytest.fixture(scope="module")
def measured(noise):
    return list(methods.measure_methods(noise.name, noise.features, noise.folder))[-1]


def spec_of(noise, row):
    model = noise.model
    mel = torch.from_numpy(noise.features.mel[row].astype(np.float32))
    return ((mel - model.config.mean) / (2 * model.config.std))[None]


@pytest.mark.parametrize(
    ("method", "score"), [("drop", "time-even"), ("fuse", "random"), ("merge", "attention")]
)
@torch.inference_mode()
def test_accuracy_is_that_of_single_passes(noise, measured, method, score):
    model, right, lead = noise.model, [], []
    for position, row in enumerate(noise.features.indices("test")):
        ranking = random_ranks(0, [position], 32) if score == "random" else score
        spec, label = spec_of(noise, row), noise.features.labels[row]
        right.append(int(Entered(model, spec).output(0.4, ranking, method).logits.argmax()) == label)
        lead.append(int(right[-1]) - (int(model(spec, 0.4).logits.argmax()) == label))
    cell = measured["accuracy"][method][score]["0.40"]
    assert cell["value"] == pytest.approx(np.mean(right), abs=1e-5)
    assert cell["macs"] == model.config.macs(0.4, method=method)
    assert measured["paired"][method][score]["0.40"]["value"] == pytest.approx(np.mean(lead), abs=1e-5)


@torch.inference_mode()
def test_parts_are_heard_one_by_one(noise, measured):
    """The kept part alone and the removed part alone, each resynthesised and run by itself."""
    model, rows = noise.model, noise.features.indices("test")
    drawn = sorted(np.random.default_rng(0).choice(CLIPS, 3, replace=False))
    same, drops = [], []
    for position in drawn:
        wave = soundfile.read(noise.folder / noise.features.files[rows[position]], dtype="float32")[0]
        spec = model.spectrogram(wave)[None]
        kept = np.isin(np.arange(32), model(spec, 0.5, "variation").kept[10][0])
        _, removed = resynthesise(wave, kept, small_splits.FRAMES)
        whole = model(spec).logits.softmax(-1)[0]
        part = model(model.spectrogram(removed)[None]).logits.softmax(-1)[0]
        same.append(part.argmax() == whole.argmax())
        drops.append(float(whole.max() - part[whole.argmax()]))
    heard = measured["faithfulness"]
    cells = heard["ways"]["drop"]["variation"]["0.50"]["removed"]
    assert heard["n"] == 3
    assert cells["same_answer"]["value"] == pytest.approx(np.mean(same), abs=1e-5)
    assert cells["confidence_drop"]["value"] == pytest.approx(np.mean(drops), abs=1e-4)


def test_results_of_the_same_weights_stay(noise, monkeypatch, capsys):
    line = ["methods", noise.name, str(noise.folder / "features")]
    monkeypatch.setattr("sys.argv", [*line, "--rankings", "attention"])
    command.main()
    assert "accuracy measured" in capsys.readouterr().out
    by_attention = measured_methods(noise.name)["accuracy"]
    path = noise.folder / "results" / "methods" / f"{noise.name}.json"
    path.write_text(path.read_text().replace('"accuracy":', '"damaged":'))  # so it is measured again
    monkeypatch.setattr("sys.argv", line)
    command.main()
    assert "accuracy measured" in capsys.readouterr().out
    first = measured_methods(noise.name)
    assert by_attention["fuse"]["attention"] == first["accuracy"]["fuse"]["attention"]
    assert list(by_attention["fuse"]) == ["attention"] and len(first["accuracy"]["fuse"]) == 5
    assert "faithfulness" not in first and first["commit"] == "a commit"
    command.main()
    assert capsys.readouterr().out == ""
    path.write_text(json.dumps({**first, "weights_sha256": "0" * 64}))
    assert measured_methods(noise.name) is None
    path.unlink()


def test_another_sound_under_the_same_name_is_refused(noise):
    sounds = Sounds(noise.features, noise.folder)
    assert len(sounds.read(0)) == 8000
    sounds.paths["clips/0.wav"] = sounds.paths["clips/1.wav"]
    with pytest.raises(InputError, match="another sound"):
        sounds.read(0)
    del sounds.paths["clips/0.wav"]
    with pytest.raises(InputError, match=r"clips/0\.wav is not in the audio folder"):
        sounds.read(0)
