"""AST as transformers saves it: the same numbers as transformers, one sentence for what is not supported."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import ASTFeatureExtractor, ASTForAudioClassification, ASTModel

from tests import checkpoint_files
from tests import transformers_files as files
from tpexplore.checkpoints.huggingface import read_json
from tpexplore.checkpoints.labels import audioset_labels
from tpexplore.checkpoints.load import load_model
from tpexplore.errors import InputError
from tpexplore.model.macs import count_macs
from tpexplore.signal.grid import Grid
from tpexplore.signal.spectrogram import AUDIOSET_NORMALISATION

CONFIG, EXTRACTOR = "config.json", "preprocessor_config.json"
STRIDES = pytest.mark.parametrize(("mel", "time"), [(10, 10), (12, 12), (14, 14), (16, 16), (10, 16)])


def pictures(frames: int, count: int = 2) -> Tensor:
    return torch.randn(count, frames, 128, generator=torch.Generator().manual_seed(5))


def frequency_major(grid: Grid) -> Tensor:
    """For every patch, in our order, its number in transformers."""
    return torch.tensor(
        [patch % grid.rows * grid.columns + patch // grid.rows for patch in range(grid.patches)]
    )


def write(folder: Path, name: str, **changes: object) -> None:
    """Change fields of a JSON file, or remove them with None."""
    content = json.loads((folder / name).read_text()) | changes
    (folder / name).write_text(json.dumps({k: v for k, v in content.items() if v is not None}))


def refusal(source: object, **options: object) -> str:
    """The sentence that `load_model` raises."""
    with pytest.raises(InputError) as caught:
        load_model(source, **options)
    sentence = str(caught.value)
    assert "\n" not in sentence and re.fullmatch(r".*[^.]\.", sentence) and ". " not in sentence
    return sentence


@pytest.fixture
def folder(tmp_path) -> Path:
    """A fine-tuned AST of 12 classes at stride 10."""
    return files.save(tmp_path / "my-ast", files.model_of(files.config_of()))


# -- the same numbers


@pytest.mark.parametrize("seconds", [0.4, 1.3, 3.0])
def test_spectrogram_is_the_feature_extractors(folder, seconds):
    wave = 0.1 * np.random.default_rng(0).standard_normal(int(16_000 * seconds)).astype(np.float32)
    extractor = ASTFeatureExtractor.from_pretrained(folder)
    expected = extractor(wave, sampling_rate=16_000, return_tensors="pt").input_values[0]
    assert expected.shape == (128, 128) and expected.std() > 0.1
    torch.testing.assert_close(load_model(folder).spectrogram(wave), expected, atol=2e-4, rtol=0)
    if seconds < 1:
        assert expected[-1, 0] == pytest.approx(5.5 / 6.5)  # padded with 0 before it is normalised


@STRIDES
@torch.inference_mode()
def test_logits_and_class_attention_of_every_block(tmp_path, mel, time):
    original = files.model_of(files.config_of(frequency_stride=mel, time_stride=time))
    model = load_model(files.save(tmp_path / "ast", original))
    grid = Grid.of(128, mel, time)
    assert model.config.grid == grid and model.config.prefix == 2
    specs = pictures(128)
    answer = original(specs, output_attentions=True)
    assert answer.logits.std() > 0.1
    # transformers' norms have an epsilon of 1e-12, ours the authors' 1e-6 and 1e-5.
    torch.testing.assert_close(model(specs).logits, answer.logits, atol=1e-4, rtol=1e-4)
    traced = model(specs, trace=True)
    torch.testing.assert_close(traced.logits, answer.logits, atol=1e-4, rtol=1e-4)
    rows = torch.stack([attention[:, :, 0, 2:].mean(1) for attention in answer.attentions], dim=1)
    expected = rows[:, :, frequency_major(grid)]
    assert expected.std(-1).min() > 1e-4
    torch.testing.assert_close(traced.scores, expected, atol=1e-6, rtol=1e-3)


@torch.inference_mode()
def pruned_by_hand(
    original: ASTForAudioClassification, specs: Tensor, keep_rate: float
) -> tuple[Tensor, list]:
    """Token pruning written out over transformers' own modules, a clip at a time, patch by patch."""
    ast = original.audio_spectrogram_transformer
    all_logits, all_kept = [], []
    for spec in specs:
        x = ast.embeddings(spec[None])[0]
        numbers, kept = list(range(len(x) - 2)), {}
        for block, layer in enumerate(ast.layers, start=1):
            inner, heads = layer.layernorm_before(x), []
            parts = [getattr(layer.attention, f"{name}_proj")(inner) for name in "qkv"]
            rows = torch.zeros(len(x) - 2)
            for head in range(files.WIDTH // 64):
                query, key, value = (part[:, 64 * head : 64 * head + 64] for part in parts)
                weights = (query @ key.T / math.sqrt(64)).softmax(-1)
                rows += weights[0, 2:] / (files.WIDTH // 64)
                heads.append(weights @ value)
            x = x + layer.attention.o_proj(torch.cat(heads, dim=1))
            if block in (4, 7, 10) and keep_rate < 1:
                k = math.ceil(keep_rate * len(numbers) - 1e-9)
                best = sorted(sorted(range(len(numbers)), key=lambda i: -float(rows[i]))[:k])
                x = torch.cat([x[:2], x[2:][best]])
                numbers = [numbers[i] for i in best]
                kept[block] = set(numbers)
            x = x + layer.mlp(layer.layernorm_after(x))
        pooled = ast.layernorm(x)[:2].mean(0)
        all_logits.append(original.classifier(pooled[None])[0])
        all_kept.append(kept)
    return torch.stack(all_logits), all_kept


@pytest.mark.parametrize(("stride", "keep_rate"), [(10, 1.0), (10, 0.7), (10, 0.3), (14, 0.5), (16, 0.5)])
@torch.inference_mode()
def test_pruning_is_a_slow_loop_over_transformers_modules(tmp_path, stride, keep_rate):
    original = files.model_of(files.config_of(frequency_stride=stride, time_stride=stride))
    model = load_model(files.save(tmp_path / "ast", original))
    specs = pictures(128)
    logits, kept = pruned_by_hand(original, specs, keep_rate)
    out = model(specs, keep_rate=keep_rate)
    torch.testing.assert_close(out.logits, logits, atol=1e-4, rtol=1e-4)
    theirs = frequency_major(model.config.grid)
    for clip, by_block in enumerate(kept):
        for block, numbers in by_block.items():
            assert set(theirs[out.kept[block][clip]].tolist()) == numbers
    if keep_rate == 1:
        torch.testing.assert_close(original(specs).logits, logits, atol=1e-5, rtol=1e-5)
    else:
        assert list(out.kept) == [4, 7, 10]


@torch.inference_mode()
def test_ten_seconds_at_stride_10(tmp_path):
    """The grid of MIT/ast-finetuned-audioset-10-10-0.4593: 1,212 patches, 527 classes."""
    original = files.model_of(files.config_of(527, max_length=1024))
    model = load_model(files.save(tmp_path / "ast", original))
    assert (model.config.patches, model.config.classes) == (1212, 527) and model.config.multilabel
    specs = pictures(1024, 1)
    out = model(specs, keep_rate=0.7)
    assert [len(out.kept[block][0]) for block in (4, 7, 10)] == [849, 595, 417]
    torch.testing.assert_close(model(specs).logits, original(specs).logits, atol=2e-4, rtol=2e-4)


def test_cost_of_vit_b_at_every_published_stride():
    """G MACs as computed once for the issue; 103.35 G of AST at stride 10 lie outside QK^T and AV."""
    expected = {1212: (130.51, 82.11, 62.43), 850: (85.91, 54.57, 41.51), 657: (64.11, 40.97, 31.18)}
    expected |= {512: (48.63, 31.28, 23.73)}
    for stride, (patches, costs) in zip((10, 12, 14, 16), expected.items(), strict=True):
        tokens = Grid.of(1024, stride, stride).patches
        assert tokens == patches
        for keep_rate, cost in zip((1.0, 0.7, 0.5), costs, strict=True):
            macs = count_macs(dim=768, depth=12, tokens=tokens, prefix=2, classes=527, keep_rate=keep_rate)
            assert macs / 1e9 == pytest.approx(cost, abs=0.006)


# -- where the files lie and what they are called


@torch.inference_mode()
def test_every_form_in_which_transformers_saves(tmp_path, monkeypatch):
    original, specs = files.model_of(files.config_of()), pictures(128, 1)
    old = files.save(tmp_path / "old", original)
    expected = load_model(old)(specs).logits
    assert "audio_spectrogram_transformer.encoder.layer.0.output.dense.bias" in load_file(
        old / "model.safetensors"
    )

    def assert_same(source: object) -> None:
        # Not to the last bit: where weights lie in memory decides in which order some machines add.
        torch.testing.assert_close(load_model(source)(specs).logits, expected, rtol=1e-5, atol=1e-5)

    new = files.save(tmp_path / "new", original, save_original_format=False)
    assert "audio_spectrogram_transformer.layers.0.mlp.fc2.bias" in load_file(new / "model.safetensors")
    assert_same(new)
    parts = files.save(tmp_path / "parts", original, max_shard_size="2MB")
    assert len(list(parts.glob("model-*.safetensors"))) > 2
    assert_same(parts)
    state = load_file(old / "model.safetensors")
    torch.save(state, old / "pytorch_model.bin")
    (old / "model.safetensors").rename(tmp_path / "alone.safetensors")
    assert_same(old)
    assert_same(old / "pytorch_model.bin")  # the files beside it count
    monkeypatch.chdir(old)
    assert_same(".")
    assert load_model(".").config.name == "old"
    model = load_model(tmp_path / "alone.safetensors", frames=128, mean=-5.5, std=3.25)
    assert torch.equal(model(specs).logits, expected)
    assert model.config.labels[11] == "class 11"
    assert "lacks preprocessor_config.json" in refusal(tmp_path / "alone.safetensors", frames=128)


@torch.inference_mode()
def test_hub(folder, monkeypatch):
    requests = []

    def download(repository: str, name: str) -> str:
        requests.append((repository, name))
        if not (folder / name).is_file():
            raise huggingface_hub.errors.EntryNotFoundError("404")
        return str(folder / name)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    source = "hf_hub:MIT/ast-finetuned-audioset-10-10-0.4593"
    model = load_model(source)
    assert model.config.name == source and model.config.grid == Grid(12, 12, 10, 10)
    assert [name for _, name in requests] == [CONFIG, EXTRACTOR, "model.safetensors"]
    write(folder, CONFIG, model_type="whisper")
    requests.clear()
    assert "whisper" in refusal(source)
    assert [name for _, name in requests] == [CONFIG]  # the weights are not downloaded in vain


@pytest.mark.parametrize(
    ("error", "sentence_part"),
    [
        (huggingface_hub.errors.RepositoryNotFoundError, "hf_hub:a/b does not exist on the Hugging Face Hub"),
        (huggingface_hub.errors.GatedRepoError, "hf_hub:a/b is gated: accept its terms"),
        (
            huggingface_hub.errors.EntryNotFoundError,
            "hf_hub:a/b holds no weights; expected model.safetensors",
        ),
        (
            huggingface_hub.errors.LocalEntryNotFoundError,
            "hf_hub:a/b could not be fetched: the Hub cannot be reached, and not all of its files are on",
        ),
    ],
)
def test_hub_without_what_a_model_needs(monkeypatch, error, sentence_part):
    def fail(*_arguments: str) -> str:
        caught = error.__new__(error)
        caught.args = ("offline",)
        raise caught

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", fail)
    assert refusal("hf_hub:a/b").startswith(sentence_part)


def test_offline_files_that_the_cache_marks_as_absent_are_not_needed(folder, tmp_path, monkeypatch):
    """A repository with only pytorch_model.bin, as the Hub's library caches it after one visit."""
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    cache, commit = tmp_path / "models--someone--my-ast", "0" * 40
    for place in ("refs", "snapshots", f".no_exist/{commit}"):
        (cache / place).mkdir(parents=True)
    (cache / "refs/main").write_text(commit)
    folder.rename(cache / "snapshots" / commit)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    source = "hf_hub:someone/my-ast"
    assert "the Hub cannot be reached" in refusal(source)  # there may be a model.safetensors
    for name in ("model.safetensors", "model.safetensors.index.json"):
        (cache / ".no_exist" / commit / name).touch()
    assert load_model(source).config.labels[2] == "sound 2"


@torch.inference_mode()
def test_a_preprocessor_that_does_not_normalise(folder):
    write(folder, EXTRACTOR, do_normalize=False)
    clip = 0.1 * np.random.default_rng(0).standard_normal(12_000, dtype=np.float32)
    theirs = ASTFeatureExtractor.from_pretrained(folder)(clip, 16_000, return_tensors="np")["input_values"][0]
    np.testing.assert_allclose(load_model(folder).spectrogram(clip), theirs, atol=1e-3)


@torch.inference_mode()
def test_a_file_of_another_name_is_described_by_the_files_beside_it(folder, tmp_path):
    """People rename weights; the error used to ask for files that already lay beside them."""
    file = (folder / "model.safetensors").rename(folder / "best.safetensors")
    config = load_model(file).config
    assert (config.labels[2], config.mean, config.grid) == ("sound 2", -5.5, Grid(12, 12, 10, 10))
    # The authors' own weights, and a config.json of another model, have nothing to do with each other.
    official = checkpoint_files.save(folder / "official.pth", checkpoint_files.ast_state())
    assert load_model(official).config.mean == AUDIOSET_NORMALISATION[0]
    write(folder, CONFIG, model_type="whisper")
    assert "lacks config.json with a model_type" in refusal(file, frames=128)
    assert load_model(official).config.patches == 512


def test_a_folder_of_checkpoints_names_one(folder, tmp_path):
    outer = tmp_path / "trained"
    outer.mkdir()
    folder.rename(outer / "checkpoint-500")
    (outer / "trainer_state.json").write_text("{}")
    assert refusal(outer) == (
        "trained holds no weights itself; open a folder in it that does, such as checkpoint-500."
    )
    assert load_model(outer / "checkpoint-500").config.classes == 12


@torch.inference_mode()
def test_encoder_alone(tmp_path):
    original = files.model_of(files.config_of(), ASTModel)
    model = load_model(files.save(tmp_path / "ast", original))
    assert model.config.classes == 0 and model.config.labels == ()
    specs = pictures(128)
    expected = original(specs).pooler_output
    torch.testing.assert_close(model(specs).logits, expected, atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_without_bias_of_query_key_and_value(tmp_path):
    original, specs = files.model_of(files.config_of(qkv_bias=False)), pictures(128)
    model = load_model(files.save(tmp_path / "ast", original))
    torch.testing.assert_close(model(specs).logits, original(specs).logits, atol=1e-4, rtol=1e-4)


# -- settings


def test_labels_follow_their_numbers(folder):
    # As text, "10" sorts before "2"; so do the fields of a file that was sorted.
    names = dict(sorted((str(i), f"sound {i}") for i in range(12)))
    assert list(names)[2] == "10"
    write(folder, CONFIG, id2label=names)
    config = load_model(folder).config
    assert config.labels == tuple(f"sound {i}" for i in range(12)) and not config.multilabel
    assert (config.mean, config.std, config.pad, config.name) == (-5.5, 3.25, "zero", "my-ast")
    assert load_model(folder, labels=list("abcdefghijkl")).config.labels[1] == "b"
    assert load_model(folder, mean=0.5, std=2.0, pad="min").config.mean == 0.5


def test_several_labels_at_once(folder, tmp_path):
    write(folder, CONFIG, problem_type="multi_label_classification")
    assert load_model(folder).config.multilabel
    audioset = files.save(tmp_path / "audioset", files.model_of(files.config_of(527)))
    assert load_model(audioset).config.multilabel
    assert load_model(audioset).config.labels[3] == "sound 3"  # its own names win
    write(audioset, CONFIG, id2label=None)
    assert load_model(audioset).config.labels == audioset_labels()
    write(audioset, CONFIG, problem_type="single_label_classification")
    assert not load_model(audioset).config.multilabel


def test_the_position_grid_decides_the_length(folder):
    write(folder, EXTRACTOR, max_length=1024)
    assert load_model(folder).config.frames == 128
    write(folder, CONFIG, max_length=1024)
    sentence = refusal(folder)
    assert sentence.startswith("my-ast cannot be used: its config.json means 1212 patches (1024 frames")
    assert sentence.endswith("but its position grid has 144.")


def test_a_length_with_frames_that_no_patch_sees(tmp_path):
    original = files.model_of(files.config_of(max_length=140, frequency_stride=16, time_stride=16))
    config = load_model(files.save(tmp_path / "ast", original)).config
    assert (config.frames, config.patches) == (128, 64)  # the last 12 frames change nothing


@torch.inference_mode()
def test_fewer_frames_take_the_middle_of_the_grid(tmp_path):
    """AST's authors: the columns from the middle minus half of those kept, here 25 to 74 of 101."""
    original = files.model_of(files.config_of(527, max_length=1024))
    folder = files.save(tmp_path / "ast", original)
    positions = original.audio_spectrogram_transformer.embeddings.position_embeddings[0, 2:].unflatten(
        0, (12, 101)
    )
    model = load_model(folder, frames=512)
    assert model.config.grid == Grid(12, 50, 10, 10)
    ours = model.config.grid.as_map(model.vit.pos_embed[0, 2:].T)  # (width, columns, rows)
    assert torch.equal(ours, positions[:, 25:75].permute(2, 1, 0))
    assert "frames = 1025 does not fit; expected 16 to 1024" in refusal(folder, frames=1025)
    assert "frames = 8 does not fit" in refusal(folder, frames=8)


# -- what is not supported


@pytest.mark.parametrize(
    ("name", "change", "sentence_part"),
    [
        (CONFIG, {"model_type": "wav2vec2"}, "it is a model of type 'wav2vec2'; expected AST or AudioMAE"),
        (CONFIG, {"num_mel_bins": 96}, "its config.json has num_mel_bins 96; expected 128"),
        (CONFIG, {"patch_size": 8}, "has patch_size 8; expected 16"),
        (CONFIG, {"hidden_act": "relu"}, "has hidden_act relu; expected gelu"),
        (CONFIG, {"num_attention_heads": 4}, "has num_attention_heads 4; expected 2"),
        (CONFIG, {"intermediate_size": 100}, "has intermediate_size 100; expected 512"),
        (CONFIG, {"time_stride": 20}, "has time_stride 20; expected at most 16, a patch"),
        (CONFIG, {"frequency_stride": 17}, "has frequency_stride 17; expected at most 16, a patch"),
        (CONFIG, {"hidden_size": 32}, "has hidden_size 32; expected a multiple of 64"),
        (CONFIG, {"time_stride": "10"}, "has time_stride '10'; expected a whole number above 0"),
        (CONFIG, {"time_stride": 16}, "its config.json means 96 patches"),
        (
            CONFIG,
            {"id2label": {"0": "a", "1": "b"}},
            "has an id2label of length 2; expected 12, the classes of",
        ),
        (CONFIG, {"problem_type": "regression"}, "has problem_type regression; expected a classification"),
        (CONFIG, {"id2label": {"a": 0}}, "has an id2label that does not number the classes from 0 on"),
        (CONFIG, {"id2label": {"1": "a", "2": "b"}}, "does not number the classes from 0 on"),
        (
            EXTRACTOR,
            {"feature_extractor_type": "MAESTFeatureExtractor"},
            "is MAESTFeatureExtractor; expected",
        ),
        (EXTRACTOR, {"num_mel_bins": 96}, "its preprocessor_config.json has num_mel_bins 96; expected 128"),
        (EXTRACTOR, {"sampling_rate": 44_100}, "has sampling_rate 44100; expected 16000"),
        (EXTRACTOR, {"std": 0}, "has std 0; expected a number above 0"),
        (EXTRACTOR, {"mean": "low"}, "has mean 'low'; expected a number"),
        (EXTRACTOR, {"mean": 10**400}, "expected a number"),
        (CONFIG, {"layer_norm_eps": 1e-3}, "has layer_norm_eps 0.001; expected at most 1e-05"),
        (CONFIG, {"layer_norm_eps": "small"}, "has layer_norm_eps small; expected at most 1e-05"),
    ],
)
def test_settings_that_are_not_supported(folder, name, change, sentence_part):
    write(folder, name, **change)
    sentence = refusal(folder)
    assert sentence.startswith("my-ast cannot be used: ") and sentence_part in sentence


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_settings_that_an_editor_saved_in_another_encoding(folder, encoding):
    write(folder, CONFIG, id2label={i: f"größe {i}" for i in range(12)})
    expected = load_model(folder).config
    for name in (CONFIG, EXTRACTOR):
        (folder / name).write_text((folder / name).read_text(), encoding=encoding)
    assert load_model(folder).config == expected


def test_an_extractor_without_its_config_is_not_called_missing(folder):
    write(folder, CONFIG, model_type=None)
    assert "lacks config.json with a model_type; put it beside" in refusal(folder, frames=128)
    (folder / CONFIG).unlink()
    assert "lacks config.json with a model_type; put it beside" in refusal(folder, frames=128)


@pytest.mark.parametrize(
    "odd", [torch.ones(12, device="meta"), torch.ones(12).to_sparse()], ids=["without numbers", "sparse"]
)
def test_weights_that_are_no_ordinary_tensors(folder, odd):
    state = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save({**state, "classifier.dense.bias": odd}, folder / "pytorch_model.bin")
    assert "classifier.dense.bias as a tensor that is sparse, nested or without data; expected" in refusal(
        folder
    )


def test_files_that_are_missing_or_broken(folder):
    (folder / EXTRACTOR).rename(folder / "elsewhere")
    assert "lacks preprocessor_config.json; put it beside the weights, or give mean and std" in refusal(
        folder
    )
    assert load_model(folder, mean=-5.5, std=3.25).config.labels[2] == "sound 2"
    (folder / "elsewhere").rename(folder / EXTRACTOR)
    for name in (CONFIG, EXTRACTOR):
        kept = (folder / name).read_text()
        for broken, sentence_part in (
            ("{", "cannot be read; expected JSON"),
            ("[1]", "holds no settings; expected a JSON"),
        ):
            (folder / name).write_text(broken)
            assert f"its {name} {sentence_part}" in refusal(folder)
        (folder / name).write_text(kept)
    (folder / "model.safetensors").unlink()
    assert refusal(folder) == "my-ast holds no weights; expected model.safetensors or pytorch_model.bin."


def test_parts_of_the_weights(tmp_path):
    folder = files.save(tmp_path / "ast", files.model_of(files.config_of()), max_shard_size="2MB")
    part = min(folder.glob("model-*.safetensors"))
    sha256 = load_model(folder).config.sha256
    assert len(sha256) == 64
    kept = part.read_bytes()
    part.unlink()
    assert refusal(folder) == f"ast lacks {part.name}, a part of the weights."
    part.write_bytes(kept[:-10])
    assert refusal(folder).startswith(f"{part.name} cannot be read as a safetensors file")
    index = folder / "model.safetensors.index.json"
    for names in ({"a": "../other.safetensors"}, {"a": 3}, {}, []):
        index.write_text(json.dumps({"weight_map": names}))
        assert (
            refusal(folder)
            == "ast cannot be used: its model.safetensors.index.json names no parts of the weights."
        )
    index.write_text(json.dumps({"weight_map": {"a": "x" * 300}}))  # longer than a file's name may be
    sentence = refusal(folder)
    assert re.fullmatch("ast lacks x+…x+, a part of the weights.", sentence)


@pytest.mark.parametrize(
    ("key", "sentence_part"),
    [
        (
            "encoder.layer.3.attention.attention.key.weight",
            "lacks encoder.layer.3.attention.attention.key.weight",
        ),
        ("encoder.layer.3.output.dense.bias", "lacks encoder.layer.3.output.dense.bias of shape (128,)"),
        ("embeddings.distillation_token", "lacks embeddings.distillation_token of shape (1, 1, 128)"),
        (
            "embeddings.patch_embeddings.projection.weight",
            "lacks embeddings.patch_embeddings.projection.weight",
        ),
        ("layernorm.weight", "lacks layernorm.weight of shape (128,)"),
    ],
)
def test_weight_missing_by_its_own_name(folder, key, sentence_part):
    state = load_file(folder / "model.safetensors")
    del state[f"audio_spectrogram_transformer.{key}"]
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    assert sentence_part in refusal(folder)


def test_weights_of_another_shape(folder):
    state = load_file(folder / "model.safetensors")
    name = "audio_spectrogram_transformer.encoder.layer.2.attention.attention.query.weight"
    save_file(state | {name: torch.zeros(64, 128)}, folder / "model.safetensors")
    assert "query.weight, key and value differ in shape" in refusal(folder)
    save_file(state | {"adapter.weight": torch.zeros(1)}, folder / "model.safetensors")
    assert "has weights this model does not know, such as adapter.weight" in refusal(folder)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("time_new_pos_embed", "PaSST"),
        ("encoder.layers.0.self_attn.grep_linear.weight", "BEATs"),
        ("module.patch_embed_a.proj.weight", "CAV-MAE"),
        ("modality_encoders.IMAGE.context_encoder.norm.weight", "EAT"),
        ("layers.0.blocks.0.attn.relative_position_bias_table", "HTS-AT"),
        ("wav2vec2.feature_extractor.conv_layers.0.conv.weight", "wav2vec 2.0 or one of its kin"),
    ],
)
def test_other_audio_transformers_are_named(tmp_path, key, name):
    path = checkpoint_files.save(tmp_path / "a.pt", {"model": {key: torch.ones(2, 2)}})
    assert refusal(path) == f"a.pt cannot be used: it holds {name}; expected AudioMAE or AST."


def test_other_kernels_and_grids_are_named(tmp_path):
    state = checkpoint_files.ast_state() | {"module.v.patch_embed.proj.weight": torch.zeros(128, 1, 128, 2)}
    assert "SSAST's with frames for patches" in refusal(checkpoint_files.save(tmp_path / "a.pth", state))
    state = {"model": checkpoint_files.audiomae_state() | {"pos_embed": torch.zeros(1, 191, 128)}}
    assert "190 patches" in (sentence := refusal(checkpoint_files.save(tmp_path / "b.pth", state)))
    assert "M2D" in sentence


# -- the authors' own files, with overlap, and kin of AST and AudioMAE


@pytest.mark.parametrize(
    ("patches", "classes", "frames", "stride"),
    [
        (1212, 527, 1024, 10),
        (850, 527, 1024, 12),
        (657, 527, 1024, 14),
        (144, 35, 128, 10),
        (600, 50, 512, 10),
    ],
)
def test_official_files_with_overlapping_patches(tmp_path, patches, classes, frames, stride):
    state = checkpoint_files.ast_state(patches=patches, classes=classes)
    model = load_model(checkpoint_files.save(tmp_path / "a.pth", state))
    assert model.config.frames == frames and model.config.grid == Grid.of(frames, stride, stride)
    columns = model.config.grid.columns
    kernel = state["module.v.patch_embed.proj.weight"]
    positions = state["module.v.pos_embed"]
    spec = pictures(frames, 1)
    tokens = model.embed(spec)[0]
    for patch in (0, 1, model.config.grid.rows, patches // 2, patches - 1):
        t, f = divmod(patch, model.config.grid.rows)
        seen = spec[0, stride * t : stride * t + 16, stride * f : stride * f + 16].T
        expected = (kernel[:, 0] * seen).sum((1, 2)) + state["module.v.patch_embed.proj.bias"]
        expected = expected + positions[0, 2 + f * columns + t]
        torch.testing.assert_close(tokens[2 + patch], expected, atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_the_same_weights_by_either_name_answer_alike(tmp_path):
    """The authors' form against transformers', whose conversion splits what the authors stack."""
    original = files.model_of(files.config_of())
    state = {}
    for key, value in original.state_dict().items():
        key = (
            key.removeprefix("audio_spectrogram_transformer.")
            .replace("embeddings.", "v.")
            .replace("layers", "v.blocks")
        )
        for theirs, ours in (
            ("layernorm_before", "norm1"),
            ("layernorm_after", "norm2"),
            ("attention.o_proj", "attn.proj"),
            ("position_embeddings", "pos_embed"),
            ("distillation_token", "dist_token"),
            ("patch_v.projection", "patch_embed.proj"),
            ("classifier.dense", "mlp_head.1"),
            ("classifier.layernorm", "mlp_head.0"),
        ):
            key = key.replace(theirs, ours)
        state[key.replace("layernorm.", "v.norm.") if key.startswith("layernorm.") else key] = value
    for i in range(files.BLOCKS):
        for kind in ("weight", "bias"):
            parts = [state.pop(f"v.blocks.{i}.attention.{name}_proj.{kind}") for name in "qkv"]
            state[f"v.blocks.{i}.attn.qkv.{kind}"] = torch.cat(parts)
    path = checkpoint_files.save(tmp_path / "a.pth", {f"module.{key}": value for key, value in state.items()})
    specs = pictures(128)
    logits = load_model(path, frames=128)(specs).logits
    torch.testing.assert_close(logits, original(specs).logits, atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_ssast_is_an_ast_without_classes(tmp_path):
    state = {k: v for k, v in checkpoint_files.ast_state().items() if "mlp_head" not in k}
    encoder = load_model(checkpoint_files.save(tmp_path / "encoder.pth", dict(state)))
    extra = {
        "mask_embed": torch.ones(1, 1, 128),
        "p_input_fdim": torch.tensor(128),
        "p_input_tdim": torch.tensor(1024),
    }
    extra |= {
        f"{name}.{i}.{kind}": torch.ones(2)
        for name in ("cpredlayer", "gpredlayer")
        for i in (0, 2)
        for kind in ("weight", "bias")
    }
    state |= {f"module.{key}": value for key, value in extra.items()}
    model = load_model(checkpoint_files.save(tmp_path / "SSAST-Base-Patch-400.pth", state))
    assert (model.config.family, model.config.classes, model.config.frames) == ("ast", 0, 1024)
    specs = pictures(1024, 1)
    features = model(specs).logits
    assert features.shape == (1, model.config.dim) and torch.equal(features, encoder(specs).logits)


@torch.inference_mode()
def test_audiomae_inside_another_model(tmp_path):
    state = {
        k: v
        for k, v in checkpoint_files.audiomae_pretrained_state().items()
        if not k.startswith(("decoder", "mask"))
    }
    path = tmp_path / "model.safetensors"
    save_file({f"encoder.{key}": value for key, value in state.items()}, path)
    (tmp_path / CONFIG).write_text('{"model_type": "audiomae"}')
    model, plain = (
        load_model(tmp_path),
        load_model(checkpoint_files.save(tmp_path / "a.pth", {"model": state})),
    )
    specs = pictures(1024, 1)
    assert model.config.classes == 0 and torch.equal(model(specs).logits, plain(specs).logits)


def test_settings_nested_too_deeply_are_refused(tmp_path):
    (tmp_path / "config.json").write_text("[" * 100_000)
    with pytest.raises(InputError, match=r"config\.json cannot be read"):
        read_json(tmp_path / "config.json")
