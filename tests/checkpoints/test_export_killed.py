"""An export that is killed while it writes: no half file under the name, and the next export tidies up."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import onnxruntime
import pytest

from tests.checkpoints.test_export import tiny
from tpexplore import export
from tpexplore.checkpoints import export as module
from tpexplore.checkpoints.files import sha256_of
from tpexplore.model.vit import AudioViT

MOMENTS = [("fsync", 1), ("fsync", 2), ("replace", 1), ("replace", 2)]
"""System calls during which the process dies while it writes the card and the file."""


@pytest.fixture(scope="module")
def model() -> AudioViT:
    return tiny("ast", blocks=1)


@pytest.fixture(scope="module")
def content(model, tmp_path_factory) -> bytes:
    """What a real export writes."""
    path = tmp_path_factory.mktemp("whole") / "pruned.onnx"
    export(model, path, 0.5, blocks=(1,))
    onnxruntime.InferenceSession(path)
    return path.read_bytes()


def write(model: AudioViT, path: Path, content: bytes) -> None:
    """`export`, from the point at which the graph is ready."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_traced", lambda *arguments, **options: None)
        patch.setattr(module, "_onnx", lambda *arguments: content)
        export(model, path, 0.5, blocks=(1,))


def write_and_die(model: AudioViT, path: Path, content: bytes, call: str, number: int) -> None:
    """Write in a process that is killed at its nth system call of a kind."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        assert os.WTERMSIG(status) == signal.SIGKILL
        return
    calls = []

    def dying(*arguments: object) -> None:
        calls.append(arguments)
        if len(calls) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return really(*arguments)

    owner = {"fsync": os, "replace": Path}[call]
    really = getattr(owner, call)
    setattr(owner, call, dying)
    try:
        write(model, path, content)
    finally:
        os._exit(0)


@pytest.mark.parametrize("is_second", [False, True], ids=["the first export", "over an earlier one"])
@pytest.mark.parametrize(("call", "number"), MOMENTS)
def test_a_killed_export_leaves_nothing_half(tmp_path, model, content, call, number, is_second):
    path, card = tmp_path / "pruned.onnx", tmp_path / "pruned.onnx.json"
    if is_second:
        write(model, path, content[:-1])
    write_and_die(model, path, content, call, number)
    assert not path.exists() or path.read_bytes() in (content, content[:-1])
    assert not card.exists() or json.loads(card.read_text())["sha256"] == sha256_of(path)
    write(model, path, content)
    assert sorted(file.name for file in tmp_path.iterdir()) == [path.name, card.name]
    assert path.read_bytes() == content and json.loads(card.read_text())["sha256"] == sha256_of(path)
