"""A model with overlapping patches through what looks at a clip: sweep, stability, tables, pictures."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
import soundfile
import torch

from tpexplore.errors import InputError
from tpexplore.figures.clusters import cell_axes, cluster_map
from tpexplore.figures.figure_csv import to_csv
from tpexplore.model.config import ModelConfig
from tpexplore.model.plan import KEEP_RATES
from tpexplore.model.vit import AudioViT
from tpexplore.results.takeaway import build_takeaway, tokens_csv
from tpexplore.signal.grid import Grid
from tpexplore.study.overlap import check_same_cut
from tpexplore.study.stability import Change, stability
from tpexplore.study.sweep import explore
from tpexplore.ui import analysis
from tpexplore.ui.analysis import analyse_clip
from tpexplore.ui.choices import ModelChoice
from tpexplore.ui.payload import ROW_STEPS, bin_rows, build_payload


@pytest.fixture(scope="module")
def model() -> AudioViT:
    """128 frames in 12 by 12 patches, as AST for Speech Commands has them."""
    torch.manual_seed(0)
    config = ModelConfig("ast", 128, 64, 12, 5, mean=-6.0, std=4.0, mel_stride=10, time_stride=10)
    model = AudioViT(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.2)
    return model


@pytest.fixture(scope="module")
def clip() -> np.ndarray:
    """0.8 s of noise that swells."""
    return (np.random.default_rng(0).standard_normal(12_800) * np.linspace(0.01, 0.3, 12_800)).astype(
        np.float32
    )


@pytest.fixture(scope="module")
def exploration(model, clip):
    return explore(model, clip, keep_rates=(0.5, 1.0))


def test_statistics_of_a_sweep_are_of_whole_patches(exploration):
    spec = exploration.spectrogram
    for patch in (0, 1, 13, 143):
        t, f = divmod(patch, 12)
        seen = spec[10 * t : 10 * t + 16, 10 * f : 10 * f + 16]
        assert exploration.intensity[patch] == pytest.approx(seen.mean(), abs=1e-5)
        assert exploration.variation[patch] == pytest.approx(seen.std(ddof=1), rel=1e-4, abs=1e-6)
    assert [len(ids) for ids in exploration.points["attention"][0].kept.values()] == [72, 36, 18]


def test_table_tells_extents_and_padding(exploration):
    rows = list(csv.DictReader(io.StringIO(tokens_csv(exploration, 0.5, "attention"))))
    assert len(rows) == 144
    edges = [float(row["low_hz"]) for row in rows[:12]]
    assert edges == sorted(edges) and edges[1] < float(rows[0]["high_hz"])  # rows overlap
    for patch in (0, 25, 143):
        t = patch // 12
        assert (rows[patch]["start_s"], rows[patch]["end_s"]) == (
            f"{t / 10:.3f}",
            f"{t / 10 + 0.16:.3f}",
        )
        assert int(rows[patch]["padding"]) == (10 * t >= exploration.real_frames)
    assert exploration.real_frames == 78
    assert build_takeaway(exploration, keep_rate=0.5, score="attention", clip_name="noise")


def test_message_names_the_grid(exploration, clip):
    message = json.loads(json.dumps(build_payload(exploration, samples=clip, name="noise")))
    picture = message["picture"]
    assert picture["grid"] == {"rows": 12, "columns": 12, "melStride": 10, "timeStride": 10, "patch": 16}
    assert picture["patches"] == len(picture["intensity"]) == 144
    places = bin_rows(exploration.config.grid) / ROW_STEPS
    assert places.shape == (257,) and (np.diff(places) >= 0).all() and places[-1] == 22  # 23 parts


def test_a_shift_moves_ids_by_columns_of_the_stride(model, clip):
    moved = stability(model, clip, 0.5, "intensity", changes=(Change("shift", 10), Change("shift", -20)))
    assert np.isnan(moved.survival[4]).sum() == 0
    alone = stability(model, clip, 0.5, "intensity", changes=(Change("shift", 10),))
    # The last column leaves the picture, 12 patches high.
    assert np.flatnonzero(np.isnan(alone.survival[4])).tolist() == list(range(132, 144))


def test_models_that_cut_differently_are_not_compared(model, exploration, clip):
    plain = AudioViT(ModelConfig("ast", 128, 64, 12, 5, mean=-6.0, std=4.0, name="plain")).eval()
    other = explore(plain, clip, keep_rates=(0.5,), scores=("intensity",))
    check_same_cut(exploration, exploration)
    with pytest.raises(
        InputError,
        match=r"10 frames apart, but plain has \d+ rows of patches, 16 mel bins and 16",
    ):
        check_same_cut(exploration, other)


def test_maps_are_drawn_by_the_edges_of_their_cells():
    grid = Grid.of(128, 10, 10)
    x, y = cell_axes(grid)
    assert (len(x), len(y)) == (13, 13) and x[0] == 0 and x[-1] == 1.26 and (x[1], y[1]) == (0.13, 13 / 16)
    figure = cluster_map(
        [0] * 144, "intensity", list(range(144)), [-3, -1, 0, 1, 2, 3], 128, [("1k", 0.3)], grid=grid
    )
    assert np.asarray(figure.data[0].z).shape == (12, 12)
    header, first, *others = to_csv(figure).splitlines()
    assert header == "series,seconds,mel row,cluster,intensity" and len(others) == 143
    assert first == "patches,0.065,0.40625,1,0"  # the middle of the outer cell, 13 frames by 13 bins
    x, y = cell_axes(Grid.of(128))
    assert (len(x), len(y)) == (8, 8) and x[0] == 0.08 and y[0] == 0.5


def test_the_page_gets_the_chosen_keep_rate_first_then_its_neighbours(
    model_of_every_choice, clip, tmp_path, monkeypatch
):
    """With 1,212 patches a pass takes seconds, so nobody should wait for keep-rates not chosen."""
    path = tmp_path / "noise.wav"
    soundfile.write(path, clip, 16_000)
    monkeypatch.setattr(analysis, "PART_SECONDS", 0)  # every pass is sent by itself
    messages = analyse_clip(path, ModelChoice("own", "own"), score="variation", keep_rate=0.55)
    first, *later = messages
    assert {score: part["rates"] for score, part in first["scores"].items()} == {"variation": [0.55, 1.0]}
    assert first["rates"] == sorted(KEEP_RATES)
    sent = [(score, rate) for part in later for score, of in part["scores"].items() for rate in of["rates"]]
    neighbours = [rate for score, rate in sent if score == "variation"]
    assert neighbours == sorted(neighbours, key=lambda rate: abs(rate - 0.55)) and len(neighbours) == 13
    assert [score for score, _ in sent[:13]] == ["variation"] * 13
