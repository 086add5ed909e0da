"""Time of exported models: each turn's own ratio, and a stopped measurement continues."""

import json
import sys
from pathlib import Path

import onnx
import pytest

from tests.conftest import tiny_config
from tpexplore.checkpoints.export import INPUT
from tpexplore.model.vit import AudioViT
from tpexplore.signal.mel import MEL_BINS
from training import export_speed
from training.measure import export_speed as speed


def test_a_slow_turn_affects_pruned_and_unpruned_alike(monkeypatch):
    """Three turns; the second takes three times as long for both."""
    clock = iter([*(0, 10, 0, 5), *(0, 30, 0, 15), *(0, 10, 0, 6)])
    monkeypatch.setattr(speed.time, "thread_time", lambda: next(clock))
    calls = []
    seconds = speed.turns({1.0: lambda: calls.append(1.0), 0.7: lambda: calls.append(0.7)}, runs=3)
    assert calls == [1.0, 0.7] * 4
    assert seconds == {1.0: [10, 30, 10], 0.7: [5, 15, 6]}
    assert speed.median_ratio(seconds[0.7], seconds[1.0]) == 0.5


def test_the_command_writes_after_each_model_and_goes_on(tmp_path, monkeypatch, capsys):
    tiny = AudioViT(tiny_config("ast")).eval()
    exported = []

    def export(model: AudioViT, path: Path, rate: float) -> None:
        """A file with the input of every exported model; test_export.py tests real ones."""
        exported.append(rate)
        shape = (onnx.TensorProto.FLOAT, [1, model.config.frames, MEL_BINS])
        values = [onnx.helper.make_tensor_value_info(name, *shape) for name in (INPUT, "same")]
        node = onnx.helper.make_node("Abs", [INPUT], ["same"])
        graph = onnx.helper.make_graph([node], "one step", values[:1], values[1:])
        opset = onnx.helper.make_opsetid("", 18)
        onnx.save(onnx.helper.make_model(graph, ir_version=10, opset_imports=[opset]), path)

    monkeypatch.setattr(speed, "export", export)
    monkeypatch.setattr(export_speed, "RESULTS_FOLDER", tmp_path)
    monkeypatch.setattr(speed, "RATES", (0.5,))
    monkeypatch.setattr(export_speed, "git_commit", lambda: "abc")
    monkeypatch.setattr(export_speed, "vit_b", lambda: tiny)
    monkeypatch.setattr(export_speed, "bundled_names", lambda: ["broken"])
    monkeypatch.setattr(sys, "argv", ["export_speed", "--runs", "2"])

    def broken(name: str) -> AudioViT:
        raise KeyboardInterrupt

    monkeypatch.setattr(export_speed, "load_model", broken)
    with pytest.raises(KeyboardInterrupt):
        export_speed.main()
    written = json.loads((tmp_path / export_speed.FILE).read_text())
    assert exported == [1.0, 0.5]
    (name, cell), *rest = written["models"].items()
    assert (name, rest, written["n"], written["commit"]) == (speed.VIT_B, [], 2, "abc")
    assert cell["unpruned_ms"] > 0 and cell["keep_rates"]["0.50"]["time_ratio"] > 0
    assert cell["keep_rates"]["0.50"]["mac_ratio"] == round(tiny.config.macs(0.5) / tiny.config.macs(), 4)
    capsys.readouterr()

    monkeypatch.setattr(export_speed, "bundled_names", list)
    monkeypatch.setattr(export_speed, "measure", None)  # nothing is left to measure
    export_speed.main()
    assert capsys.readouterr().out.startswith(f"{speed.VIT_B}: ")
    assert speed.measured_before(tmp_path / export_speed.FILE, {"commit": "abd"}) == {}


WHOLE = {"unpruned_ms": 5.0, "keep_rates": {"0.70": {"time_ratio": 0.6}, "0.50": {"time_ratio": 0.4}}}
HEADING = {"n": 2, "commit": "abc"}


@pytest.mark.parametrize(
    "models",
    [
        *(None, 5, "x", [], {}, {"a": 5}, {"a": []}, {"a": {}}),
        {"a": WHOLE | {"unpruned_ms": None}},
        {"a": WHOLE | {"unpruned_ms": "5"}},
        {"a": WHOLE | {"keep_rates": {}}},
        {"a": WHOLE | {"keep_rates": {"0.70": {"time_ratio": 0.6}}}},
        {"a": WHOLE | {"keep_rates": {"0.70": 5, "0.50": None}}},
        {"a": WHOLE | {"keep_rates": {"0.70": {"time_ratio": "x"}, "0.50": {"time_ratio": 0.4}}}},
    ],
)
def test_damaged_entries_are_measured_again(tmp_path, models):
    """The command used to take it for measured and end in a KeyError when printing it."""
    path = tmp_path / "speed.json"
    path.write_text(json.dumps({**HEADING, "models": models}))
    assert speed.measured_before(path, HEADING) == {}
    if isinstance(models, dict):
        path.write_text(json.dumps({**HEADING, "models": models | {"b": WHOLE}}))
        assert speed.measured_before(path, HEADING) == {"b": WHOLE}


@pytest.mark.parametrize("text", ["", "{", "[]", "5", "null", "[" * 100_000])
def test_a_file_without_results_is_measured_again(tmp_path, text):
    path = tmp_path / "speed.json"
    path.write_text(text)
    assert speed.measured_before(path, HEADING) == {}
