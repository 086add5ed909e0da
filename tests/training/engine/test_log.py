"""The log of a training, in its folder and on the terminal."""

import json
from pathlib import Path

import pytest
from tqdm import tqdm

from training.engine.loop import append_log


@pytest.mark.parametrize("error", [BrokenPipeError(32, "Broken pipe"), OSError(5, "Input/output error")])
def test_training_continues_when_nobody_reads_its_output(tmp_path: Path, monkeypatch, error) -> None:
    """After ``| tee`` or the terminal ended, training used to stop unsaved, with exit code 0 or 2."""

    def write(text: str) -> None:
        raise error

    monkeypatch.setattr(tqdm, "write", write)
    monkeypatch.setattr("training.engine.loop.discard_output", lambda: None)  # the tests' own
    append_log(tmp_path, {"step": 1})
    assert json.loads((tmp_path / "log.jsonl").read_text()) == {"step": 1}
