"""Every text file that a command or call reads is read in any encoding, or refused in a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.encodings import ENCODINGS, NO_TEXT
from tests.training.data.test_index_file import INDEX
from tpexplore import space
from tpexplore.checkpoints import bundled, labels
from tpexplore.checkpoints.adapters import refuse_adapter
from tpexplore.checkpoints.huggingface import read_config, read_settings
from tpexplore.checkpoints.sources import find_source
from tpexplore.commands import macs
from tpexplore.errors import InputError
from tpexplore.results import store
from tpexplore.study.batch_journal import FileOutcome, Journal
from training.data import answers
from training.data.index_file import read_index
from training.engine.identity import read_json
from training.recipes.settings import FOLDER, FinetuneRecipe, load_recipe
from training.scoring import class_names

ASSETS = bundled.ASSETS
CONFIG = {"model_type": "audio-spectrogram-transformer", "id2label": {"0": "grün"}}


@dataclass
class Reader:
    """A file's name, a text that it may hold, and its reader."""

    name: str
    text: str
    read: Callable[[Path, pytest.MonkeyPatch], object]


def as_json(content: object) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def shards(path: Path, _) -> object:
    (path.parent / "model-1.safetensors").write_bytes(b"x")
    return find_source(str(path.parent)).weights


def adapter(path: Path, _) -> object:
    with pytest.raises(InputError) as caught:
        refuse_adapter(path)
    if "grün" not in str(caught.value):
        raise caught.value
    return str(caught.value)


def card(path: Path, patch) -> object:
    patch.setattr(bundled, "MODELS_FOLDER", path.parent)
    return bundled.bundled_card("ast-grün")


def examples(path: Path, patch) -> object:
    patch.setattr(bundled, "EXAMPLES_FOLDER", path.parent)
    return bundled.example_clips()


def results(path: Path, _) -> object:
    content, problem = store.read_json(path)
    if problem:
        raise InputError(f"{problem}.")
    return content


def journal(path: Path, _) -> object:
    """Whether work continues where it stopped."""
    work = Journal(path.parent, 0, Path("/clips"))
    work.add("a.wav", FileOutcome([]))
    work.begin({"model": "grün"})
    return path.stat().st_size


def tags(path: Path, patch) -> object:
    patch.setattr(labels, "AUDIOSET_FILE", path)
    return labels.audioset_labels.__wrapped__()


def classes(path: Path, patch) -> object:
    patch.setattr(class_names, "ESC50_FILE", path)
    return class_names.audioset_names()


def table(path: Path, patch) -> object:
    patch.setattr(macs, "PUBLISHED_TABLES", path)
    return macs.published_table()


def front_matter(path: Path, patch) -> object:
    patch.setattr(space, "_setting_problems", lambda settings, root: ())
    return space.check_front_matter(path.parent)


def tagger(path: Path, patch) -> object:
    patch.setattr(answers, "read_joined", lambda folder: (1, 2))
    return answers.read_answers(path.parent.parent)


EXAMPLE = {"file": "a.wav", "labels": {"esc50": ["grün"]}, "title": "grün", "description": "Grün."}
RECIPE = (FOLDER / "ast-spc12.json").read_text(encoding="utf-8")
FEATURES = {**INDEX, "class_names": ["grün", "\ufeffrot"]}
READERS = [
    Reader("config.json", as_json(CONFIG), lambda path, _: read_settings(read_config(path), None)),
    Reader("preprocessor_config.json", '{"mean": 1}\n', lambda path, _: read_settings(CONFIG, path)),
    Reader("model.safetensors.index.json", '{"weight_map": {"grün": "model-1.safetensors"}}\n', shards),
    Reader("adapter_config.json", '{"base_model_name_or_path": "grün"}\n', adapter),
    Reader("ast-grün.json", as_json({"labels": ["grün"]}), card),
    Reader("examples.json", as_json([EXAMPLE]), examples),
    Reader("results.json", as_json({"dataset": "grün"}), results),
    Reader("settings.json", as_json({"folder": "/clips", "model": "grün"}), journal),
    Reader("audioset.csv", 'index,mid,display_name\n0,/m/1,"Grün, rot"\n1,/m/2,Café\n', tags),
    Reader("esc50.csv", "esc50,audioset\ngrün,Speech\n", classes),
    Reader("tables.json", as_json({"table2_gmacs": {"datasets": ["grün"]}}), table),
    Reader("README.md", "---\ntitle: Grün\n---\n\nText\n", front_matter),
    Reader("recipe.json", RECIPE, lambda path, _: load_recipe(str(path), FinetuneRecipe)),
    Reader("run.json", as_json({"features": ["grün"]}), lambda path, _: read_json(path)),
    Reader("index.json", as_json(FEATURES), lambda path, _: read_index(path.parent)),
    Reader("answers-1/index.json", '{"tagger_sha256": "grün"}\n', tagger),
]  # fmt: skip


def by_name(reader: Reader) -> str:
    return reader.name


def write(reader: Reader, folder: Path, raw: bytes) -> Path:
    path = folder / reader.name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("reader", READERS, ids=by_name)
def test_every_text_file_is_read_in_every_encoding(tmp_path, monkeypatch, reader):
    expected = reader.read(write(reader, tmp_path, reader.text.encode()), monkeypatch)
    for way, encode in ENCODINGS.items():
        if "cp1252" in way and "\ufeff" in reader.text:
            continue
        content = reader.read(write(reader, tmp_path, encode(reader.text)), monkeypatch)
        if reader.read is not journal:
            assert content == expected, way


@pytest.mark.parametrize("reader", READERS, ids=by_name)
def test_what_is_no_text_is_refused_in_a_sentence(tmp_path, monkeypatch, reader):
    for way, raw in NO_TEXT.items():
        with pytest.raises(InputError) as caught:
            reader.read(write(reader, tmp_path, raw), monkeypatch)
        sentence = str(caught.value)
        assert len(sentence) < 400 and "\n" not in sentence, way
