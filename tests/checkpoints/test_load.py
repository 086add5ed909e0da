"""Checkpoints of every published format: same numbers as timm, one sentence where they do not fit.

Expected values come from timm, or from the published code's rules written out here, not from the code
under test.
"""

from __future__ import annotations

import argparse
import builtins
import json
import logging
import os
import pickle
import subprocess
import sys
import warnings
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from tests import ROOT
from tests import checkpoint_files as files
from tests.conftest import tiny_config
from tpexplore.checkpoints import bundled
from tpexplore.checkpoints.files import read_safetensors, safetensors_of, sha256_of, write_safetensors
from tpexplore.checkpoints.labels import audioset_labels
from tpexplore.checkpoints.load import load_model
from tpexplore.errors import InputError
from tpexplore.model.vit import AudioViT
from tpexplore.signal.grid import Grid

AUDIOSET, ESC50, SPEECH_COMMANDS = (-4.2677393, 4.5689974), (-6.6268077, 5.358466), (-6.845978, 5.5654526)
VOXCELEB = (-6.370, 3.074)

OLD_FORMAT = pytest.mark.parametrize("old_format", [False, True], ids=["zip", "before-1.6"])


def pictures(frames: int, count: int = 1) -> Tensor:
    return torch.randn(count, frames, 128, generator=torch.Generator().manual_seed(5))


def refusal(source: object, **options: object) -> str:
    """The sentence that `load_model` raises."""
    with pytest.raises(InputError) as caught:
        load_model(source, **options)
    sentence = str(caught.value)
    assert "\n" not in sentence and sentence.endswith(".") and not sentence.endswith("..")
    # Torch's own messages are a page, partly in bold.
    assert ". " not in sentence and len(sentence.replace(str(source), "")) < 250 and "\x1b" not in sentence
    assert "Traceback" not in sentence and "weights_only" not in sentence
    return sentence


# --- the same weights read by timm ---------------------------------------------------------------


def timm_vit(state: files.State, img_size: tuple[int, int], **options: object) -> VisionTransformer:
    """timm's model with these weights, built without the code under test."""
    dim = state["cls_token"].shape[2]
    vit = VisionTransformer(
        img_size=img_size, patch_size=16, in_chans=1, embed_dim=dim, depth=12, num_heads=dim // 64, **options
    )
    vit.load_state_dict(state, strict=True)
    return vit.eval()


def assert_same(ours: Tensor, theirs: Tensor) -> None:
    """Equal up to rounding: where weights lie in memory decides in which order a product is summed."""
    assert theirs.std() > 0.1  # or closeness would prove little
    torch.testing.assert_close(ours, theirs, atol=3e-5, rtol=3e-5)


class FrequencyMajorAST:
    """AST as it was published: the picture transposed, patches numbered frequency first."""

    def __init__(self, state: files.State, frames: int):
        state = {key.removeprefix("module."): value for key, value in state.items()}
        inner = {key[2:]: value for key, value in state.items() if key.startswith("v.")}
        inner = {key: value for key, value in inner.items() if not key.startswith("head")}
        inner["reg_token"] = inner.pop("dist_token")
        self.vit = timm_vit(
            inner, (128, frames), class_token=True, reg_tokens=1, num_classes=0, global_pool="token"
        )
        self.norm = nn.LayerNorm(self.vit.embed_dim)
        self.head = nn.Linear(self.vit.embed_dim, len(state["mlp_head.1.bias"]))
        self.norm.load_state_dict({name: state[f"mlp_head.0.{name}"] for name in ("weight", "bias")})
        self.head.load_state_dict({name: state[f"mlp_head.1.{name}"] for name in ("weight", "bias")})

    def logits(self, specs: Tensor) -> Tensor:
        tokens = self.vit.forward_features(specs.transpose(1, 2)[:, None])
        return self.head(self.norm((tokens[:, 0] + tokens[:, 1]) / 2))

    def class_rows(self, specs: Tensor) -> Tensor:
        """(batch, 12, 8, columns): mean over heads of CLS's attention to each patch, by its place."""
        x = self.vit.patch_embed(specs.transpose(1, 2)[:, None])
        x = self.vit._pos_embed(x)
        rows = []
        for block in self.vit.blocks:
            query, key, _ = block.attn.qkv(block.norm1(x)).unflatten(2, (3, -1, 64)).unbind(2)
            logits = torch.einsum("bhd,bnhd->bhn", query[:, 0], key) / 8
            rows.append(logits.softmax(-1).mean(1)[:, 2:])
            x = block(x)
        return torch.stack(rows, dim=1).unflatten(2, (8, -1))


@OLD_FORMAT
@torch.inference_mode()
def test_audiomae_finetuned_is_timm(tmp_path, old_format):
    state = files.audiomae_state(dim=files.TWO_HEADS)
    model = load_model(files.save(tmp_path / "finetuned.pth", {"model": state}, old_format))
    config = model.config
    assert (config.family, config.frames, config.dim, config.depth) == ("audiomae", 1024, files.TWO_HEADS, 12)
    assert (config.classes, config.heads, config.patches, config.prefix) == (527, 2, 512, 1)
    assert config.multilabel and config.pad == "zero" and (config.mean, config.std) == AUDIOSET
    assert config.name == "finetuned.pth" and config.sha256 == sha256_of(tmp_path / "finetuned.pth")
    assert (config.labels[0], config.labels[526]) == ("Speech", "Field recording") and not model.training
    specs = pictures(1024, 2)
    twin = timm_vit(state, (1024, 128), num_classes=527, global_pool="avg")
    assert_same(model(specs).logits, twin(specs[:, None]))


@OLD_FORMAT
@torch.inference_mode()
def test_audiomae_pretrained_is_an_encoder_without_classes(tmp_path, old_format):
    state = files.audiomae_pretrained_state()
    model = load_model(files.save(tmp_path / "pretrained.pth", {"model": state}, old_format))
    assert (model.config.family, model.config.classes, model.config.frames) == ("audiomae", 0, 1024)
    assert model.config.pad == "zero" and (model.config.mean, model.config.std) == AUDIOSET
    dropped = ("norm.", "decoder_", "mask_token")
    encoder = {key: value for key, value in state.items() if not key.startswith(dropped)}
    identity = {"fc_norm.weight": torch.ones(files.SMALL), "fc_norm.bias": torch.zeros(files.SMALL)}
    twin = timm_vit(encoder | identity, (1024, 128), num_classes=0, global_pool="avg")
    specs = pictures(1024)
    pooled = model.vit.forward_head(model.run_blocks(model.embed(specs), 1, 12), pre_logits=True)
    assert_same(pooled, twin(specs[:, None]))
    scores = model(specs, trace=True).scores
    assert scores.shape == (1, 12, 512) and scores.isfinite().all()


@OLD_FORMAT
@torch.inference_mode()
def test_ast_is_its_frequency_major_original(tmp_path, old_format):
    state = files.ast_state(dim=files.TWO_HEADS)
    model = load_model(files.save(tmp_path / "audioset_16_16_0.4422.pth", state, old_format))
    config = model.config
    assert (config.family, config.frames, config.dim, config.depth) == ("ast", 1024, files.TWO_HEADS, 12)
    assert (config.classes, config.patches, config.prefix) == (527, 512, 2)
    assert config.multilabel and config.pad == "zero" and (config.mean, config.std) == AUDIOSET
    original, specs = FrequencyMajorAST(state, 1024), pictures(1024, 2)
    logits = model(specs).logits
    assert_same(logits, original.logits(specs))
    # The same patch has number f * 64 + t there and t * 8 + f here.
    rows = original.class_rows(specs)
    expected = torch.stack([rows[:, :, i % 8, i // 8] for i in range(512)], dim=2)
    assert expected.std(-1).min() > 1e-4
    torch.testing.assert_close(model(specs, trace=True).scores, expected, atol=1e-6, rtol=1e-3)


@OLD_FORMAT
@torch.inference_mode()
def test_the_authors_pruned_audiomae(tmp_path, old_format):
    contents = files.pruned_audiomae_contents(frames=512, classes=50, dim=files.TWO_HEADS)
    model = load_model(files.save(tmp_path / "checkpoint.pth", contents, old_format))
    config = model.config
    assert (config.family, config.frames, config.classes, config.patches) == ("audiomae", 512, 50, 256)
    assert config.pad == "min" and (config.mean, config.std) == ESC50 and not config.multilabel
    specs = pictures(512)
    twin = timm_vit(contents["model"], (512, 128), num_classes=50, global_pool="avg")
    assert_same(model(specs).logits, twin(specs[:, None]))
    assert model(specs, keep_rate=0.7).kept[10].shape == (1, 89)


def test_arguments_of_a_training_without_pruning_mean_zero_padding(tmp_path):
    contents = files.pruned_audiomae_contents()
    contents["args"] = argparse.Namespace(lr=1e-3, output_dir=Path("/results"))
    assert load_model(files.save(tmp_path / "upstream.pth", contents)).config.pad == "zero"


@torch.inference_mode()
def test_the_authors_ast_has_its_own_length(tmp_path):
    state = files.ast_state(patches=256, classes=50)
    model = load_model(files.save(tmp_path / "best_audio_model.pth", state))
    assert (model.config.frames, model.config.classes) == (512, 50)
    assert (model.config.mean, model.config.std) == ESC50
    specs = pictures(512)
    expected = FrequencyMajorAST(state, 512).logits(specs)
    assert_same(model(specs).logits, expected)


@torch.inference_mode()
def test_bare_state_dict_and_half_precision(tmp_path):
    state = files.audiomae_state(frames=128, classes=35)
    halved = {key: value.half() for key, value in state.items()}
    model = load_model(files.save(tmp_path / "bare.pth", halved))
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert (model.config.mean, model.config.std) == SPEECH_COMMANDS
    twin = timm_vit(state, (128, 128), num_classes=35, global_pool="avg")
    specs = pictures(128)
    torch.testing.assert_close(model(specs).logits, twin(specs[:, None]), atol=0.05, rtol=0.02)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@torch.inference_mode()
def test_a_model_stays_as_it_was_when_its_file_is_overwritten(tmp_path, suffix, dtype):
    state = files.audiomae_state(frames=128, classes=35)
    write = save_file if suffix == ".safetensors" else torch.save
    path = tmp_path / f"bare{suffix}"
    write({key: value.to(dtype) for key, value in state.items()}, path)
    model, specs = load_model(path), pictures(128)
    before = model(specs).logits
    with path.open("r+b") as file:  # as `cp` writes over a file
        file.write(bytes(path.stat().st_size))
    assert torch.equal(model(specs).logits, before)


def test_vit_b_takes_the_memory_of_its_weights(tmp_path):
    """One checkpoint of the published size: 85.66 M parameters besides the positions, no second copy."""
    state = files.audiomae_state(dim=768, zeros=True)
    path = files.save(tmp_path / "finetuned.pth", {"model": state})
    shapes = {key: tuple(value.shape) for key, value in state.items()}
    del state
    assert shapes["pos_embed"] == (1, 513, 768) and shapes["blocks.11.mlp.fc1.weight"] == (3072, 768)
    probe = (
        "import json, resource, sys, tpexplore.checkpoints.load as c\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024\n"
        "before = peak()\n"
        "model = c.load_model(sys.argv[1], frames=512)\n"
        "shapes = {k: list(v.shape) for k, v in model.vit.named_parameters()}\n"
        "print(json.dumps([peak() - before, shapes, model.config.heads, model.config.patches]))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", probe, path], cwd=ROOT, capture_output=True, text=True, check=True
    )
    grown, loaded, heads, patches = json.loads(ran.stdout)
    assert (heads, patches) == (12, 256)
    assert {key: tuple(shape) for key, shape in loaded.items()} == shapes | {"pos_embed": (1, 257, 768)}
    counted = sum(torch.Size(shape).numel() for key, shape in shapes.items() if key != "pos_embed")
    assert round(counted / 1e6, 2) == 85.66
    assert grown < 1.25 * path.stat().st_size
    path.unlink()  # 340 MB; pytest keeps folders of three runs


# --- fewer frames --------------------------------------------------------------------------------

# Which column of the published grid gives the position of (time column, row f) of the shorter input.
# AudioMAE numbers its grid time-major but crops it as if it were (8, 64): position t * 8 + f of the
# shorter input is entry (t * 8 + f) // columns * 64 + (t * 8 + f) % columns of the whole.


def audiomae_sources(columns: int) -> list[int]:
    return [row * 64 + column for row in range(8) for column in range(columns)]


@pytest.mark.parametrize(
    ("frames", "time_columns"),
    [(512, [c for start in range(0, 64, 8) for c in range(start, start + 4)]), (128, list(range(0, 64, 8)))],
)
def test_audiomae_crops_its_scrambled_way(tmp_path, frames, time_columns):
    state = files.audiomae_state()
    path = files.save(tmp_path / "finetuned.pth", {"model": state})
    pos = load_model(path, frames=frames).vit.pos_embed
    assert torch.equal(pos[:, :1], state["pos_embed"][:, :1])
    # All rows differ, so equality shows where each came from.
    sources = [int((state["pos_embed"][0, 1:] == row).all(1).nonzero()) for row in pos[0, 1:]]
    assert sources == audiomae_sources(frames // 16)
    assert sorted({source // 8 for source in sources}) == time_columns


@pytest.mark.parametrize(("frames", "first"), [(512, 16), (128, 28), (16, 32), (48, 31), (1008, 1)])
def test_ast_crops_its_centre(tmp_path, frames, first):
    state = files.ast_state()
    model = load_model(files.save(tmp_path / "ast.pth", state), frames=frames)
    columns = frames // 16
    published = state["module.v.pos_embed"]
    expected = [published[0, 2 + f * 64 + first + t] for t in range(columns) for f in range(8)]
    assert torch.equal(model.vit.pos_embed, torch.cat([published[:, :2], torch.stack(expected)[None]], dim=1))


@torch.inference_mode()
def test_cropped_models_are_the_same_models_on_less(tmp_path):
    """Whole passes, timm and the frequency-major original with positions picked here: the same numbers."""
    state = files.audiomae_state()
    model = load_model(files.save(tmp_path / "a.pth", {"model": state}), frames=512)
    picked = [0, *[1 + source for source in audiomae_sources(32)]]
    short = state | {"pos_embed": state["pos_embed"][:, picked]}
    specs = pictures(512)
    twin = timm_vit(short, (512, 128), num_classes=527, global_pool="avg")
    assert_same(model(specs).logits, twin(specs[:, None]))

    state = files.ast_state()
    model = load_model(files.save(tmp_path / "b.pth", state), frames=128)
    kept = [0, 1, *[2 + f * 64 + t for f in range(8) for t in range(28, 36)]]
    short = state | {"module.v.pos_embed": state["module.v.pos_embed"][:, kept]}
    specs = pictures(128)
    expected = FrequencyMajorAST(short, 128).logits(specs)
    assert_same(model(specs).logits, expected)


@pytest.mark.parametrize("frames", [-16, 0, 8, 500, 1025, 1040, 4096])
@pytest.mark.parametrize("family", ["audiomae", "ast"])
def test_frames_that_do_not_fit(tmp_path, family, frames):
    contents = {"model": files.audiomae_state()} if family == "audiomae" else files.ast_state()
    sentence = refusal(files.save(tmp_path / "some.pth", contents), frames=frames)
    assert f"frames = {frames} does not fit" in sentence
    assert "multiple of 16 up to 1024" in sentence and "some.pth" in sentence


@pytest.mark.parametrize("frames", [512.0, np.int64(512), np.float32(512)])
def test_frames_may_be_any_type_of_number(tmp_path: Path, frames: float) -> None:
    path = files.save(tmp_path / "a.pth", {"model": files.audiomae_state(frames=1024, classes=50)})
    assert load_model(path, frames=frames).config.frames == 512


@pytest.mark.parametrize(
    "options",
    [
        {"frames": 512.5},
        {"frames": "512"},
        {"frames": float("nan")},
        {"frames": float("inf")},
        {"frames": True},
        {"frames": [512]},
        {"mean": "-4"},
        {"mean": float("nan")},
        {"mean": 10**400},
        {"frames": 10**400},
        {"mean": None, "std": "4"},
        {"std": 0},
        {"std": True},
        {"pad": ["min"]},
        {"pad": 0},
        {"labels": "dog"},
        {"labels": 5},
        {"labels": [1, 2]},
    ],
    ids=lambda options: str(options)[:30],
)
def test_options_that_make_no_sense_are_named(tmp_path: Path, options: dict[str, object]) -> None:
    path = files.save(tmp_path / "a.pth", {"model": files.audiomae_state(frames=1024, classes=50)})
    name = list(options)[-1]
    assert refusal(path, **options).startswith(f"{name} = ")


def test_own_frames_change_nothing(tmp_path):
    state = files.audiomae_state(frames=512, classes=50)
    model = load_model(files.save(tmp_path / "a.pth", {"model": state}), frames=512)
    assert torch.equal(model.vit.pos_embed, state["pos_embed"])


# --- settings ------------------------------------------------------------------------------------


def test_normalisation_belongs_to_the_training_data(tmp_path):
    def of(classes: int, own_frames: int, **options: object) -> tuple[float, float]:
        state = files.audiomae_state(classes=classes, frames=own_frames)
        config = load_model(files.save(tmp_path / "a.pth", {"model": state}), **options).config
        return config.mean, config.std

    assert of(527, 1024) == AUDIOSET
    assert of(527, 1024, frames=512) == AUDIOSET  # cropping does not retrain
    assert of(50, 512) == ESC50
    assert of(35, 128) == SPEECH_COMMANDS
    assert of(1251, 1024) == VOXCELEB
    assert of(7, 512) == ESC50 and of(7, 128) == SPEECH_COMMANDS and of(7, 256) == AUDIOSET
    assert of(50, 512, mean=-1.0, std=2.0) == (-1.0, 2.0)
    assert of(50, 512, mean=-1.0) == (-1.0, ESC50[1])


def test_audiosets_classes_have_their_names(tmp_path):
    labels = audioset_labels()
    assert len(labels) == len(set(labels)) == 527
    known = {0: "Speech", 74: "Dog", 81: "Cat", 137: "Music", 500: "Silence", 526: "Field recording"}
    known[1] = "Male speech, man speaking"  # a comma within quotes
    assert {index: labels[index] for index in known} == known
    path = files.save(tmp_path / "a.pth", {"model": files.audiomae_state(frames=128)})
    assert load_model(path).config.labels == labels
    own = [str(i) for i in range(527)]
    assert load_model(path, labels=own).config.labels == tuple(own)
    other = {"model": files.audiomae_state(frames=128, classes=3)}
    assert load_model(files.save(tmp_path / "b.pth", other)).config.labels[0] == "class 0"


def test_settings_of_the_caller_win(tmp_path):
    path = files.save(tmp_path / "a.pth", files.ast_state(patches=64, classes=3))
    config = load_model(path, pad="min", labels=["a", "b", "c"]).config
    assert config.pad == "min" and config.labels == ("a", "b", "c")
    assert "2 labels" in refusal(path, labels=["a", "b"])


@pytest.mark.parametrize(
    "wrong", [{"pad": "edge"}, {"std": 0.0}, {"std": -1.0}, {"std": float("nan")}, {"mean": float("inf")}]
)
def test_settings_out_of_range(tmp_path, wrong):
    ((key, value),) = wrong.items()
    sentence = refusal(files.save(tmp_path / "a.pth", files.ast_state(patches=64)), **wrong)
    assert sentence.startswith(f"{key} = {value!r}; expected")


# --- hub -----------------------------------------------------------------------------------------


@torch.inference_mode()
def test_hub_repository_in_timms_form(tmp_path, monkeypatch):
    state = files.audiomae_state()
    file = tmp_path / "model.safetensors"
    save_file(state, file, metadata={"format": "pt"})
    requests = []

    def download(*arguments: str, **options: str) -> str:
        requests.append((*arguments, *options.values()))
        if arguments[1] != file.name:
            raise huggingface_hub.errors.EntryNotFoundError("404")
        return str(file)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    source = "hf_hub:gaunernst/vit_base_patch16_1024_128.audiomae_as2m_ft_as20k"
    model = load_model(source)
    repository = "gaunernst/vit_base_patch16_1024_128.audiomae_as2m_ft_as20k"
    # Small files come first: they might show that the weights need not be downloaded.
    assert requests == [(repository, "config.json"), (repository, "model.safetensors")]
    assert model.config.name == source and model.config.pad == "zero" and model.config.classes == 527
    specs = pictures(1024)
    twin = timm_vit(state, (1024, 128), num_classes=527, global_pool="avg")
    assert_same(model(specs).logits, twin(specs[:, None]))
    assert load_model(source, frames=128).config.patches == 64


class ProxyError(Exception):
    """Stands for the HTTP client's errors, which are not the hub library's."""


@pytest.mark.parametrize(
    "error",
    [
        huggingface_hub.errors.LocalEntryNotFoundError(
            "It is not cached and the Hub out of reach. Try again.\nMore."
        ),
        ProxyError("Tunnel connection failed. Try again.\nMore."),
        OSError("No space left on device"),
        ProxyError(""),
    ],
)
def test_hub_out_of_reach(monkeypatch, error):
    # It logs every retry, eleven lines when offline; only its errors may appear beside the sentence.
    heard, logger = [], huggingface_hub.utils.logging.get_logger("huggingface_hub.utils._http")

    def fail(*_arguments: str, **_options: str):
        heard.append(logger.isEnabledFor(logging.WARNING))
        raise error

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", fail)
    verbosity = huggingface_hub.utils.logging.get_verbosity()
    sentence = refusal("hf_hub:someone/something")
    offline = isinstance(error, huggingface_hub.errors.LocalEntryNotFoundError)
    why = ": the Hub cannot be reached" if offline else " ("
    assert sentence.startswith(f"hf_hub:someone/something could not be fetched{why}")
    assert heard == [False] and huggingface_hub.utils.logging.get_verbosity() == verbosity


def test_hub_id_that_is_none():
    assert "hf_hub:a b//c could not be fetched" in refusal("hf_hub:a b//c")
    assert refusal("hf_hub:a/b\n") == (
        "'hf_hub:a/b\\n' names no repository of the Hub; expected hf_hub:owner/name."
    )
    assert refusal("/").startswith("/ holds no weights; ")


# --- code in a checkpoint never runs -------------------------------------------------------------


class Call:
    """Pickles as a call."""

    def __init__(self, function: object, *arguments: object):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


class Trap:
    """Pickles as an instance whose restoring writes a file."""

    def __init__(self, marker: Path):
        self.marker = str(marker)

    def __setstate__(self, state: dict):
        Path(state["marker"]).touch()


class TrapDict(dict):
    """The same in the shape of a state dict."""

    def __setstate__(self, state: dict):
        Path(state["marker"]).touch()


def payload(kind: str, marker: Path) -> object:
    if kind == "os.system":
        return Call(os.system, f"touch {marker}")
    if kind == "eval":
        return Call(builtins.eval, f"__import__('pathlib').Path({str(marker)!r}).touch()")
    if kind == "exec":
        return Call(builtins.exec, f"open({str(marker)!r}, 'w').close()")
    if kind == "subprocess":
        return Call(subprocess.call, ["touch", str(marker)])
    if kind == "open":
        return Call(builtins.open, str(marker), "w")
    if kind == "getattr":
        return Call(builtins.getattr, Call(builtins.open, str(marker), "w"), "name")
    if kind == "dict":
        hidden = TrapDict()
        hidden.marker = str(marker)
        return hidden
    return Trap(marker)


KINDS = ["os.system", "eval", "exec", "subprocess", "open", "getattr", "setstate", "dict"]


@OLD_FORMAT
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_code_never_runs(tmp_path, kind, old_format):
    marker = tmp_path / "it-ran"
    evil = payload(kind, marker)
    model = files.audiomae_state(frames=128, classes=3)
    places = {
        "beside": {"model": model, "args": evil},
        "whole": evil,
        "inside": {"model": {**model, "surplus": evil}},
        "instead": {"model": {**model, "head.bias": evil}},
        "namespace": {"model": model, "args": argparse.Namespace(base_keep_rate=0.5, more=evil)},
    }
    for place, contents in places.items():
        path = files.save(tmp_path / f"{place}.pth", contents, old_format)
        try:
            loaded = load_model(path)
        except InputError as error:
            assert "\n" not in str(error) and path.name in str(error)
        else:
            assert place in ("beside", "inside", "namespace")
            assert torch.equal(loaded.vit.head.bias, model["head.bias"])
        assert not marker.exists(), place
    bare = tmp_path / "bare.pth"
    bare.write_bytes(pickle.dumps(evil))
    refusal(bare)
    assert not marker.exists()
    torch.load(tmp_path / "beside.pth", weights_only=False)  # and this is what it would have done
    assert marker.exists()


@OLD_FORMAT
def test_a_system_call_is_named(tmp_path, old_format):
    contents = {"model": files.audiomae_state(), "args": payload("os.system", tmp_path / "it-ran")}
    sentence = refusal(files.save(tmp_path / "evil.pth", contents, old_format))
    assert sentence.startswith(f"evil.pth calls {os.system.__module__}.system;")


def test_loading_leaves_torchs_rules_as_they_were(tmp_path):
    before = set(torch.serialization.get_safe_globals())
    load_model(files.save(tmp_path / "a.pth", files.pruned_audiomae_contents()))
    refusal(files.save(tmp_path / "b.pth", {"model": 1, "args": argparse.Namespace()}))
    assert set(torch.serialization.get_safe_globals()) == before


# --- files that cannot be used -------------------------------------------------------------------


def whole_file(tmp_path: Path, old_format: bool = False) -> bytes:
    contents = {"model": files.audiomae_state(frames=128, classes=3)}
    return files.save(tmp_path / "whole.pth", contents, old_format).read_bytes()


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize(
    "content", [b"", b"hello, world\n", b"\x00" * 64, b"PK\x03\x04 and no more", bytes(range(256)) * 20]
)
def test_no_checkpoint_at_all(tmp_path, suffix, content):
    path = tmp_path / f"some{suffix}"
    path.write_bytes(content)
    assert refusal(path).startswith(f"some{suffix} cannot be read as a ")


@OLD_FORMAT
@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.99])
def test_truncated(tmp_path, old_format, share):
    whole = whole_file(tmp_path, old_format)
    path = tmp_path / "cut.pth"
    path.write_bytes(whole[: int(share * len(whole))])
    assert refusal(path).startswith("cut.pth cannot be read as a PyTorch checkpoint;")


@OLD_FORMAT
def test_damaged_anywhere_is_a_sentence_or_loads(tmp_path, old_format):
    """Flipped bytes end in InputError or in other numbers, never in another exception."""
    whole = whole_file(tmp_path, old_format)
    generator = torch.Generator().manual_seed(0)
    path = tmp_path / "flipped.pth"
    refused = 0
    for _ in range(60):
        spoilt = bytearray(whole)
        for place in torch.randint(4000, (3,), generator=generator).tolist():
            spoilt[place] ^= 1 << place % 8
        path.write_bytes(spoilt)
        try:
            load_model(path)
        except InputError:
            refused += 1
    assert refused > 10


def test_damaged_safetensors(tmp_path):
    path = tmp_path / "cut.safetensors"
    save_file(files.audiomae_state(frames=128, classes=3), path)
    path.write_bytes(path.read_bytes()[:-1000])
    assert "cannot be read as a safetensors file" in refusal(path)


@OLD_FORMAT
def test_torchs_warnings_stay_out_of_sight(tmp_path, old_format):
    """They address programmers, about the file's format; the sentence addresses the file's owner."""
    path = tmp_path / "protocol4.pth"
    torch.save({"a": 1}, path, pickle_protocol=4, _use_new_zipfile_serialization=not old_format)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        assert "cannot be read as a PyTorch checkpoint" in refusal(path)
    assert not warned


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_lfs_pointer(tmp_path, suffix):
    path = tmp_path / f"model{suffix}"
    path.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 5500000\n")
    assert "Git LFS pointer" in refusal(path)


@pytest.mark.parametrize(
    "contents",
    [[1, 2], 3.5, nn.Linear(2, 2), {"model": nn.Linear(2, 2)}, {}, {"model": {}}, {1: torch.ones(1)}],
)
def test_contents_that_are_no_weights(tmp_path, contents):
    assert refusal(files.save(tmp_path / "a.pth", contents)).startswith("a.pth cannot be used: it ")


def test_a_name_that_is_too_long_is_not_repeated_whole():
    with pytest.raises(InputError, match="is neither a file nor a bundled model") as caught:
        load_model("x" * 5_000)
    assert len(str(caught.value)) < 500


def test_places_that_hold_no_file(tmp_path):
    for source in ("no-such-model", str(tmp_path), str(tmp_path / "gone.pth"), ""):
        sentence = refusal(source)
        assert repr(source) in sentence and "hf_hub:owner/name" in sentence
        assert ("is an empty folder" in sentence) == (source == str(tmp_path))


AUDIOMAE_KEYS = [
    "blocks.3.attn.qkv.weight",
    "blocks.11.mlp.fc2.bias",
    "cls_token",
    "fc_norm.bias",
    "head.weight",
]
AST_KEYS = [
    "v.blocks.3.attn.qkv.weight",
    "v.norm.bias",
    "v.dist_token",
    "mlp_head.0.weight",
    "mlp_head.1.weight",
]
NEEDED_FIRST = ["pos_embed", "patch_embed.proj.weight", "head.bias"]


@pytest.mark.parametrize("key", [*AUDIOMAE_KEYS, *NEEDED_FIRST])
def test_audiomae_key_missing(tmp_path, key):
    state = files.audiomae_state(frames=128, classes=3)
    del state[key]
    assert f" lacks {key}" in refusal(files.save(tmp_path / "a.pth", {"model": state}))


@pytest.mark.parametrize("key", [*AST_KEYS, "mlp_head.1.bias", "v.patch_embed.proj.bias"])
def test_ast_key_missing_by_its_published_name(tmp_path, key):
    state = files.ast_state(patches=64, classes=3)
    del state[f"module.{key}"]
    assert f" lacks {key}" in refusal(files.save(tmp_path / "a.pth", state))


def test_whole_block_missing(tmp_path):
    state = {k: v for k, v in files.audiomae_state(frames=128).items() if not k.startswith("blocks.5.")}
    assert " lacks blocks.5." in refusal(files.save(tmp_path / "a.pth", {"model": state}))
    state = files.audiomae_state(frames=128, depth=9)
    assert refusal(files.save(tmp_path / "b.pth", {"model": state})).startswith(
        "b.pth cannot be used: 9 blocks; expected at least 10"
    )


def test_block_number_out_of_all_bounds(tmp_path):
    """A number in a key must not decide how much is allocated."""
    state = files.audiomae_state(frames=128)
    state["blocks.999999999.norm1.weight"] = torch.ones(files.SMALL)
    refusal(files.save(tmp_path / "a.pth", {"model": state}))


@pytest.mark.parametrize(
    ("key", "shape", "message"),
    [
        (
            "blocks.0.mlp.fc1.weight",
            (250, 64),
            "blocks.0.mlp.fc1.weight of shape (250, 64); expected (256, 64)",
        ),
        ("blocks.0.norm1.weight", (32,), "blocks.0.norm1.weight of shape (32,); expected (64,)"),
        ("patch_embed.proj.weight", (64, 3, 16, 16), "patch kernel has shape (64, 3, 16, 16)"),
        ("patch_embed.proj.weight", (64, 256), "patch kernel has shape (64, 256)"),
        ("pos_embed", (65, 64), "pos_embed has shape (65, 64)"),
        ("pos_embed", (1,), "pos_embed has shape (1,)"),
        ("pos_embed", (1, 1, 64), "0 patches"),
        ("pos_embed", (1, 0, 64), "has 0 patches"),
        ("pos_embed", (1, 197, 64), "196 patches"),
        ("pos_embed", (1, 65, 100), "Width 100"),
        ("head.bias", (), "head.weight of shape (3, 64); expected (1, 64)"),
    ],
)
def test_wrong_shape(tmp_path, key, shape, message):
    state = files.audiomae_state(frames=128, classes=3) | {key: torch.zeros(shape)}
    assert message in refusal(files.save(tmp_path / "a.pth", {"model": state}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda weight: weight.index_fill(0, torch.tensor([3]), float("nan")), "NaN or infinity in"),
        (lambda weight: weight.index_fill(0, torch.tensor([3]), float("-inf")), "NaN or infinity in"),
        (lambda weight: weight.double() * 1e300, "NaN or infinity in"),
        (lambda weight: (weight * 100).to(torch.int8), "of type torch.int8; expected floating-point"),
        (lambda weight: weight > 0, "of type torch.bool; expected floating-point"),
        (lambda weight: weight.to(torch.complex64), "of type torch.complex64; expected floating-point"),
    ],
    ids=["nan", "inf", "double", "int8", "bool", "complex"],
)
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_weights_that_are_no_finite_numbers(tmp_path, change, message, suffix):
    """From a training that diverged, or quantised with scales stored elsewhere."""
    state = files.audiomae_state(frames=128, classes=3)
    key = "blocks.4.mlp.fc1.weight"
    path = tmp_path / f"a{suffix}"
    (save_file if suffix == ".safetensors" else torch.save)(state | {key: change(state[key])}, path)
    sentence = refusal(path)
    assert message in sentence and key in sentence


@pytest.mark.parametrize("entry", ["model", "state_dict", "model_state_dict"])
@pytest.mark.parametrize("prefix", ["", "module.", "model.", "_orig_mod.", "model._orig_mod.", "net.ast."])
@pytest.mark.parametrize("family", ["audiomae", "ast"])
def test_weights_wrapped_as_trainers_do(tmp_path, family, entry, prefix):
    """By Lightning, DataParallel, torch.compile, torch's own tutorials, and people's own modules."""
    state = files.audiomae_state(frames=128, classes=3)
    if family == "ast":
        state = {k.removeprefix("module."): v for k, v in files.ast_state(patches=64, classes=3).items()}
    expected = load_model(files.save(tmp_path / "plain.pth", state)).state_dict()
    wrapped = {f"{prefix}{key}": value for key, value in state.items()}
    path = files.save(tmp_path / "wrapped.pth", {entry: wrapped, "epoch": 3, "optimizer": {"state": {}}})
    assert all(value.equal(expected[key]) for key, value in load_model(path).state_dict().items())


def test_weights_of_a_trainer_beside_the_model_are_named(tmp_path):
    state = {f"model.{key}": value for key, value in files.audiomae_state(frames=128, classes=3).items()}
    path = files.save(tmp_path / "a.ckpt", {"state_dict": state | {"loss.pos_weight": torch.ones(3)}})
    assert refusal(path) == "a.ckpt has weights this model does not know, such as loss.pos_weight."


def test_surplus_key(tmp_path):
    state = files.audiomae_state(frames=128, classes=3) | {"blocks.0.ls1.gamma": torch.ones(files.SMALL)}
    sentence = refusal(files.save(tmp_path / "a.pth", {"model": state}))
    assert sentence == "a.pth has weights this model does not know, such as blocks.0.ls1.gamma."
    state = files.ast_state(patches=64, classes=3)
    state["module.v.adapter"] = torch.ones(1)
    assert "such as v.adapter." in refusal(files.save(tmp_path / "b.pth", state))


@pytest.mark.parametrize(
    ("rows", "columns", "classes", "message"),
    [
        (12, 12, 527, "144 patches may lie in 12 rows of stride 10"),  # as Speech Commands at stride 10
        (12, 50, 3, "600 patches may lie in 12 rows of stride 10 or 10 rows of stride 12"),
        (7, 13, 3, "91 patches; expected those of up to 1024 frames at stride 10, 12, 14 or 16"),
        (8, 65, 3, "520 patches may lie in 10 rows of stride 12; give frames = 628."),
    ],
)
def test_ast_whose_grid_is_not_clear(tmp_path, rows, columns, classes, message):
    state = files.ast_state(patches=rows * columns, classes=classes)
    assert message in refusal(files.save(tmp_path / "a.pth", state))


def test_ast_with_a_grid_that_could_be_either(tmp_path):
    path = files.save(tmp_path / "a.pth", files.ast_state(patches=144, classes=3))
    assert "144 patches" in refusal(path)  # at stride 10, 14 or 16
    assert "144 patches" in refusal(path, frames=127 + 50)  # which fits none
    assert load_model(path, frames=288).config.grid == Grid(8, 18)  # the caller says which it is
    assert load_model(path, frames=128).config.grid == Grid(12, 12, 10, 10)
    assert load_model(path, frames=230).config.grid == Grid(9, 16, 14, 14)
    path = files.save(tmp_path / "b.pth", files.ast_state(patches=144, classes=35))  # Speech Commands
    assert load_model(path).config.frames == 128
    assert load_model(path, frames=288).config.frames == 288


# --- safetensors of this project -----------------------------------------------------------------


@pytest.fixture
def own(tmp_path) -> tuple[Path, AudioViT, dict]:
    """A model saved here: file, model and the configuration it was saved with."""
    torch.manual_seed(3)
    model = AudioViT(tiny_config("ast", classes=3)).eval()
    config = {
        "family": "ast",
        "frames": 128,
        "dim": 64,
        "depth": 12,
        "classes": 3,
        "mean": -6.5,
        "std": 4.25,
        "pad": "min",
        "multilabel": False,
        "task": "spc-3",
        "labels": ["ja", "nein", "vielleicht – ü"],
    }
    path = tmp_path / "own.safetensors"
    write_safetensors(path, model.state_dict(), config)
    return path, model, config


def test_round_trip_of_weights(own):
    path, model, _ = own
    read, metadata = read_safetensors(path)
    written = model.state_dict()
    assert read.keys() == written.keys() and metadata["format"] == "tpexplore"
    coarse = 0
    for key, value in written.items():
        assert read[key].dtype == torch.float32 and read[key].shape == value.shape
        if value.ndim < 2 or value.shape[0] == 1:
            assert torch.equal(read[key], value), key
            continue
        off = (read[key] - value).abs().flatten(1)
        bound = value.abs().flatten(1).amax(1, keepdim=True) / 254  # half of a step of 1/127
        assert (off <= bound * (1 + 1e-4)).all(), key
        coarse += bool((off > bound / 4).any())
    assert coarse == 2 + 4 * 12  # patch kernel, head and four in every block really are int8
    stored = load_file(path)
    assert stored["vit.blocks.0.attn.qkv.weight"].dtype == torch.int8
    assert path.stat().st_size < 1.4 * sum(v.numel() for v in written.values()) + 100_000


def test_own_model_stays_as_it_was_when_its_file_is_overwritten(own):
    path, _, _ = own
    model = load_model(path)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_a_row_of_zeros_stays_zero(tmp_path):
    rows = torch.tensor([[0.0, 0.0], [1e-3, -127.0], [5e-30, 0.0]])
    write_safetensors(tmp_path / "a.safetensors", {"w": rows, "b": rows[1]}, {})
    read, _ = read_safetensors(tmp_path / "a.safetensors")
    assert torch.equal(read["w"], torch.tensor([[0.0, 0.0], [0.0, -127.0], [0.0, 0.0]]))
    assert torch.equal(read["b"], rows[1])


def test_weights_that_would_be_too_large_are_refused():
    with pytest.raises(InputError, match=r"The weights would take [0-9,]+ bytes; expected at most 1,000\."):
        safetensors_of({"w": torch.zeros(2000)}, {}, most_bytes=1000)
    assert len(safetensors_of({"w": torch.zeros(2)}, {}, most_bytes=1000)) < 1000


@torch.inference_mode()
def test_own_file_brings_its_configuration(own):
    path, model, config = own
    loaded = load_model(path)
    for key, value in config.items():
        assert getattr(loaded.config, key) == (tuple(value) if key == "labels" else value), key
    assert loaded.config.name == "own.safetensors" and loaded.config.sha256 == sha256_of(path)
    specs = pictures(128)
    torch.testing.assert_close(loaded(specs).logits, model(specs).logits, atol=0.05, rtol=0.05)
    assert not loaded.training


@pytest.mark.parametrize(
    "option", [{"frames": 64}, {"frames": 128}, {"frames": 0}, {"mean": 0.0}, {"std": 1.0}, {"pad": "zero"}]
)
def test_own_file_takes_no_settings(own, option):
    sentence = refusal(own[0], **option)
    assert (
        sentence
        == f"own.safetensors was trained here and brings its own {next(iter(option))}; leave them out."
    )


def test_own_file_with_a_spoilt_configuration(own):
    path, model, config = own
    missing = {key: value for key, value in config.items() if key != "mean"}
    for spoilt in ({}, {"family": "ast"}, missing, config | {"flavour": 1}, config | {"labels": None}):
        write_safetensors(path, model.state_dict(), spoilt)
        assert refusal(path) == "own.safetensors does not tell what model it holds; export it again."
    write_safetensors(path, model.state_dict(), config | {"classes": 4})
    assert refusal(path) == "3 labels were given for 4 classes."
    write_safetensors(path, model.state_dict(), config | {"dim": 128})
    assert "vit.cls_token of shape (1, 1, 64); expected (1, 1, 128)" in refusal(path)


def test_foreign_configuration_in_a_safetensors_file(tmp_path):
    """Others put a "config" into their metadata too."""
    path = tmp_path / "model.safetensors"
    state = files.audiomae_state(frames=128, classes=3)
    save_file(state, path, metadata={"format": "pt", "config": json.dumps({"hidden_size": 128})})
    assert load_model(path).config.classes == 3


def test_own_file_with_a_scale_that_does_not_fit(own):
    path, _, config = own
    stored = load_file(path)
    stored["vit.blocks.0.attn.qkv.weight.row_scale"] = torch.ones(7)
    save_file(stored, path, metadata={"format": "tpexplore", "config": json.dumps(config)})
    assert "cannot be read as a safetensors file" in refusal(path)


# --- bundled models ------------------------------------------------------------------------------


@pytest.fixture
def bundle(own, tmp_path, monkeypatch) -> Path:
    """An assets folder with one model, in place of the real one."""
    folder = tmp_path / "models"
    folder.mkdir()
    weights = folder / "ast-spc3.safetensors"
    weights.write_bytes(own[0].read_bytes())
    (folder / "ast-spc3.json").write_text(json.dumps({"weights_sha256": sha256_of(weights)}))
    monkeypatch.setattr(bundled, "MODELS_FOLDER", folder)
    return folder


def test_bundled_name(bundle):
    config = load_model("ast-spc3").config
    assert config.name == "ast-spc3" and config.labels[0] == "ja"


def test_bundled_model_whose_bytes_changed(bundle):
    weights = bundle / "ast-spc3.safetensors"
    spoilt = bytearray(weights.read_bytes())
    spoilt[-1] ^= 1
    weights.write_bytes(spoilt)
    assert "ast-spc3.safetensors differs from the sha256 on its card" in refusal("ast-spc3")


def test_unknown_name_lists_the_bundled_ones(bundle):
    assert refusal("ast-spc4").endswith("one of: ast-spc3.")
    (bundle / "ast-spc3.safetensors").unlink()
    assert refusal("ast-spc4").endswith("one of: none is bundled.")


@pytest.mark.parametrize("name", bundled.bundled_names())
@torch.inference_mode()
def test_every_bundled_model_is_what_its_card_says(name):
    model, card = load_model(name), bundled.bundled_card(name)
    config = model.config
    assert (config.family, config.patches, config.task) == (card["family"], card["patches"], card["task"])
    assert (
        list(config.labels) == card["labels"]
        and sum(p.numel() for p in model.parameters()) == card["parameters"]
    )
    assert (bundled.MODELS_FOLDER / f"{name}.safetensors").stat().st_size == card["bytes"] <= 10_000_000
    assert model(torch.zeros(1, config.frames, 128), keep_rate=0.5).logits.isfinite().all()
