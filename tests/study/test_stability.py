"""The stability of a choice of patches against a loop over single passes, and its building blocks."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.stats import kendalltau

from tests.conftest import tiny_config
from tpexplore.errors import InputError
from tpexplore.model.plan import PRUNE_BLOCKS, SCORES, keep_plan
from tpexplore.model.vit import AudioViT
from tpexplore.signal.spectrogram import fit_frames, log_mel, patch_statistics, samples_for
from tpexplore.study.stability import BATCH, CHANGES, Change, changed_clip, stability, stability_steps

WINDOW = samples_for(128)


@pytest.fixture
def noisy() -> np.ndarray:
    """1 s of noise that grows louder, with a tone in it: no two patches are alike, none is silent."""
    time = np.arange(16_000) / 16_000
    noise = np.random.default_rng(3).normal(0, 0.05, len(time))
    tone = np.where((time > 0.4) & (time < 0.6), 0.3 * np.sin(2 * np.pi * 1500 * time), 0)
    return ((0.2 + time) * noise + tone).astype(np.float32)


def kept_masks(model: AudioViT, clip: np.ndarray, keep_rate: float, score: str):
    """One clip alone through the public forward: answer's probabilities and a mask a stage."""
    with torch.inference_mode():
        out = model(model.spectrogram(clip)[None], keep_rate=keep_rate, score=score)
    masks = {}
    for block in PRUNE_BLOCKS:
        masks[block] = np.zeros(model.config.patches, dtype=bool)
        masks[block][out.kept[block][0].numpy() if out.kept else slice(None)] = True
    return out.logits[0].softmax(0).numpy(), masks


@pytest.mark.parametrize("score", SCORES)
def test_is_a_loop_over_single_passes(model, noisy, score):
    result = stability(model, noisy, 0.6, score)
    probabilities, kept = kept_masks(model, noisy, 0.6, score)
    assert result.answer == probabilities.argmax()
    assert result.probability == pytest.approx(probabilities.max(), abs=1e-5)
    counts = {block: np.zeros(64) for block in PRUNE_BLOCKS}
    for change, outcome in zip(CHANGES, result.outcomes, strict=True):
        p, masks = kept_masks(model, changed_clip(noisy, change, len(noisy)), 0.6, score)
        assert outcome.change == change
        assert outcome.answer == p.argmax()
        assert outcome.probability == pytest.approx(p.max(), abs=1e-5)
        for block in PRUNE_BLOCKS:
            counts[block] += masks[block]
            both, either = (masks[block] & kept[block]).sum(), (masks[block] | kept[block]).sum()
            assert outcome.iou[block] == pytest.approx(both / either)
    for block in PRUNE_BLOCKS:
        assert np.array_equal(result.kept[block], kept[block])
        assert result.survival[block] == pytest.approx(counts[block] / len(CHANGES))


def test_survival_counts_as_many_patches_as_are_kept(model, noisy):
    result = stability(model, noisy, 0.5)
    for block, left in keep_plan(0.5, 64).items():
        assert result.survival[block].sum() == pytest.approx(left)
    assert (result.survival[7] <= result.survival[4]).all()
    assert (result.survival[10] <= result.survival[7]).all()


def test_tau_is_of_the_scores_that_decide_at_block_4(model, noisy):
    change = Change("noise", 10)
    (outcome,) = stability(model, noisy, 0.5, "attention", changes=[change]).outcomes
    scores = []
    for clip in (noisy, changed_clip(noisy, change, len(noisy))):
        with torch.inference_mode():
            scores.append(model(model.spectrogram(clip)[None], trace=True).scores[0, 3].numpy())
    assert outcome.tau == pytest.approx(kendalltau(*scores).statistic, abs=0.01)
    (by_variation,) = stability(model, noisy, 0.5, "variation", changes=[change]).outcomes
    values = [
        patch_statistics(model.spectrogram(clip)[None])[1][0]
        for clip in (noisy, changed_clip(noisy, change, len(noisy)))
    ]
    assert by_variation.tau == pytest.approx(kendalltau(*values).statistic, abs=1e-6)


def test_gain_adds_a_constant_to_the_log_mel(noisy):
    before = log_mel(noisy)
    floor = math.log(torch.finfo(torch.float32).eps)
    above = before > floor + 2  # the lowest filters fall between two FFT bins and hold next to nothing
    assert above.float().mean() > 0.97
    for decibels in (6, -6):
        after = log_mel(changed_clip(noisy, Change("gain", decibels), len(noisy)))
        expected = 2 * math.log(10 ** (decibels / 20))
        assert (after - before)[above].numpy() == pytest.approx(expected, abs=2e-3)


def test_gain_changes_no_choice_by_intensity(model, noisy):
    result = stability(model, noisy, 0.5, "intensity", changes=[Change("gain", 6), Change("gain", -6)])
    for block in PRUNE_BLOCKS:
        assert np.array_equal(result.survival[block], result.kept[block].astype(float))
    for outcome in result.outcomes:
        assert outcome.iou == {4: 1.0, 7: 1.0, 10: 1.0}
        assert outcome.tau == pytest.approx(1.0, abs=0.01)


def test_shift_moves_the_log_mel_by_frames(noisy):
    before = log_mel(noisy)
    for frames in (-8, 3):
        after = log_mel(changed_clip(noisy, Change("shift", frames), len(noisy)))
        assert len(after) == len(before)
        if frames > 0:
            old, new = before[: len(before) - frames], after[frames:]
        else:
            old, new = before[-frames:], after[: len(after) + frames]
        inner = slice(0, -3) if frames < 0 else slice(3, None)  # windows that reach over the seam
        assert new[inner].numpy() == pytest.approx(old[inner].numpy(), abs=0.02)


def test_shift_takes_real_samples_where_the_clip_goes_on():
    clip = np.arange(10_000, dtype=np.float32)
    earlier = changed_clip(clip, Change("shift", -4), 5_000)
    assert np.array_equal(earlier, clip[640:5_640])
    at_the_end = changed_clip(clip[:5_000], Change("shift", -4), 5_000)
    assert np.array_equal(at_the_end[:4_360], clip[640:5_000])
    assert at_the_end[4_360] == clip[4_998]  # mirrored at the last sample
    later = changed_clip(clip, Change("shift", 4), 5_000)
    assert np.array_equal(later[640:], clip[:4_360])
    assert later[639] == clip[1]
    assert len(earlier) == len(at_the_end) == len(later) == 5_000


def test_noise_has_its_level_and_is_the_same_each_time(noisy):
    change = Change("noise", 30)
    clip = noisy + 0.5  # the mean is no sound: the front end removes it
    noise = changed_clip(clip, change, len(clip)).astype(np.float64) - clip
    assert 10 * np.log10(noisy.var() / noise.var()) == pytest.approx(30, abs=0.2)
    assert np.array_equal(changed_clip(clip, change, len(clip)), changed_clip(clip, change, len(clip)))
    assert not np.array_equal(
        changed_clip(clip, change, len(clip)), changed_clip(clip, change, len(clip), seed=1)
    )


def test_shift_by_whole_patches_compares_the_same_sound():
    """A model that ranks by intensity sees the same patches one column further."""
    model = AudioViT(tiny_config("ast")).eval()
    rng = np.random.default_rng(0)
    # Louder and louder columns in the middle, so that the ends, where samples are mirrored, never matter.
    envelope = np.interp(np.arange(WINDOW), [0, 5_000, 9_000, 13_000, WINDOW], [0.01, 0.01, 1, 0.01, 0.01])
    clip = (envelope * rng.normal(0, 0.1, WINDOW)).astype(np.float32)
    for frames, columns in ((16, 1), (-32, -2)):
        change = Change("shift", frames)
        assert change.columns == columns
        result = stability(model, clip, 0.4, "intensity", changes=[change])
        assert result.outcomes[0].iou[10] == 1.0
        assert result.outcomes[0].tau > 0.98
        missing = np.isnan(result.survival[10]).reshape(8, 8).all(1)
        assert list(np.flatnonzero(missing)) == ([7] if columns == 1 else [0, 1])
        survival = result.survival[10][~np.isnan(result.survival[10])]
        assert set(survival) == {0.0, 1.0}


@pytest.mark.parametrize(("frames", "columns"), [(0, 0), (7, 0), (8, 0), (-8, 0), (9, 1), (-9, -1), (24, 2)])
def test_shift_counts_as_the_nearest_column(frames, columns):
    assert Change("shift", frames).columns == columns


def test_nothing_is_pruned_at_keep_rate_1(model, noisy):
    result = stability(model, noisy, 1.0, changes=[Change("gain", 6)])
    for block in PRUNE_BLOCKS:
        assert result.kept[block].all()
        assert (result.survival[block] == 1).all()
    assert result.outcomes[0].iou[10] == 1
    with torch.inference_mode():
        logits = model(model.spectrogram(noisy)[None]).logits[0]
    assert result.probability == pytest.approx(float(logits.softmax(0).max()), abs=1e-6)


def test_progress_and_cancelling_between_batches(model, noisy, monkeypatch):
    ran = []
    inner = AudioViT.readout
    monkeypatch.setattr(AudioViT, "readout", lambda self, x: ran.append(len(x)) or inner(self, x))
    calls = []
    stability(model, noisy, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(min(12, n), 12) for n in range(BATCH, 12 + BATCH, BATCH)]
    assert sum(ran) == 12
    ran.clear()
    assert stability(model, noisy, cancelled=lambda: len(ran) == 2) is None
    assert ran == [BATCH, BATCH]
    ran.clear()
    assert stability(model, noisy, cancelled=lambda: True) is None
    assert ran == []
    steps = stability_steps(model, noisy)
    next(steps)
    steps.close()
    assert ran == [BATCH]


def test_silence_is_no_error(model):
    result = stability(model, np.zeros(16_000, np.float32))
    assert np.isfinite(result.survival[10]).all()
    assert math.isnan(result.outcomes[0].tau) or -1 <= result.outcomes[0].tau <= 1


def test_names():
    assert [change.name for change in CHANGES] == [
        "80 ms earlier",
        "60 ms earlier",
        "40 ms earlier",
        "20 ms earlier",
        "20 ms later",
        "40 ms later",
        "60 ms later",
        "80 ms later",
        "6 dB louder",
        "6 dB quieter",
        "noise 30 dB below",
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"keep_rate": 0}, ["0", "above 0"]),
        ({"score": "loudness"}, ["loudness", "attention"]),
        ({"changes": []}, ["at least one"]),
    ],
)
def test_bad_arguments_are_named(model, noisy, arguments, words):
    with pytest.raises(InputError) as raised:
        stability(model, noisy, **arguments)
    assert all(word in str(raised.value) for word in words)


def test_clip_shorter_than_a_shift_is_refused_before_anything_runs(model, monkeypatch):
    monkeypatch.setattr(AudioViT, "readout", None)
    with pytest.raises(InputError, match=r"800 samples; expected more than 1280, to be 80 ms earlier"):
        stability(model, np.ones(800, np.float32))


@pytest.mark.parametrize(
    ("kind", "amount", "words"),
    [("stretch", 1, "stretch"), ("shift", 0.5, "whole number"), ("gain", math.nan, "decibels")],
)
def test_bad_changes_are_named(kind, amount, words):
    with pytest.raises(InputError, match=words):
        Change(kind, amount)


def test_padding_stays_where_it_is(noisy):
    for change in CHANGES:
        spec = fit_frames(log_mel(changed_clip(noisy, change, len(noisy))), 128)
        assert (spec[98:] == spec[98, 0]).all(), change.name
        assert not (spec[97] == spec[98, 0]).all(), change.name


def test_pretrained_model_has_nothing_to_answer(noisy):
    model = AudioViT(tiny_config("audiomae", classes=0)).eval()
    with pytest.raises(InputError, match="pre-trained only"):
        stability(model, noisy)
