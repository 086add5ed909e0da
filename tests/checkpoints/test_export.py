"""An exported model answers in other programs as the library does, for any batch, and says what it is."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from tests.conftest import tiny_config
from tests.faults import full_disk
from tpexplore import InputError, export, load_audio, load_model, pack
from tpexplore.checkpoints import export as module
from tpexplore.checkpoints.bundled import EXAMPLES_FOLDER
from tpexplore.checkpoints.files import sha256_of
from tpexplore.cli import main
from tpexplore.errors import sentence_of
from tpexplore.model.vit import AudioViT
from tpexplore.signal.grid import Grid


def tiny(family: str, blocks: int = 12) -> AudioViT:
    """A random model with few blocks, since each takes a second to export."""
    torch.manual_seed(0)
    model = AudioViT(tiny_config(family)).eval()
    del model.vit.blocks[blocks:]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.2)
    return model


def session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options)


def check_same(
    path: Path, model: AudioViT, spec: torch.Tensor, keep_rate, score="attention", **pruning
) -> None:
    """The file's outputs are the library's for one clip and for three."""
    running = session(path)
    assert [entry.shape for entry in running.get_inputs()] == [["batch", *spec.shape[1:]]]
    for batch in (1, 3):
        logits, *kept = running.run(None, {"spectrogram": spec[:batch].numpy()})
        with torch.inference_mode():
            out = model(spec[:batch], keep_rate, score, **pruning)
        np.testing.assert_allclose(logits, out.logits, atol=1e-4)
        assert [output.name for output in running.get_outputs()[1:]] == [f"kept_{b}" for b in out.kept]
        for ids, stage in zip(kept, out.stages, strict=True):
            check_kept(ids, stage)


def check_kept(ids: np.ndarray, stage) -> None:
    """The same patches, except for those whose scores are equal within rounding."""
    for mine, theirs, present, scores in zip(stage.kept, ids, stage.ids, stage.scores, strict=True):
        assert sorted(set(theirs.tolist())) == theirs.tolist() and len(theirs) == len(mine)
        of = dict(zip(present.tolist(), scores.tolist(), strict=True))
        swapped = set(mine.tolist()) ^ set(theirs.tolist())
        worth = [of[patch] for patch in swapped]
        assert not worth or max(worth) - min(worth) < 1e-6


def test_drop_by_attention(tmp_path):
    """A bundled AST on real clips, packed as the app has it; each ends in padding, whose patches tie."""
    model, path, blocks = pack(load_model("ast-spc12")), tmp_path / "pruned.onnx", (2, 3, 4)
    del model.vit.blocks[4:]
    card = export(model, path, blocks=blocks)
    names = ("happy.wav", "left.wav", "zero.wav")
    clips = [load_audio(EXAMPLES_FOLDER / name)[:12_000] for name in names]
    check_same(path, model, torch.stack([model.spectrogram(clip) for clip in clips]), 0.7, blocks=blocks)
    assert type(model.vit.blocks[0].mlp.fc1).__name__ == "PackedLinear"  # the model is unchanged
    assert card == json.loads((tmp_path / "pruned.onnx.json").read_text())
    assert card["sha256"] == sha256_of(path) and card["outputs"] == ["logits", "kept_2", "kept_3", "kept_4"]
    config = model.config
    assert (card["mean"], card["std"], card["padding"]) == (config.mean, config.std, config.pad)
    assert (card["frames"], card["source_sha256"]) == (config.frames, config.sha256)
    assert (card["keep_rate"], card["score"], card["blocks"]) == (0.7, "attention", [2, 3, 4])
    assert card["macs"] == config.macs(0.7, blocks) < card["unpruned_macs"] == config.macs()
    assert card["labels"] == list(config.labels) and len(list(tmp_path.iterdir())) == 2


def test_other_blocks_rates_and_method(tmp_path, specs):
    model, path = tiny("audiomae", blocks=3).to(torch.float64), tmp_path / "fused.onnx"
    pruning = {"method": "fuse", "blocks": (1, 2)}
    export(model, path, (0.9, 0.5), "time-even", **pruning)
    check_same(path, model.float(), specs, (0.9, 0.5), "time-even", **pruning)


def test_torch_export_from_the_command_line(tmp_path, capsys):
    path = tmp_path / "merged.pt2"
    assert (
        main(["export", "audiomae-spc12", "--keep-rate", "0.5", "--method", "merge", "--out", str(path)]) == 0
    )
    written = capsys.readouterr()
    assert written.err == "" and written.out.startswith(f"{path}: ")
    card, model = json.loads((tmp_path / "merged.pt2.json").read_text()), load_model("audiomae-spc12")
    assert (card["method"], card["blocks"]) == ("merge", [4, 7, 10])
    assert card["source_sha256"] == model.config.sha256
    spec = torch.stack(
        [model.spectrogram(load_audio(EXAMPLES_FOLDER / f"{name}.wav")) for name in ("happy", "left", "zero")]
    )
    run = torch.export.load(path).module()
    with torch.inference_mode():
        out = model(spec, 0.5, method="merge")
        logits, *kept = run(spec)
    torch.testing.assert_close(logits, out.logits, atol=1e-4, rtol=0)
    assert all(torch.equal(ids, stage.kept) for ids, stage in zip(kept, out.stages, strict=True))


@pytest.mark.parametrize(
    ("file", "options", "part"),
    [
        ("pruned.h5", {}, "ends in neither .onnx nor .pt2"),
        ("a.onnx", {"keep_rate": 0}, "Keep-rate 0"),
        ("a.onnx", {"score": "loudness"}, "'loudness'"),
        ("a.onnx", {"blocks": (4, 13)}, "from 1 to 12"),
        ("a.onnx", {"method": "merge", "score": "intensity"}, "does not rank"),
    ],
)
def test_what_cannot_be_exported(tmp_path, file, options, part):
    with pytest.raises(InputError, match=part):
        export(tiny("ast"), tmp_path / file, **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a.onnx", "a.pt2"])
def test_a_place_that_cannot_be_written_is_named_before_the_model_is_traced(tmp_path, monkeypatch, name):
    monkeypatch.setattr(module, "_traced", None)
    (tmp_path / f"{name}.json").mkdir()
    with pytest.raises(IsADirectoryError):  # otherwise the file would be there without its card
        export(tiny("ast"), tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [f"{name}.json"]


def test_a_full_disk_is_named(tmp_path):
    path = tmp_path / "a.pt2"
    with full_disk(50_000), pytest.raises(OSError, match=r".*") as caught:
        export(tiny("ast", blocks=1), path, blocks=(1,))
    assert sentence_of(caught.value).startswith(f"{path} cannot be used: ")
    assert not list(tmp_path.iterdir())


def test_a_card_is_that_of_the_file_beside_it(tmp_path, monkeypatch):
    """Not of a file read back: a device gives nothing or never ends, and another export may be faster."""
    model, path = tiny("ast", blocks=1), tmp_path / "a.pt2"
    monkeypatch.setattr(module, "_traced", lambda *arguments, **options: None)
    monkeypatch.setattr(module, "_pt2", lambda program: b"content")
    path.symlink_to("/dev/null")
    card = export(model, path, blocks=(1,))
    assert card["sha256"] == hashlib.sha256(b"content").hexdigest()
    path.unlink()
    export(model, path, blocks=(1,))
    assert json.loads((tmp_path / "a.pt2.json").read_text())["sha256"] == sha256_of(path) == card["sha256"]


def test_a_card_says_where_overlapping_patches_lie(tmp_path, monkeypatch):
    """Rows and patches alone do not: 8 rows lie at strides 15 and 16, 12 columns at many lengths."""
    config = dataclasses.replace(tiny_config("ast"), mel_stride=15, time_stride=12)
    monkeypatch.setattr(module, "_traced", lambda *arguments, **options: None)
    monkeypatch.setattr(module, "_pt2", lambda program: b"content")
    card = export(AudioViT(config), tmp_path / "a.pt2")
    assert Grid.of(card["frames"], card["mel_stride"], card["time_stride"]) == config.grid
    assert (card["rows"], card["patches"]) == (8, config.patches)


@pytest.mark.parametrize("path", [None, 5, b"pruned.onnx"])
def test_what_is_no_path(path):
    with pytest.raises(InputError, match="as a file to export to; expected a path"):
        export(tiny("ast"), path)


def test_missing_packages_are_one_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert main(["export", "ast-spc12", "--out", str(tmp_path / "a.onnx")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert 'pip install "tpexplore[onnx]"' in line and line.endswith(".")
