"""The accuracy curve of own clips against a loop over single passes."""

from __future__ import annotations

import csv
import dataclasses
import io

import numpy as np
import pytest
import soundfile
import torch

from tests.conftest import tiny_config
from tests.study.own_clips import accuracy_curve
from tpexplore.errors import InputError
from tpexplore.model.forward import Entered
from tpexplore.model.macs import count_macs
from tpexplore.model.vit import AudioViT
from tpexplore.signal.decode import load_audio
from tpexplore.signal.excerpt import read_excerpt
from tpexplore.study.labels import LabelledClip
from tpexplore.study.own_data import accuracy_csv, answers_csv


@pytest.fixture
def clips(tmp_path) -> list[LabelledClip]:
    """Nine noises of different colour and length; labels go round."""
    rng, made = np.random.default_rng(0), []
    for i in range(9):
        noise = (
            np.cumsum(rng.normal(0, 0.1, 8_000 + 4_000 * i)) * 0.05 if i % 2 else rng.normal(0, 0.1, 12_000)
        )
        path = tmp_path / f"{i:04d}.wav"
        soundfile.write(path, np.clip(noise, -1, 1), 16_000)
        made.append(LabelledClip(path, f"data/{i}.wav", "label", i % 3))
    return made


def answer(model: AudioViT, clip: LabelledClip, keep_rate: float, score: str) -> int:
    """One clip alone through the public forward."""
    with torch.inference_mode():
        spec = model.spectrogram(read_excerpt(clip.path, model.config.seconds).samples)[None]
        return int(model(spec, keep_rate, score).logits.argmax())


def test_is_a_loop_over_single_passes(model, clips):
    # Every second clip gets the label that the unpruned model gives it, so that some are right.
    clips = [
        dataclasses.replace(clip, target=(answer(model, clip, 1.0, "attention") + i % 2) % 5)
        for i, clip in enumerate(clips)
    ]
    scores, rates = ("attention", "variation"), (0.4, 0.7, 1.0)
    calls = []
    curve = accuracy_curve(
        model, clips, scores, rates, progress=lambda done, total: calls.append((done, total))
    )
    prefix, expected = model.config.prefix, []
    for score in scores:
        for rate in rates:
            alone = [answer(model, clip, rate, score) for clip in clips]
            assert [answers[score, rate] for _, answers in curve.answers] == alone
            right = sum(a == clip.target for a, clip in zip(alone, clips, strict=True))
            macs = count_macs(dim=64, depth=12, tokens=64, prefix=prefix, classes=5, keep_rate=rate)
            expected.append((score, rate, right, 9, macs))
    assert [dataclasses.astuple(row) for row in curve.rows()] == expected
    assert curve.rows()[2].right == 5  # unpruned
    assert calls == 9 * [(done, 5) for done in range(1, 6)]


def test_unknown_and_unreadable_clips_are_listed(model, clips, tmp_path):
    bad = tmp_path / "0100.wav"
    bad.write_text("no audio")
    unknown = dataclasses.replace(clips[0], target=None)
    odd = LabelledClip(bad, "data/bad one.wav", "dog", 1)
    curve = accuracy_curve(model, [clips[1], unknown, odd, clips[2]], keep_rates=[1.0])
    assert curve.unknown == [unknown]
    (problem,) = curve.problems
    assert problem.startswith("'data/bad one.wav'")
    assert "0100" not in problem
    assert [row.n for row in curve.rows()] == [2]


def test_a_clip_that_is_left_midway_is_not_counted(model, clips, monkeypatch):
    ran = []
    inner = Entered._prune
    monkeypatch.setattr(Entered, "_prune", lambda self, *a, **k: ran.append(1) or inner(self, *a, **k))
    curve = accuracy_curve(model, clips[:2], keep_rates=(0.4, 0.6, 0.8, 1.0))

    def leave(done: int, _total: int) -> None:
        if done == 2:
            raise RuntimeError("left")

    with pytest.raises(RuntimeError, match="left"):
        curve.add(model, clips[2], leave)
    assert [row.n for row in curve.rows()] == [2] * 4
    assert len(ran) <= 8
    assert accuracy_csv(accuracy_curve(model, [])).count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"scores": ["loudness"]}, "loudness"),
        ({"scores": []}, "0 scores"),
        ({"keep_rates": [0.5, 2]}, "2"),
        ({"keep_rates": []}, "0 keep-rates"),
    ],
)
def test_bad_arguments_are_named(model, clips, arguments, words):
    with pytest.raises(InputError, match=words):
        accuracy_curve(model, clips, **arguments)


def test_pretrained_model_has_nothing_to_answer(clips):
    with pytest.raises(InputError, match="pre-trained only"):
        accuracy_curve(AudioViT(tiny_config("audiomae", classes=0)).eval(), clips)


def test_no_clips_give_no_rows(model):
    assert accuracy_curve(model, []).rows() == []


def test_window_is_the_loudest_part(tmp_path):
    samples = np.zeros(48_000)
    samples[30_000:34_000] = np.random.default_rng(0).normal(0, 0.2, 4_000)
    path = tmp_path / "long.wav"
    soundfile.write(path, samples, 16_000)
    window = read_excerpt(path, 1.0).samples
    assert len(window) == 16_000
    assert window.any()
    soundfile.write(path, samples[30_000:34_000], 16_000)
    assert np.array_equal(read_excerpt(path, 1.0).samples, load_audio(path))


def test_csv_reads_back(model, clips):
    named = [dataclasses.replace(clips[0], name="=cmd()"), dataclasses.replace(clips[1], name='a,"b"\n.wav')]
    curve = accuracy_curve(model, named, ["attention", "intensity"], [0.5, 1.0])
    rows = list(csv.DictReader(io.StringIO(accuracy_csv(curve))))
    assert [(r["score"], r["keep_rate"], int(r["n"]), int(r["macs"])) for r in rows] == [
        (row.score, f"{row.keep_rate:.2f}", 2, row.macs) for row in curve.rows()
    ]
    for written, row in zip(rows, curve.rows(), strict=True):
        assert float(written["accuracy"]) == pytest.approx(row.accuracy, abs=1e-4)
        assert float(written["low95"]) <= float(written["accuracy"]) <= float(written["high95"])
    answers = list(csv.DictReader(io.StringIO(answers_csv(curve))))
    assert [line["clip"] for line in answers] == ["'=cmd()", 'a,"b"\n.wav']
    right = sum(line["attention 0.50"] == line["label"] for line in answers)
    assert right == next(
        row.right for row in curve.rows() if (row.score, row.keep_rate) == ("attention", 0.5)
    )


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64], ids=str)
def test_runs_in_the_models_own_number_type(model, clips, dtype):
    before = accuracy_curve(model, clips[:2], ("attention",), (0.5, 1.0))
    after = accuracy_curve(model.to(dtype), clips[:2], ("attention",), (0.5, 1.0))
    assert not after.problems and [c.name for c, _ in after.answers] == [c.name for c, _ in before.answers]
    if dtype == torch.float64:
        assert after.answers == before.answers
