"""The measurement of speed, on a clock of its own."""

from __future__ import annotations

import json

import pytest

from tests.conftest import tiny_config
from tpexplore.cli import main
from tpexplore.model.forward import Entered
from tpexplore.model.vit import AudioViT
from tpexplore.study import speed as bench


def test_bench_reports_ratios(monkeypatch):
    """On a clock that MACs move on: times are to each other as the MACs are."""
    now = [0.0]
    whole_pass = Entered.output

    def output(self, keep_rate=1.0, score="attention", method="drop", seed=0):
        now[0] += self.model.config.macs(keep_rate, self.blocks, method) / 1e9
        return whole_pass(self, keep_rate, score, method, seed)

    monkeypatch.setattr(Entered, "output", output)
    monkeypatch.setattr(bench, "seconds_now", lambda device: now[0])
    monkeypatch.setattr(bench, "_matrix_gflops", lambda device: {"plain": 1.0})
    monkeypatch.setattr(bench, "_vit_b", lambda frames: AudioViT(tiny_config("audiomae")).eval())
    monkeypatch.setattr(bench, "bundled_names", lambda: ["ast-spc12"])
    monkeypatch.setattr(bench, "RUNS", 2)  # on this clock all runs take the same time
    results = bench.measure()
    assert len(results["models"]) == 3
    for model in results["models"]:
        assert list(model["methods"]) == ["fuse", "merge"]
        for rates in (model["keep_rates"], *model["methods"].values()):
            assert rates["0.5"]["mac_ratio"] < rates["0.7"]["mac_ratio"] < 1
            for ratio in rates.values():
                assert ratio["time_ratio"] == pytest.approx(ratio["mac_ratio"], abs=1e-4)
        assert model["sweep_ratio"] == pytest.approx(model["separate_ratio"], abs=1e-3)
        assert model["unpruned_gflops"] == 2
    json.dumps(results)
    assert "keep-rate 0.5" in bench.as_text(results)


@pytest.mark.filterwarnings("error")  # torch warns of names that it has given up
def test_bench_names_a_device_that_is_not_there(capsys):
    for device in ("gpu", "meta", "vulkan", "mkldnn", "hpu", "privateuseone"):
        assert main(["bench", "--device", device]) == 2
        error = capsys.readouterr().err
        assert (
            error.startswith(f"Device {device!r} cannot be used here; expected cpu")
            and error.count("\n") == 1
        )
