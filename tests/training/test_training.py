"""Training on generated audio: every stage runs, resumes, learns, and exports what the app loads."""

import dataclasses
import json
import math
import random
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image
from timm.optim import param_groups_layer_decay

from tests.conftest import tiny_config
from tests.faults import full_disk
from tests.processes import run_in_two
from tpexplore import load_model
from tpexplore.checkpoints import bundled
from tpexplore.errors import InputError
from tpexplore.model.plan import KEEP_RATES, SCORES, scheduled_keep_rate
from tpexplore.model.vit import AudioViT
from tpexplore.signal.spectrogram import fit_frames, log_mel, normalise, patches_of
from training import evaluate, export
from training import finetune as finetune_module
from training.data import augment
from training.data.cache import cache_features
from training.data.clips import Clips, mean_and_std
from training.data.datasets import load_dataset
from training.data.features import read_features
from training.engine.checkpoint import load_checkpoint, save_checkpoint
from training.engine.command import run_command
from training.engine.finetuning import FinetuneStage, draw_keep_rate
from training.engine.identity import note_run
from training.engine.initialise import WHITENING_GAIN, place_positions, whiten_patches
from training.engine.loop import TrainingRun, gradients_of_step, train
from training.engine.optimise import learning_rate, optimisers_for
from training.engine.origins import note_origins
from training.engine.patches import random_grid, random_patches
from training.engine.pretraining import PretrainStage, fill_in, masked_loss, pictures_of
from training.engine.student import build_model
from training.engine.teacher import TeacherStage, load_teacher
from training.measure.export import trained_model
from training.recipes.settings import (
    FOLDER,
    FinetuneRecipe,
    Optimiser,
    PretrainRecipe,
    Schedule,
    TeacherRecipe,
    load_recipe,
)

WORDS = ("high", "low", "mid")


def tone(word: str, seed: int) -> np.ndarray:
    """A beep whose pitch stands for the word, with a little noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(12_000) / 16_000
    pitch = {"low": 300, "mid": 1000, "high": 3000}[word] * rng.uniform(0.95, 1.05)
    return (0.3 * np.sin(2 * np.pi * pitch * time) + 0.01 * rng.standard_normal(12_000)).astype(np.float32)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    """A miniature of Speech Commands' layout: 3 words × 8 speakers, one broken file."""
    root = tmp_path_factory.mktemp("words")
    lists = {"validation_list.txt": [], "testing_list.txt": []}
    for word in WORDS:
        (root / word).mkdir()
        for speaker in range(8):
            name = f"{word}/spk{speaker}_nohash_0.wav"
            soundfile.write(root / name, tone(word, speaker), 16_000)
            if speaker >= 6:
                lists["validation_list.txt" if speaker == 6 else "testing_list.txt"].append(name)
    (root / "_background_noise_").mkdir()
    (root / "low" / "spk9_nohash_0.wav").write_text("this is no audio")
    for name, lines in lists.items():
        (root / name).write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture(scope="module")
def features(corpus, tmp_path_factory):
    dataset = load_dataset("speech_commands", corpus)
    return read_features(cache_features(dataset, tmp_path_factory.mktemp("features"), workers=1))


def small(kind, name: str, **changes):
    """A bundled recipe with a tiny model and a short run; "part.setting" reaches into its parts."""
    recipe = load_recipe(name, kind)
    for key, value in {"batch": 6, "epochs": 2, "schedule.warmup_epochs": 0.5, **changes}.items():
        *part, setting = key.split(".")
        if part:
            changed = dataclasses.replace(getattr(recipe, part[0]), **{setting: value})
            recipe = dataclasses.replace(recipe, **{part[0]: changed})
        else:
            recipe = dataclasses.replace(recipe, **{setting: value})
    return recipe


def small_finetune(name: str = "audiomae-spc12", **changes) -> FinetuneRecipe:
    usual = {"dim": 64, "pruning.start": 1, "pruning.warmup": 0.5, "ema": 0.5}
    return small(FinetuneRecipe, name, **{**usual, **changes})


def finetune(features, recipe, folder, *, minutes=None, accumulate=1, **stage) -> bool:
    return train(FinetuneStage(features, recipe, **stage), TrainingRun(folder, minutes, accumulate))


# -- data


def test_features_are_the_front_ends_and_bad_clips_are_listed(features, corpus):
    assert features.mel.shape == (24, 128, 128)
    assert len(features.meta["skipped"]) == 1
    assert "spk9" in features.meta["skipped"][0]
    row = features.sources.index("spk0")
    expected = fit_frames(log_mel(soundfile.read(corpus / "high/spk0_nohash_0.wav", dtype="float32")[0]), 128)
    np.testing.assert_allclose(features.mel[row], expected.numpy(), atol=0.01)
    assert features.lengths[row] == 73
    mean, std = mean_and_std(features)
    real = np.concatenate([features.mel[i, :73].astype(float).ravel() for i in features.indices("train")])
    np.testing.assert_allclose([mean, std], [real.mean(), real.std()], rtol=1e-6)


# -- augmentation


def test_warp_without_reach_changes_nothing_but_may_mirror(features):
    mel = torch.from_numpy(features.mel[:4].astype(np.float32))
    lengths = torch.from_numpy(features.lengths[:4])
    still = augment.warp(mel, lengths, shift=0, stretch=0, pitch=0, pad_share=1)
    torch.testing.assert_close(still, mel, atol=0.02, rtol=0)
    mirrored = augment.warp(mel, lengths, shift=0, stretch=0, pitch=0, pad_share=0)
    torch.testing.assert_close(mirrored[:, 73 + 4], mel[:, 72 - 5], atol=0.02, rtol=0)


def test_mixup_adds_powers():
    torch.manual_seed(0)
    mel, targets = torch.randn(5, 4, 3), torch.eye(5)
    batch = augment.mixup({"mel": mel, "targets": targets}, 0.5)
    mixed, blended = batch["mel"], batch["targets"]
    for row in range(5):
        (other,) = [i for i in range(5) if i != row and blended[row, i] > 0] or [row]
        share = float(blended[row, row])
        expected = (share * mel[row].exp() + (1 - share) * mel[other].exp()).log()
        torch.testing.assert_close(mixed[row], expected)


def test_spec_augment_masks_one_band_a_side():
    torch.manual_seed(0)
    out = augment.spec_augment(torch.zeros(50, 64, 128), 16, 24, fill=1.0)
    frames, bins = (out == 1).all(2).sum(1), (out == 1).all(1).sum(1)
    assert frames.max() <= 16
    assert bins.max() <= 24
    assert frames.float().mean() > 4


# -- schedules


def test_keep_rate_schedule_at_chosen_steps():
    assert scheduled_keep_rate(9.99, 0.5, 10, 20) == 1.0
    assert scheduled_keep_rate(10, 0.5, 10, 20) == 1.0
    assert scheduled_keep_rate(20, 0.5, 10, 20) == pytest.approx(0.75)
    assert scheduled_keep_rate(30, 0.5, 10, 20) == 0.5


def test_learning_rates_are_torchs_after_a_linear_warm_up():
    cosine = Schedule("cosine", warmup_epochs=1, min_lr=0.1)
    rates = [learning_rate(step, 110, 10, 2.0, cosine) for step in range(110)]
    np.testing.assert_allclose(rates[:10], np.arange(1, 11) * 0.2)
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([parameter], lr=2.0)
    reference = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 100, eta_min=0.1)
    for rate in rates[10:]:
        assert rate == pytest.approx(reference.get_last_lr()[0])
        optimiser.step()
        reference.step()
    stepped = Schedule("multistep", warmup_steps=3, start=5, every=2, gamma=0.5)
    optimiser = torch.optim.SGD([parameter], lr=2.0)
    reference = torch.optim.lr_scheduler.MultiStepLR(optimiser, range(5, 100, 2), gamma=0.5)
    for epoch in range(12):
        if epoch > 0:
            assert learning_rate(10 * epoch + 9, 120, 10, 2.0, stepped) == reference.get_last_lr()[0]
        optimiser.step()
        reference.step()


def test_layer_decay_is_timms():
    model = AudioViT(tiny_config("audiomae"))
    optimiser = Optimiser("adamw", 1.0, 0.05, layer_decay=0.75)
    (adam,) = optimisers_for([model], optimiser)
    ours = {id(p): group["scale"] for group in adam.param_groups for p in group["params"]}
    for group in param_groups_layer_decay(model.vit, 0.05, layer_decay=0.75):
        for parameter in group["params"]:
            assert ours[id(parameter)] == pytest.approx(group["lr_scale"])


def test_keep_rates_are_full_before_pruning_then_elastic():
    pruning = dataclasses.replace(
        small_finetune().pruning, start=5, warmup=2, full_share=0.25, lowest=0.3, keep_rate="elastic"
    )
    draw = random.Random(0)
    assert {draw_keep_rate(pruning, 4.9, draw)[0] for _ in range(200)} == {1.0}
    drawn = [draw_keep_rate(pruning, 9, draw) for _ in range(4000)]
    assert {rate for rate, _ in drawn} == set(KEEP_RATES)
    assert {score for _, score in drawn} == set(SCORES)
    full = sum(rate == 1.0 for rate, _ in drawn) / 4000
    assert 0.25 < full < 0.35
    assert min(draw_keep_rate(pruning, 6, draw)[0] for _ in range(500)) == pytest.approx(0.65)
    fixed = dataclasses.replace(pruning, keep_rate=0.5)
    assert {draw_keep_rate(fixed, 6, draw)[0] for _ in range(50)} == {0.75}
    assert {draw_keep_rate(fixed, 9, draw)[0] for _ in range(50)} == {0.5}


# -- starting weights


def test_whitened_patches_have_equal_variance_and_no_correlation():
    torch.manual_seed(0)
    model = AudioViT(tiny_config("audiomae"))
    specs = torch.randn(400, 128, 128).cumsum(1).cumsum(2) / 100
    whiten_patches(model, specs)
    with torch.no_grad():
        out = model.vit.patch_embed(specs[:, None]).flatten(0, 1).double()
    covariance = torch.cov(out.T)[:8, :8]
    torch.testing.assert_close(
        covariance, torch.eye(8, dtype=torch.double) * WHITENING_GAIN**2, atol=0.05, rtol=0
    )
    assert out.mean(0).abs().max() < 1e-3


def test_positions_tell_every_patch_apart_in_time_major_order():
    model = AudioViT(tiny_config("ast"))
    place_positions(model)
    grid = model.vit.pos_embed[0, 2:].detach().reshape(8, 8, -1)
    same_column = (grid[0, 0] - grid[0, 1]).ne(0)
    same_row = (grid[0, 0] - grid[1, 0]).ne(0)
    assert not (same_column & same_row).any()  # each axis has its own half of the code
    flat = grid.flatten(0, 1)
    assert torch.cdist(flat, flat).add(torch.eye(64) * 9).min() > 0.1
    assert model.vit.pos_embed[0, :2].eq(0).all()


# -- stages


def test_masked_loss_counts_masked_patches_only(specs):
    visible = random_patches(3, 64, 13, torch.device("cpu"))
    target = patches_of(specs)
    target = (target - target.mean(-1, keepdim=True)) / (target.var(-1, keepdim=True) + 1e-2).sqrt()
    wrong_where_seen = target.scatter_add(
        1, visible[..., None].expand(-1, -1, 256), torch.full((3, 13, 256), 9.0)
    )
    assert masked_loss(wrong_where_seen, specs, visible) == 0
    assert masked_loss(target + 2, specs, visible) == pytest.approx(4)


@pytest.fixture(scope="module")
def finished(features, tmp_path_factory) -> Path:
    """Teacher, pre-training and fine-tuning, in miniature."""
    root = tmp_path_factory.mktemp("runs")
    recipes = {
        "teacher": small(TeacherRecipe, "teacher-spc12", channels=[8, 8, 16, 16], epochs=5),
        "pretrain": small(
            PretrainRecipe, "pretrain-spc12", dim=64, decoder_dim=64, decoder_depth=1, picture_every=1
        ),
        "student": small_finetune(
            epochs=30,
            depth=10,
            token_drop=0.2,
            ema=0.8,
            **{
                "pruning.start": 25,
                "optimiser.lr": 0.006,
                "augment.mixup_alpha": 0.0,
                "augment.pitch": 0.0,
                "distil.labels": 0.1,
            },
        ),
    }
    for name, recipe in recipes.items():
        (root / name).mkdir()
        note_run(root / name, recipe, features)
    assert train(TeacherStage(features, recipes["teacher"]), TrainingRun(root / "teacher"))
    stage = PretrainStage(features, recipes["pretrain"], root / "pretrain")
    assert train(stage, TrainingRun(root / "pretrain"))
    start = str(root / "pretrain")
    note_origins(root / "student", root / "teacher", start)
    assert finetune(
        features, recipes["student"], root / "student", init=start, teacher_folder=root / "teacher"
    )
    return root


def test_training_learns_the_three_tones(finished, features):
    last = json.loads((finished / "student" / "log.jsonl").read_text().splitlines()[-1])
    model = trained_model(finished / "student", features)
    rows = features.indices("train")
    mel = torch.from_numpy(features.mel[rows].astype(np.float32))
    with torch.no_grad():
        answers = model(normalise(mel, model.config.mean, model.config.std)).logits.argmax(1)
    assert (answers.numpy() == features.labels[rows]).mean() == 1.0
    assert last["epoch"] == 30
    assert "map_loss" not in last  # the feature map is matched before pruning only
    assert load_teacher(finished / "teacher", 3).width == 16


def test_pretraining_start_is_kept(finished, features):
    encoder = load_checkpoint(finished / "pretrain")["modules"]["encoder"]
    start = str(finished / "pretrain")
    model = build_model(features, small_finetune(), start)
    assert torch.equal(model.vit.blocks[3].mlp.fc1.weight, encoder["vit.blocks.3.mlp.fc1.weight"])
    assert not model.vit.pos_embed.requires_grad
    other = build_model(features, small_finetune(family="ast"), start)  # other prefix, same blocks
    assert torch.equal(other.vit.blocks[3].mlp.fc1.weight, encoder["vit.blocks.3.mlp.fc1.weight"])
    with pytest.raises(InputError, match="another width"):
        build_model(features, small_finetune(dim=128), start)
    with pytest.raises(InputError, match="no pre-trained encoder"):
        build_model(features, small_finetune(), str(finished / "teacher"))


def test_a_model_of_the_same_classes_lends_its_classifier(finished, features, tmp_path, monkeypatch):
    export.export(finished / "student", features, "tones", tmp_path)
    monkeypatch.setattr(bundled, "MODELS_FOLDER", tmp_path)
    earlier = load_model("tones")
    model = build_model(features, small_finetune(), "tones")
    assert torch.equal(model.vit.head.weight, earlier.vit.head.weight)
    others = dataclasses.replace(features, meta={**features.meta, "class_names": ["a", "b", "c"]})
    model = build_model(others, small_finetune(), "tones")
    assert not torch.equal(model.vit.head.weight, earlier.vit.head.weight)
    assert torch.equal(model.vit.blocks[0].attn.qkv.weight, earlier.vit.blocks[0].attn.qkv.weight)


def test_pretraining_draws_what_it_fills_in(finished, specs):
    pictures = sorted((finished / "pretrain").glob("*.p*ng*"))  # nothing half-written beside them
    assert [p.name for p in pictures] == ["epoch-001.png", "epoch-002.png"]
    assert Image.open(pictures[0]).size == (4 * 128, 3 * 128)
    torch.testing.assert_close(pictures_of(patches_of(specs)), specs)
    true = patches_of(specs)
    perfect = (true - true.mean(-1, keepdim=True)) / (true.var(-1, keepdim=True) + 1e-2).sqrt()
    visible = random_patches(3, 64, 13, torch.device("cpu"))
    torch.testing.assert_close(fill_in(perfect, specs, visible), specs)
    flat = fill_in(torch.zeros_like(perfect), specs, visible)
    seen = torch.zeros(3, 64, dtype=torch.bool).scatter(1, visible, True)
    same = (patches_of(flat) - true).abs().amax(-1) < 1e-6
    assert torch.equal(same, seen)


def test_nothing_is_hidden_once_pruning_starts(features):
    recipe = small_finetune(epochs=4, **{"pruning.start": 2, "augment.mixup_alpha": 0.0})
    stage = FinetuneStage(features, recipe)
    first = round(recipe.pruning.start * stage.steps_per_epoch)
    torch.manual_seed(0)
    before, after = stage.draw(first - 1), stage.draw(first)
    assert before["ids"].shape[1] == 32
    plain = normalise(before["mel"], stage.model.config.mean, stage.model.config.std)
    assert not torch.equal(before["spec"], plain)  # SpecAug
    assert after["ids"].shape[1] == 64
    plain = normalise(after["mel"], stage.model.config.mean, stage.model.config.std)
    assert torch.equal(after["spec"], plain)
    with pytest.raises(AssertionError, match="pruning has started"):
        stage.loss(first, before)


def test_a_distillation_token_learns_from_the_teacher_alone(finished, features):
    recipe = small_finetune(
        "ast-spc12",
        **{"distil.to": "token", "distil.labels": 1.0, "distil.features": 0.0, "pruning.start": 0},
    )
    stage = FinetuneStage(features, recipe, teacher_folder=finished / "teacher")
    torch.manual_seed(0)
    batch = stage.draw(0)
    stage.loss(0, batch)["loss"].backward()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        answers = stage.teacher(batch["mel"])[0].float()
    assert stage.model.head[1].weight.grad.abs().sum() > 0
    stage.student.zero_grad()
    figures = stage.loss(0, {**batch, "targets": 1 - batch["targets"]})
    assert figures["loss"] == figures["soft_loss"]  # the true labels do not count at weight 1
    assert answers.shape == (6, 3)
    with pytest.raises(InputError, match="distillation token"):
        FinetuneStage(features, small_finetune(**{"distil.to": "token"}))


def test_multi_label_loss_is_torchs(features):
    stage = FinetuneStage(features, small_finetune(loss="bce", **{"pruning.start": 0}))
    assert stage.model.config.multilabel
    torch.manual_seed(0)
    batch = stage.draw(0)
    batch["targets"][:, 0] = 1.0  # two classes at once
    expected = torch.nn.functional.multilabel_soft_margin_loss
    stage.student.eval()
    with torch.no_grad():
        logits = stage.model(batch["spec"]).logits
        loss = stage._against_labels(logits, (batch["targets"] > 0.5).float())
    torch.testing.assert_close(loss, expected(logits, (batch["targets"] > 0.5).float()))


def test_export_and_evaluation_agree_with_the_trained_model(finished, features, tmp_path, monkeypatch):
    path = export.export(finished / "student", features, "audiomae-tones", tmp_path)
    card = json.loads((tmp_path / "audiomae-tones.json").read_text())
    monkeypatch.setattr(bundled, "MODELS_FOLDER", tmp_path)
    loaded = load_model("audiomae-tones")
    assert loaded.config.labels == ("high", "low", "mid")
    assert loaded.config.sha256 == card["weights_sha256"]
    assert card["bytes"] == path.stat().st_size
    assert card["teacher"]["recipe"]["arch"] == "resnet10t"
    trained = trained_model(finished / "student", features)
    spec = trained.spectrogram(tone("mid", 5))[None]
    with torch.inference_mode():
        torch.testing.assert_close(loaded(spec).logits, trained(spec).logits, atol=0.1, rtol=0.05)
    results = evaluate.evaluate("audiomae-tones", features)
    assert results["n"] == 3
    assert results["weights_sha256"] == card["weights_sha256"]
    rows = features.indices("test")
    for score in SCORES:
        assert list(results["keep_rate"][score]) == [f"{r:.2f}" for r in reversed(KEEP_RATES)]
        cell = results["keep_rate"][score]["0.50"]
        right = 0
        for row in rows:
            mel = torch.from_numpy(features.mel[row].astype(np.float32))
            spec = (mel - loaded.config.mean) / (2 * loaded.config.std)
            with torch.inference_mode():
                right += int(loaded(spec[None], 0.5, score).logits.argmax()) == features.labels[row]
        assert cell["value"] == pytest.approx(right / 3, abs=1e-4)


class KilledError(Exception):
    pass


def test_a_killed_and_resumed_run_equals_an_uninterrupted_one(features, tmp_path, monkeypatch):
    recipe = small_finetune(epochs=2)
    assert finetune(features, recipe, tmp_path / "whole")
    monkeypatch.setattr("training.engine.loop.SAVE_EVERY_SECONDS", 0)
    gain, calls = augment.gain, []

    def dying_gain(*args):
        calls.append(1)
        if len(calls) == 4:
            raise KilledError
        return gain(*args)

    monkeypatch.setattr("training.data.augment.gain", dying_gain)
    with pytest.raises(KilledError):
        finetune(features, recipe, tmp_path / "parts")
    assert load_checkpoint(tmp_path / "parts")["step"] == 3
    assert not finetune(features, recipe, tmp_path / "parts", minutes=0.0)  # out of time: saved, not done
    assert finetune(features, recipe, tmp_path / "parts")
    assert len(calls) == 7  # six steps, one of them twice
    whole, parts = (load_checkpoint(tmp_path / n)["modules"]["average"] for n in ("whole", "parts"))
    for key in whole:
        assert torch.equal(whole[key], parts[key]), key


def test_a_training_whose_loss_is_no_number_ends_in_a_sentence(features, tmp_path, monkeypatch):
    mixup, calls = augment.mixup, []

    def breaking_mixup(*args):
        calls.append(1)
        mixed = mixup(*args)
        return mixed | {"targets": mixed["targets"] * (math.nan if len(calls) == 2 else 1)}

    monkeypatch.setattr("training.data.augment.mixup", breaking_mixup)
    with pytest.raises(InputError, match=r"loss of step 2 is nan: .* Choose a lower lr"):
        finetune(features, small_finetune(epochs=1), tmp_path / "run")
    assert load_checkpoint(tmp_path / "run") is None


def test_a_broken_checkpoint_is_named_and_the_one_before_is_kept(tmp_path):
    assert load_checkpoint(tmp_path) is None
    for step in (1, 2):
        save_checkpoint(tmp_path, {"step": step})
    (tmp_path / "last.pt").write_bytes(b"torn")
    with pytest.raises(InputError, match=r"last\.pt cannot be read .* previous\.pt holds the one before"):
        load_checkpoint(tmp_path)
    (tmp_path / "last.pt").unlink()
    assert load_checkpoint(tmp_path) == {"step": 1}


def test_a_full_disk_is_named_and_loses_nothing(tmp_path):
    save_checkpoint(tmp_path, {"step": 1})
    message = r"step 2 cannot be written .* the one before it is untouched"
    with full_disk(4_000), pytest.raises(InputError, match=message):
        save_checkpoint(tmp_path, {"step": 2, "weights": torch.zeros(10_000)})
    assert load_checkpoint(tmp_path) == {"step": 1}
    save_checkpoint(tmp_path, {"step": 3})
    assert load_checkpoint(tmp_path) == {"step": 3}


def test_balance_sets_how_often_rare_classes_are_drawn(features):
    rows = [
        *features.indices("train")[:12],
        features.indices("train")[-1],
    ]  # 12 of two classes, 1 of the third
    few = dataclasses.replace(
        features,
        mel=features.mel[rows],
        lengths=features.lengths[rows],
        targets=np.eye(2, dtype=bool)[[0] * 12 + [1]],
        splits=["train"] * 13,
    )
    shares = {}
    for balance in (0.0, 0.5, 1.0):
        clips = Clips(few, "train", small_finetune(balance=balance), torch.device("cpu"))
        drawn = torch.cat([clips.order(epoch) for epoch in range(400)])
        shares[balance] = float((drawn == 12).float().mean())
    assert shares[0.0] == pytest.approx(1 / 13)
    assert shares[0.5] == pytest.approx(1 / (1 + 12**0.5), abs=0.02)
    assert shares[1.0] == pytest.approx(1 / 2, abs=0.02)


# -- several processes


def test_parts_of_a_batch_add_up_to_the_whole(features, tmp_path):
    stage = FinetuneStage(features, small_finetune(drop_path=0.0, **{"pruning.start": 0}))
    parameters = [p for p in stage.student.parameters() if p.requires_grad]
    gradients = []
    for accumulate in (1, 3):
        stage.student.zero_grad()
        figures = gradients_of_step(stage, TrainingRun(tmp_path, accumulate=accumulate), 1, parameters)
        gradients.append((figures["loss"], torch.cat([p.grad.flatten() for p in parameters])))
    (loss, whole), (loss_of_parts, parts) = gradients
    assert loss_of_parts == pytest.approx(loss, rel=1e-3)
    assert (whole - parts).norm() < 0.02 * whole.norm()  # bfloat16 rounds batches of other sizes differently
    with pytest.raises(InputError, match="batch of 6 clips cannot be cut into 7"):
        gradients_of_step(stage, TrainingRun(tmp_path, accumulate=7), 1, parameters)


def finetune_command(arguments: list[str]) -> None:
    sys.argv = ["finetune", *arguments]
    run_command(finetune_module.main)


def test_two_processes_train_what_one_does(features, tmp_path):
    recipe = small_finetune()  # drop_path on: random numbers belong to the part, not to the process
    assert finetune(features, recipe, tmp_path / "one", accumulate=2)
    (tmp_path / "recipe.json").write_text(json.dumps(dataclasses.asdict(recipe)))
    cache = Path(features.mel.filename).parent
    arguments = [str(cache), "--recipe", str(tmp_path / "recipe.json"), "--out", str(tmp_path / "two")]
    run_in_two(finetune_command, arguments)
    one, two = (load_checkpoint(tmp_path / name)["modules"]["average"] for name in ("one", "two"))
    for key, value in one.items():
        torch.testing.assert_close(two[key], value, atol=1e-4, rtol=1e-4)
    one, two = (json.loads((tmp_path / n / "log.jsonl").read_text().splitlines()[0]) for n in ("one", "two"))
    assert two["valid_accuracy_at_1.0"] == one["valid_accuracy_at_1.0"]


def test_unknown_settings_and_recipes_are_named(tmp_path):
    with pytest.raises(InputError, match="nothing"):
        load_recipe("nothing", TeacherRecipe)
    (tmp_path / "r.json").write_text('{"seed": 1, "colour": 2}')
    with pytest.raises(InputError, match="colour"):
        load_recipe(str(tmp_path / "r.json"), TeacherRecipe)
    (tmp_path / "r.json").write_text('{"seed": 1, "optimiser": {"lr": 1, "lr": 2}}')
    with pytest.raises(InputError, match=r"r\.json has settings twice: lr\."):
        load_recipe(str(tmp_path / "r.json"), TeacherRecipe)
    good = json.loads((FOLDER / "ast-spc12.json").read_text())
    for part, setting, value in [
        ("optimiser", "kind", "sgd"),
        ("pruning", "keep_rate", 1.5),
        ("pruning", "scores", {"loudness": 1}),
        ("augment", "colour", 1),
    ]:
        bad = {**good, part: {**good[part], setting: value}}
        (tmp_path / "r.json").write_text(json.dumps(bad))
        with pytest.raises(InputError, match="loudness" if setting == "scores" else setting):
            load_recipe(str(tmp_path / "r.json"), FinetuneRecipe)


# Epochs, start, warm-up, batch, learning rate, masking, SpecAug, mixup, noise, loss: the scripts' values.
PAPER = {
    "audiomae-as20k": (60, 30, 20, 32, 1.25e-4, 0.3, 192, 48, 0.5, False, "bce"),
    "audiomae-spc2": (90, 10, 30, 512, 2e-3, 0.0, 48, 48, 0.5, True, "bce"),
    "audiomae-esc50": (120, 20, 40, 128, 5e-4, 0.3, 96, 24, 0.0, False, "ce"),
    "audiomae-vox1": (90, 20, 40, 64, 2.5e-4, 0.0, 192, 48, 0.0, True, "ce"),
    "ast-as20k": (30, 15, 10, 64, 1e-4, 0.0, 192, 48, 0.5, False, "bce"),
    "ast-spc2": (30, 5, 15, 128, 2.5e-4, 0.0, 48, 48, 0.6, True, "bce"),
    "ast-esc50": (30, 5, 15, 48, 1e-5, 0.0, 96, 24, 0.0, False, "ce"),
}


@pytest.mark.parametrize("name", PAPER)
def test_the_papers_recipes_hold_its_values(name):
    recipe = load_recipe(f"paper/{name}", FinetuneRecipe)
    values = (
        recipe.epochs,
        recipe.pruning.start,
        recipe.pruning.warmup,
        recipe.batch,
        pytest.approx(recipe.optimiser.lr),
        recipe.mask_time,
        recipe.augment.time_mask,
        recipe.augment.freq_mask,
        recipe.augment.mixup_share if recipe.augment.mixup_alpha else 0.0,
        recipe.augment.noise,
        recipe.loss,
    )
    assert values == PAPER[name]
    assert (recipe.family, recipe.dim, recipe.depth) == (name.split("-")[0], 768, 12)


def test_every_recipe_can_be_read():
    kinds = {"teacher": TeacherRecipe, "pretrain": PretrainRecipe}
    for path in FOLDER.rglob("*.json"):
        name = str(path.relative_to(FOLDER).with_suffix(""))
        load_recipe(name, kinds.get(name.split("-")[0], FinetuneRecipe))


def test_masked_columns_and_rows_are_audiomaes():
    torch.manual_seed(0)
    ids = random_grid(5, 512, 0.3, 0.3, torch.device("cpu"))
    assert ids.shape == (5, 44 * 5)
    for clip in ids:
        assert len(set((clip // 8).tolist())) == 44
        assert len(set((clip % 8).tolist())) == 5
        assert (clip.diff() > 0).all()


def test_noise_rolls_and_adds_little():
    torch.manual_seed(0)
    spec = torch.randn(40, 128, 128)
    out = augment.noise_and_roll(spec)
    rolls = set()
    for clean, noisy in zip(spec, out, strict=True):
        errors = {r: float((noisy - clean.roll(r, 0)).abs().max()) for r in range(-12, 13)}
        best = min(errors, key=errors.get)
        rolls.add(best)
        assert errors[best] <= 0.1
    assert rolls <= set(range(-10, 11))
    assert len(rolls) > 10
