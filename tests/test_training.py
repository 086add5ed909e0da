"""Training on generated audio: every stage runs, resumes, learns, and exports what the app loads."""

import dataclasses
import json
import random
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from scipy.stats import binomtest

from tests.conftest import tiny_config
from tpexplore import load_model
from tpexplore.errors import InputError
from tpexplore.plan import KEEP_RATES, SCORES, scheduled_keep_rate
from tpexplore.spectrogram import fit_frames, log_mel, patches_of
from tpexplore.vit import AudioViT
from training import augment, evaluate, export
from training.datasets import load_dataset
from training.features import cache_features, read_features
from training.finetune import build_model, draw_keep_rate, finetune
from training.initialise import WHITENING_GAIN, place_positions, whiten_patches
from training.loop import Clips, load_checkpoint, lr_factor, mean_and_std
from training.measure import wilson_interval
from training.pretrain import masked_loss, pretrain, random_patches
from training.recipes import FinetuneRecipe, PretrainRecipe, TeacherRecipe, load_recipe
from training.teacher import load_teacher, train_teacher

WORDS = ("high", "low", "mid")


def tone(word: str, seed: int) -> np.ndarray:
    """A beep whose pitch tells the word, with a little noise."""
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
    """A bundled recipe with a tiny model and a short run."""
    return dataclasses.replace(load_recipe(name, kind), **{"batch": 6, "epochs": 2, "warmup": 0.5, **changes})


def small_finetune(**changes) -> FinetuneRecipe:
    usual = {"dim": 64, "prune_start": 1, "prune_warmup": 0.5, "ema": 0.5}
    return small(FinetuneRecipe, "audiomae-spc12", **{**usual, **changes})


# -- data


def test_speech_commands_splits_by_its_lists_and_by_speaker(corpus):
    dataset = load_dataset("speech_commands", corpus)
    assert dataset.labels == ("high", "low", "mid")
    by_split = {s: {i.source for i in dataset.items if i.split == s} for s in ("train", "valid", "test")}
    assert by_split["valid"] == {"spk6"}
    assert by_split["test"] == {"spk7"}
    assert not by_split["train"] & (by_split["valid"] | by_split["test"])


def test_esc50_layout_and_fold(tmp_path):
    (tmp_path / "meta").mkdir()
    (tmp_path / "audio").mkdir()
    rows = ["filename,fold,target,category,esc10,src_file,take"]
    for fold in (1, 5):
        name = f"{fold}-77-A-0.wav"
        rows.append(f"{name},{fold},0,door_wood_knock,False,77{fold},A")
        soundfile.write(tmp_path / "audio" / name, np.zeros(100), 16_000)
    (tmp_path / "meta" / "esc50.csv").write_text("\n".join(rows))
    dataset = load_dataset("esc50", tmp_path)
    assert [(i.split, i.source) for i in dataset.items] == [("train", "771"), ("test", "775")]
    assert dataset.labels == ("door wood knock",)
    (tmp_path / "audio" / "5-77-A-0.wav").unlink()
    with pytest.raises(InputError, match="5-77-A-0"):
        load_dataset("esc50", tmp_path)


def test_missing_data_is_named(tmp_path):
    with pytest.raises(InputError, match=r"validation_list\.txt"):
        load_dataset("speech_commands", tmp_path)
    with pytest.raises(InputError, match="nowhere"):
        load_dataset("esc50", tmp_path / "nowhere")
    with pytest.raises(InputError, match="'audioset2'"):
        load_dataset("audioset2", tmp_path)


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
    mixed, blended = augment.mixup(mel, targets, 0.5)
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
    assert lr_factor(0, 100, 10) == pytest.approx(0.1)
    assert lr_factor(10, 100, 10) == 1
    assert lr_factor(99, 100, 10) < 0.001


def test_keep_rates_are_full_before_pruning_then_elastic():
    recipe = small_finetune(prune_start=5, prune_warmup=2, full_share=0.25, lowest=0.3)
    draw = random.Random(0)
    assert {draw_keep_rate(recipe, 4.9, draw)[0] for _ in range(200)} == {1.0}
    drawn = [draw_keep_rate(recipe, 9, draw) for _ in range(4000)]
    assert {rate for rate, _ in drawn} == set(KEEP_RATES)
    assert {score for _, score in drawn} == set(SCORES)
    full = sum(rate == 1.0 for rate, _ in drawn) / 4000
    assert 0.25 < full < 0.35
    assert min(draw_keep_rate(recipe, 6, draw)[0] for _ in range(500)) == pytest.approx(0.65)


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
        "teacher": small(TeacherRecipe, "teacher-spc12", channels=[8, 8, 16, 16], epochs=10),
        "pretrain": small(PretrainRecipe, "pretrain-spc12", dim=64, decoder_dim=64, decoder_depth=1),
        "student": small_finetune(
            epochs=36, prune_start=26, lr=0.006, mixup=0.0, token_drop=0.2, distil=0.1, pitch=0.0, ema=0.8
        ),
    }
    for name, recipe in recipes.items():
        (root / name).mkdir()
        (root / name / "recipe.json").write_text(json.dumps(dataclasses.asdict(recipe)))
    assert train_teacher(features, recipes["teacher"], root / "teacher", None)
    assert pretrain(features, recipes["pretrain"], root / "pretrain", None)
    assert finetune(
        features,
        recipes["student"],
        root / "student",
        init=root / "pretrain",
        teacher_folder=root / "teacher",
    )
    return root


def test_training_learns_the_three_tones(finished, features):
    last = json.loads((finished / "student" / "log.jsonl").read_text().splitlines()[-1])
    model = export.trained_model(finished / "student", features)
    rows = features.indices("train")
    answers = evaluate.answers_at(model, features.mel[rows], 1.0, "attention")
    assert (answers == features.labels[rows]).mean() == 1.0
    assert last["epoch"] == 36
    assert "map_loss" not in last  # the feature map is matched before pruning only
    assert load_teacher(finished / "teacher", 3).width == 16


def test_pretraining_start_is_kept(finished, features):
    encoder = load_checkpoint(finished / "pretrain")["modules"]["encoder"]
    model = build_model(features, small_finetune(), finished / "pretrain")
    assert torch.equal(model.vit.blocks[3].mlp.fc1.weight, encoder["vit.blocks.3.mlp.fc1.weight"])
    assert not model.vit.pos_embed.requires_grad
    with pytest.raises(InputError, match="Only an AudioMAE"):
        build_model(features, small_finetune(family="ast"), finished / "pretrain")


def test_export_and_evaluation_agree_with_the_trained_model(finished, features, tmp_path, monkeypatch):
    monkeypatch.setitem(export.ATTRIBUTION, "spc3", "made for this test")
    path = export.export(finished / "student", features, "audiomae-tones", tmp_path)
    card = json.loads((tmp_path / "audiomae-tones.json").read_text())
    for module in ("tpexplore.bundled", "tpexplore.checkpoints"):
        monkeypatch.setattr(f"{module}.MODELS_FOLDER", tmp_path)
    loaded = load_model("audiomae-tones")
    assert loaded.config.labels == ("high", "low", "mid")
    assert loaded.config.sha256 == card["weights_sha256"]
    assert card["bytes"] == path.stat().st_size
    assert card["teacher"]["recipe"]["arch"] == "resnet10t"
    trained = export.trained_model(finished / "student", features)
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
    recipe = small_finetune(epochs=2, prune_start=1)
    assert finetune(features, recipe, tmp_path / "whole")
    monkeypatch.setattr("training.loop.SAVE_EVERY_SECONDS", 0)
    gain, calls = augment.gain, []

    def dying_gain(*args):
        calls.append(1)
        if len(calls) == 4:
            raise KilledError
        return gain(*args)

    monkeypatch.setattr("training.augment.gain", dying_gain)
    with pytest.raises(KilledError):
        finetune(features, recipe, tmp_path / "parts")
    assert load_checkpoint(tmp_path / "parts")["step"] == 3
    assert not finetune(features, recipe, tmp_path / "parts", minutes=0.0)  # out of time: saved, not done
    assert finetune(features, recipe, tmp_path / "parts")
    assert len(calls) == 7  # six steps, one of them twice
    whole, parts = (load_checkpoint(tmp_path / n)["modules"]["average"] for n in ("whole", "parts"))
    for key in whole:
        assert torch.equal(whole[key], parts[key]), key


def test_a_broken_checkpoint_is_named(tmp_path):
    (tmp_path / "last.pt").write_bytes(b"torn")
    with pytest.raises(InputError, match=r"last\.pt"):
        load_checkpoint(tmp_path)


def test_rare_classes_are_drawn_more_often_than_their_share(features):
    recipe = small_finetune(batch=1)
    clips = Clips(features, "train", recipe, torch.device("cpu"))
    clips.labels = torch.tensor([0] * 16 + [1] * 2)
    counts = torch.bincount(clips.labels).double()
    weights = counts[clips.labels].rsqrt()
    share = weights[16:].sum() / weights.sum()
    assert 2 / 18 < share < 1 / 2


def test_wilson_interval_is_scipys():
    for right, n in [(0, 10), (7, 10), (680, 680), (400, 680)]:
        expected = binomtest(right, n).proportion_ci(method="wilson")
        assert wilson_interval(right, n) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_unknown_settings_and_recipes_are_named(tmp_path):
    with pytest.raises(InputError, match="nothing"):
        load_recipe("nothing", TeacherRecipe)
    (tmp_path / "r.json").write_text('{"seed": 1, "colour": 2}')
    with pytest.raises(InputError, match="colour"):
        load_recipe(str(tmp_path / "r.json"), TeacherRecipe)
