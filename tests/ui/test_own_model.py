"""The field for a person's own model: who may use it, what may be typed, its messages, and the menu after."""

from __future__ import annotations

import json
from types import SimpleNamespace

import gradio as gr
import huggingface_hub
import pytest

from tests import transformers_files as files
from tpexplore.checkpoints.sources import wanted_files
from tpexplore.errors import InputError
from tpexplore.model.device import device_name
from tpexplore.ui import own_model
from tpexplore.ui.choices import ModelChoice, cached_model
from tpexplore.ui.page import Page

NAME = "hf_hub:MIT/ast-finetuned-audioset-10-10-0.4593"


@pytest.fixture(autouse=True)
def at_home(monkeypatch):
    monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.delenv(own_model.ALLOW, raising=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return files.save(tmp_path_factory.mktemp("models") / "my-ast", files.model_of(files.config_of()))


@pytest.mark.parametrize(
    ("space", "allowed", "offered"),
    [(None, None, True), (None, "0", False), ("a/b", None, False), ("a/b", "1", True), ("a/b", "0", False)],
)
def test_a_space_offers_it_only_where_its_owner_says_so(monkeypatch, space, allowed, offered):
    if space:
        monkeypatch.setenv("SPACE_ID", space)
    if allowed:
        monkeypatch.setenv(own_model.ALLOW, allowed)
    assert own_model.is_offered() is offered


@pytest.mark.parametrize(
    "text",
    [
        NAME,
        f"  {NAME} ",
        "MIT/ast-finetuned-audioset-10-10-0.4593",
        "https://huggingface.co/MIT/ast-finetuned-audioset-10-10-0.4593",
        "https://huggingface.co/MIT/ast-finetuned-audioset-10-10-0.4593/tree/main?x=1",
    ],
)
def test_the_ways_to_name_a_repository(text):
    choice = own_model.choice_of(text)
    assert (choice.source, choice.label) == (NAME, "ast-finetuned-audioset-10-10-0.4593")


def test_files_and_folders_of_this_machine(folder, monkeypatch):
    assert own_model.choice_of(f'"{folder}"').label == "my-ast"
    monkeypatch.chdir(folder.parent.parent)
    inside = f"{folder.parent.name}/my-ast"
    assert own_model.choice_of(inside).source == inside  # a folder that is there is no repository
    for text, sentence in (
        ("", "Type hf_hub:owner/name"),
        ("nowhere", "'nowhere' is neither a file nor a bundled"),
    ):
        with pytest.raises(InputError, match=sentence):
            own_model.choice_of(text)
    monkeypatch.setenv("SPACE_ID", "a/b")
    for text in (str(folder), "/etc/passwd"):
        with pytest.raises(InputError, match="is not on the Hugging Face Hub"):
            own_model.choice_of(text)


def test_the_size_is_shown_before_it_is_fetched(folder, monkeypatch):
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()} | {"pytorch_model.bin": 10**9}
    siblings = [SimpleNamespace(rfilename=name, size=size) for name, size in sizes.items()]
    fetched = []
    monkeypatch.setattr(
        huggingface_hub, "model_info", lambda *_, **options: SimpleNamespace(siblings=siblings)
    )
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *_: None)

    def fetch(_repository: str, name: str) -> str:
        fetched.append(name)
        return str(folder / name)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", fetch)
    steps = own_model.loading("someone/my-ast")
    sentence, choice = next(steps)
    expected = sum(sizes[name] for name in ("config.json", "preprocessor_config.json", "model.safetensors"))
    assert sentence.startswith(f"Fetching {expected / 1e6:,.0f} MB.") and choice is None and not fetched
    assert next(steps) == ("Loading my-ast.", None)
    assert next(steps) == ("", ModelChoice("my-ast", "hf_hub:someone/my-ast"))
    assert fetched[-1] == "model.safetensors" and next(steps, None) is None
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *_: "here")
    assert next(own_model.loading("someone/my-ast"))[0] == "Loading my-ast."  # nothing left to fetch


def test_offline_and_without_such_a_repository(monkeypatch):
    def fail(error: Exception):
        def raising(*_arguments, **_options):
            raise error

        return raising

    monkeypatch.setattr(huggingface_hub, "model_info", fail(OSError("no network")))
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", fail(OSError("no network")))
    steps = own_model.loading("someone/other")
    assert next(steps)[0] == "Loading other."
    with pytest.raises(InputError, match=r"hf_hub:someone/other could not be fetched \(no network\)\.$"):
        next(steps)
    missing = huggingface_hub.errors.RepositoryNotFoundError.__new__(
        huggingface_hub.errors.RepositoryNotFoundError
    )
    monkeypatch.setattr(huggingface_hub, "model_info", fail(missing))
    with pytest.raises(InputError, match="hf_hub:someone/other does not exist on the Hugging Face Hub"):
        next(own_model.loading("someone/other"))


def test_files_that_a_model_needs():
    names = {"config.json", "README.md", "pytorch_model.bin", "model.safetensors.index.json", "a.txt"}
    parts = {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"}
    assert set(wanted_files(names | parts)) == {"config.json", "model.safetensors.index.json"} | parts
    assert wanted_files(["model.safetensors", "pytorch_model.bin"]) == ["model.safetensors"]
    assert wanted_files(["pytorch_model.bin"]) == ["pytorch_model.bin"]
    assert wanted_files(["a.txt"]) == []


def test_a_loaded_model_joins_the_menu_and_is_chosen(folder):
    choices = [ModelChoice("One", "one")]
    with gr.Blocks():
        tabs = gr.Tabs()
        page = Page(tabs, [SimpleNamespace(id="a", tab=SimpleNamespace(link={}))], None, choices)
    *progress, (status, menu, shown, used, own) = page.on_own_model(str(folder), ())
    assert progress[0][0] == "Loading my-ast." and status == ""
    assert menu["value"] == str(folder) and menu["choices"] == [("my-ast", str(folder)), ("One", "one")]
    assert [model["task"] for model in json.loads(shown)["models"]] == ["my-ast", "One"]
    config = cached_model(page.choices[str(folder)]).config
    assert config.classes == 12
    assert json.loads(used) == {
        "source": str(folder),
        "about": f"my-ast: 12 answers, 144 patches, {config.macs() / 1e9:.1f} G MACs without pruning."
        f" It runs on {device_name(cached_model(page.choices[str(folder)]).device)}.",
    }
    assert own == (ModelChoice("my-ast", str(folder)),)
    *_, (_, again, _, _, still) = page.on_own_model(str(folder), own)
    assert again == menu and still == own
    (last,) = page.on_own_model("nowhere", own)
    assert "is neither a file nor a bundled model" in last[0]
    assert len(page.choices) == 2


def test_the_menu_offers_nobody_else_s_models(folder, tmp_path):
    theirs = tmp_path / "theirs"
    theirs.symlink_to(folder)
    with gr.Blocks():
        tabs = gr.Tabs()
        page = Page(
            tabs, [SimpleNamespace(id="a", tab=SimpleNamespace(link={}))], None, [ModelChoice("One", "one")]
        )
    *_, _ = page.on_own_model(str(theirs), ())
    *_, (_, menu, shown, _, own) = page.on_own_model(str(folder), ())
    assert menu["choices"] == [("my-ast", str(folder)), ("One", "one")] and "theirs" not in shown
    assert [choice.label for choice in own] == ["my-ast"]
