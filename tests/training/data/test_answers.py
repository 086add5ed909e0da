"""Stored answers of a tagger: complete, resumable, joined, and learnt from."""

import csv
import dataclasses
import shutil

import numpy as np
import pytest
import soundfile
import soxr
import torch

from tpexplore.checkpoints.labels import audioset_labels
from tpexplore.errors import InputError
from tpexplore.model.config import ModelConfig
from tpexplore.model.vit import AudioViT
from tpexplore.signal.spectrogram import normalise
from training.data import answers as module
from training.data.answers import (
    StoredAnswers,
    answers_folder,
    as_tags,
    join_answers,
    read_answers,
    store_answers,
)
from training.data.cache import cache_features
from training.data.clips import draw_weights
from training.data.datasets import load_dataset
from training.data.features import Features, read_features
from training.data.tagger import TAGS, Tagger
from training.data.training_data import pretraining_data, training_data
from training.engine.finetuning import FinetuneStage
from training.engine.identity import check_fit, note_model
from training.engine.loop import TrainingRun, train
from training.engine.pretraining import PretrainStage
from training.measure.against_tagger import compare
from training.measure.export import trained_model
from training.recipes.settings import FinetuneRecipe, PretrainRecipe, StoredLessons, load_recipe
from training.scoring.class_names import ESC50_FILE
from training.scoring.scores import scorer_for
from training.system.lock import lock_folder

RATE = 16_000


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    """Six recordings of noise and tones; "long" lasts for two windows, "rain" was cut into two pieces."""
    root = tmp_path_factory.mktemp("sounds") / "pack"
    root.mkdir()
    rng = np.random.default_rng(0)
    for seed, (name, seconds) in enumerate(
        {"long": 3.3, "rain-01": 1.0, "rain-02": 1.0, "tone": 1.2, "beep": 0.7, "hiss": 1.3}.items()
    ):
        time = np.arange(round(seconds * RATE)) / RATE
        wave = 0.3 * np.sin(2 * np.pi * (200 + 400 * seed) * time) + 0.05 * rng.standard_normal(len(time))
        soundfile.write(root / f"{name}.wav", wave, RATE)
    return root


@pytest.fixture(scope="module")
def folder(sounds, tmp_path_factory):
    dataset = load_dataset("recordings", sounds, frames=128, hold_out=["tone"])
    return cache_features(dataset, tmp_path_factory.mktemp("features"), 1)


@pytest.fixture(scope="module")
def tagger():
    torch.manual_seed(0)
    return Tagger(0.4, sha256="ab" * 32).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def stored(folder, sounds, tagger):
    store_answers(folder, sounds, tagger)
    return read_answers(folder)


def test_windows_of_a_recording_stay_in_one_split(sounds):
    items = load_dataset("recordings", sounds, frames=128, hold_out=["tone"]).items
    assert [(i.name, i.start) for i in items if i.paths[0].stem == "long"] == [
        ("pack/long.wav", 0.0),
        ("pack/long.wav@1.295", 1.295),
    ]
    assert len({i.source for i in items if i.paths[0].stem.startswith("rain")}) == 1
    assert {i.split for i in items if i.paths[0].stem == "tone"} == {"test"}
    with pytest.raises(InputError, match=r"No recording under .* is named absent"):
        load_dataset("recordings", sounds, hold_out=["absent"])


def test_every_window_gets_the_answer_to_its_own_sound(folder, sounds, stored, tagger):
    features = read_features(folder)
    assert stored.sha256 == "ab" * 32 and len(stored.logits) == len(features.files)
    row = features.files.index("pack/long.wav@1.295")
    samples, _ = soundfile.read(sounds / "long.wav", dtype="float32")
    first = round(1.295 * RATE)
    wave = soxr.resample(samples[first : first + 128 * 160 + 240], RATE, 32_000)
    answer = tagger(torch.from_numpy(wave)[None])
    np.testing.assert_allclose(stored.logits[row], answer.logits[0], atol=5e-3)
    np.testing.assert_allclose(stored.embeddings[row], answer.embedding[0], atol=5e-3)


def test_a_killed_run_goes_on_where_it_stopped(folder, sounds, tagger, stored, tmp_path, monkeypatch):
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("answers-*"))
    monkeypatch.setattr(module, "CLIPS_PER_PART", 2)
    clips_heard = []
    original = module._one_answer

    def counted(*arguments):
        if len(clips_heard) == 5:
            raise KeyboardInterrupt
        clips_heard.append(arguments[2])
        return original(*arguments)

    monkeypatch.setattr(module, "_one_answer", counted)
    with pytest.raises(KeyboardInterrupt):
        store_answers(copy, sounds, tagger)
    assert read_answers(copy) is None
    monkeypatch.setattr(module, "_one_answer", original)
    kept = {path: path.stat().st_mtime_ns for path in copy.glob("answers-*/parts/*.npz")}
    assert len(kept) == 2
    join = module.join_parts

    def checked(target, clips):
        assert all(path.stat().st_mtime_ns == time for path, time in kept.items())
        join(target, clips)

    monkeypatch.setattr(module, "join_parts", checked)
    target = store_answers(copy, sounds, tagger)
    np.testing.assert_array_equal(read_answers(copy).logits, stored.logits)
    (target / "parts").mkdir()  # killed at the very end
    assert store_answers(copy, sounds, tagger) == target and not (target / "parts").exists()


def test_answers_that_another_process_is_writing_are_left_alone(folder, sounds, tagger, tmp_path):
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("answers-*"))
    lock = lock_folder(answers_folder(copy, tagger.sha256))
    with pytest.raises(InputError, match="Another process is working in"):
        store_answers(copy, sounds, tagger)
    lock.release()


def test_answers_that_another_command_has_just_finished_are_left_as_they_are(
    folder, sounds, tagger, stored, monkeypatch
):
    index = answers_folder(folder, tagger.sha256) / "index.json"
    content = index.read_bytes()
    index.unlink()

    def search(audio):
        index.write_bytes(content)
        return {}

    monkeypatch.setattr(module, "paths_by_name", search)
    monkeypatch.setattr(module, "_one_answer", None)
    assert store_answers(folder, sounds, tagger) == index.parent
    assert not (index.parent / "parts").exists()


def test_a_damaged_part_is_named_before_the_tagger_runs(folder, sounds, tagger, tmp_path, monkeypatch):
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("answers-*"))
    part = answers_folder(copy, tagger.sha256) / "parts/000001.npz"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"PK")
    monkeypatch.setattr(module, "CLIPS_PER_PART", 2)
    monkeypatch.setattr(module, "_one_answer", None)
    with pytest.raises(
        InputError, match=r"parts/000001\.npz is damaged: it cannot be read; delete .*/000001"
    ):
        store_answers(copy, sounds, tagger)


def test_answers_of_two_taggers_are_not_mixed(stored):
    rows = [np.arange(2), np.arange(1)]
    joined = join_answers([stored, stored], rows)
    np.testing.assert_array_equal(joined.logits, stored.logits[[0, 1, 0]])
    assert join_answers([stored, None], rows) is None
    with pytest.raises(InputError, match="different taggers"):
        join_answers([stored, dataclasses.replace(stored, sha256="cd")], rows)


def test_labelled_clips_make_up_their_share_of_the_draws():
    targets = torch.zeros(100, 3, dtype=torch.bool)
    targets[:6, 0] = targets[6:10, 1] = True
    weights = draw_weights(targets, balance=1.0, labelled_share=0.7)
    assert weights[:10].sum() == pytest.approx(0.7)
    assert weights[:6].sum() == pytest.approx(weights[6:10].sum())  # balanced classes
    assert weights[10:].sum() == pytest.approx(0.3)
    assert draw_weights(targets, balance=0, labelled_share=None) is None


def small_recipe(**changes):
    recipe = load_recipe("ast-audioset", FinetuneRecipe)
    optimiser = dataclasses.replace(recipe.optimiser, kind="adamw", lr=3e-3)
    values = {"dim": 64, "epochs": 100, "batch": 6, "optimiser": optimiser, "ema": 0.0, "token_drop": 0.0}
    augmented = dataclasses.replace(recipe.augment, shift=0, stretch=0, pitch=0, gain_db=0, mixup_alpha=0)
    pruning = dataclasses.replace(recipe.pruning, start=100)
    return dataclasses.replace(recipe, **values, augment=augmented, pruning=pruning, **changes)


def test_a_model_learns_the_taggers_answers(folder, stored, tmp_path, monkeypatch):
    monkeypatch.setattr(FinetuneStage, "after_epoch", lambda self, epoch: {})  # an epoch is one step here
    rng = np.random.default_rng(0)  # an untrained tagger answers nearly the same to every clip
    size = len(stored.logits)
    answers = StoredAnswers(rng.normal(-3, 2, (size, TAGS)), rng.normal(0, 1, (size, 384)), "ab")
    features = as_tags(read_features(folder), answers)
    stage = FinetuneStage(features, small_recipe(), answers=answers)
    note_model(tmp_path / "run", stage.model.config, features)
    assert train(stage, TrainingRun(tmp_path / "run"))
    model = trained_model(tmp_path / "run", features)
    assert model.config.multilabel and model.config.labels[0] == "Speech" and model.config.classes == TAGS
    rows = features.indices("train")
    mel = torch.from_numpy(features.mel[rows].astype(np.float32))
    with torch.no_grad():
        logits = model((mel - model.config.mean) / (2 * model.config.std)).logits
    expected, spread = torch.from_numpy(answers.logits[rows].astype(np.float32)), stage.tag_spread
    error = ((logits - expected) / spread).square().mean()
    constant = ((expected.mean(0) - expected) / spread).square().mean()
    assert error < 0.3 * constant


def test_unlabelled_clips_teach_tags_but_no_labels(folder, stored):
    """With a label loss alone, clips without labels leave no gradient."""
    features, answers = training_data([folder, folder])
    assert len(features.files) == len(stored.logits) + len(read_features(folder).indices("train"))
    assert len(answers.logits) == len(features.files)
    recipe = small_recipe(classes="labels", loss="ce", answers=StoredLessons(tags=1.0, embedding=1.0))
    meta = {**features.meta, "class_names": ["a", "b"]}
    targets = np.zeros((len(features.files), 2), dtype=bool)
    labelled = dataclasses.replace(features, meta=meta, targets=targets)
    stage = FinetuneStage(labelled, recipe, answers=answers)
    figures = stage.loss(0, stage.draw(0))
    assert figures["label_loss"] == 0 and figures["tag_loss"] > 0 and figures["embedding_loss"] > 0


def test_unlabelled_clips_teach_labels_where_the_recipe_has_pseudo_labels(folder, stored):
    features, answers = training_data([folder])
    targets = np.zeros((len(features.files), 2), dtype=bool)
    first, second = features.indices("train")[:2]
    targets[first, 0] = targets[second, 1] = True
    meta = {**features.meta, "class_names": ["a", "b"]}
    labelled = dataclasses.replace(features, meta=meta, targets=targets)
    lessons = StoredLessons(tags=1.0, labelled_share=0.5, pseudo_labels=True)
    recipe = small_recipe(classes="labels", loss="ce", answers=lessons)
    clips = FinetuneStage(labelled, recipe, answers=answers).clips
    assert clips.targets[:2].tolist() == [[1, 0], [0, 1]]
    assert len(clips.targets) > 2 and clips.targets.sum(1) == pytest.approx(1)
    assert ((clips.targets[2:] > 0) & (clips.targets[2:] < 1)).all()
    assert clips.weights[:2].sum() == pytest.approx(0.5)  # a pseudo-label is no label there
    with pytest.raises(InputError, match="one class a clip"):
        FinetuneStage(labelled, dataclasses.replace(recipe, loss="bce"), answers=answers)


def test_tags_stand_in_the_place_of_labels(folder, stored):
    features, answers = training_data([folder], "tags")
    assert features.meta["class_names"][0] == "Speech" and features.meta["multilabel"]
    chances = 1 / (1 + np.exp(-answers.logits.astype(float)))
    np.testing.assert_array_equal(features.targets, chances > 0.3)


def pretrain_recipe(**changes):
    recipe = load_recipe("pretrain-spc12", PretrainRecipe)
    augmented = dataclasses.replace(recipe.augment, shift=0, stretch=0, pitch=0, gain_db=0)
    small = {"dim": 64, "decoder_dim": 64, "decoder_depth": 1, "batch": 6, "mask": 0.25, "augment": augmented}
    return dataclasses.replace(recipe, **small, **changes)


def test_pretraining_learns_the_answers_beside_filling_in(folder, stored, tmp_path):
    """The losses equal those computed by hand, and the encoder learns from each."""
    features, answers = pretraining_data([folder, folder])
    assert len(answers.logits) == len(features.files) == len(features.indices("train"))
    lessons = StoredLessons(tags=0.5, tag_logits=0.1, tag_softmax=0.3, embedding=2.0)
    recipe = pretrain_recipe(answers=lessons)
    stage = PretrainStage(features, recipe, tmp_path, answers=answers)
    part = stage.draw(0)
    figures = stage.loss(0, part)
    spec = normalise(part["mel"], stage.config.mean, stage.config.std)
    with torch.autocast("cpu", torch.bfloat16):
        x = stage.encode(spec, part["visible"])
        pooled = torch.nn.functional.layer_norm(x[:, stage.config.prefix :].mean(1).float(), (64,))
        tag_logits, embedding = (head(pooled).float() for head in stage.trained["heads"].children())
    chances = part["tag_logits"].sigmoid()
    tag_loss = -(chances * tag_logits.sigmoid().log() + (1 - chances) * (-tag_logits).sigmoid().log()).mean()
    assert figures["tag_loss"].item() == pytest.approx(tag_loss.item(), rel=0.02)
    odds = chances / (1 - chances)
    shares = odds / odds.sum(1, keepdim=True)
    softmax_loss = -(shares * (tag_logits.exp() / tag_logits.exp().sum(1, keepdim=True)).log()).sum(1).mean()
    assert figures["tag_softmax_loss"].item() == pytest.approx(softmax_loss.item(), rel=0.02)
    embedding_loss = (embedding - part["embeddings"]).square().mean()
    assert figures["embedding_loss"].item() == pytest.approx(embedding_loss.item(), rel=0.02)
    weighted = {
        "fill_loss": 1.0,
        "tag_loss": 0.5,
        "tag_logit_loss": 0.1,
        "tag_softmax_loss": 0.3,
        "embedding_loss": 2.0,
    }
    total = sum(weight * figures[name].item() for name, weight in weighted.items())
    assert figures["loss"].item() == pytest.approx(total, rel=1e-4)
    for name in weighted:
        (gradient,) = torch.autograd.grad(
            figures[name], stage.encoder.vit.blocks[0].attn.qkv.weight, retain_graph=True
        )
        assert gradient.abs().max() > 0, name
    with pytest.raises(InputError, match=r"run python -m training\.answers first"):
        PretrainStage(features, recipe, tmp_path)
    plain = PretrainStage(features, pretrain_recipe(), tmp_path, answers=answers)
    assert set(plain.trained) == {"encoder", "decoder"} and set(plain.loss(0, plain.draw(0))) == {"loss"}


def test_a_recipe_that_needs_answers_says_so(folder):
    with pytest.raises(InputError, match=r"run python -m training\.answers first"):
        FinetuneStage(read_features(folder), small_recipe())


def test_a_tagging_model_is_judged_by_class_name():
    """Only the dataset's classes compete, each under the AudioSet name of the data file."""
    names = audioset_labels()
    config = ModelConfig("ast", 128, 64, 12, TAGS, 0.0, 1.0, multilabel=True, labels=names)
    meta = {"class_names": ["rooster", "hand saw"], "frames": 128}
    targets = np.array([[True, False], [False, True], [False, True]])
    features = Features(None, None, targets, ["test"] * 3, ["a"] * 3, ["a"] * 3, meta)
    logits = torch.full((3, TAGS), -5.0)
    logits[:, names.index("Music")] = 9
    logits[0, names.index("Crowing, cock-a-doodle-doo")] = 1
    logits[1, names.index("Sawing")] = 1
    logits[2, names.index("Crowing, cock-a-doodle-doo")] = 1
    scorer = scorer_for(features, np.arange(3), config)
    assert scorer.keep(logits).tolist() == [0, 1, 0]
    assert scorer.value(scorer.keep(logits)) == pytest.approx(2 / 3)
    check_fit(features, config)
    strange = dataclasses.replace(features, meta={**meta, "class_names": ["rooster", "word"]})
    with pytest.raises(InputError, match="classes are not those"):
        check_fit(strange, config)


def test_every_class_of_esc50_has_one_name_of_audioset():
    with ESC50_FILE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["esc50"] for row in rows}) == len({row["audioset"] for row in rows}) == 50
    assert {row["audioset"] for row in rows} <= set(audioset_labels())


def test_comparison_with_the_tagger(folder, stored, tmp_path, monkeypatch):
    """Computed again by hand, from the model's own logits."""
    torch.manual_seed(0)
    config = ModelConfig("ast", 128, 64, 12, TAGS, -6.0, 4.0, multilabel=True, labels=audioset_labels())
    model = AudioViT(config).eval()
    compared = compare(model, folder)
    features = read_features(folder)
    rows = features.indices("test")
    mel = torch.from_numpy(features.mel[rows].astype(np.float32))
    with torch.no_grad():
        first = model(normalise(mel, -6.0, 4.0), 0.5).logits.argmax(1).numpy()
    same = (first == stored.logits[rows].argmax(1)).mean()
    assert compared["n"] == len(rows) and compared["tagger_sha256"] == "ab" * 32
    assert compared["attention"]["0.50"]["first_tag"]["value"] == pytest.approx(same, abs=1e-4)
