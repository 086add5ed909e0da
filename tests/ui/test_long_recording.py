"""The Long recording tab on the server: slices, what a window is sent as, and the downloads."""

from __future__ import annotations

import base64
import csv
import io

import numpy as np
import pytest
import soundfile

from tpexplore import InputError, explore_windows
from tpexplore.study.window_table import COLUMNS, label_lines, rows_of
from tpexplore.ui.choices import ModelChoice
from tpexplore.ui.tabs import long_recording as tab

CHOICE = ModelChoice("Tiny", "tiny")


@pytest.fixture
def clip(tmp_path, model_of_every_choice) -> str:
    """Ten seconds and a bit, with silence in the third window; the tiny model runs it."""
    sound = np.random.default_rng(0).normal(0, 0.1, 170_000)
    first, last = (round(16_000 * model_of_every_choice.config.seconds * k) for k in (2, 3))
    sound[first:last] = 0
    soundfile.write(tmp_path / "long.wav", sound, 16_000)
    return str(tmp_path / "long.wav")


@pytest.fixture
def recording(clip) -> tab.LongRecording:
    return tab.LongRecording(tab.stamp_of(clip, CHOICE), clip, CHOICE)


def ask(recording, run, do: str, **more):
    return tab.respond(recording, run, {"id": 7, "do": do, "stamp": recording.stamp, **more})


def run_to_the_end(recording) -> tuple[tab.LongRecordingRun, list[dict]]:
    run, answer = ask(recording, None, "start", score="attention", keepRate=0.3)
    windows = answer["windows"]
    while not answer["finished"]:
        run, answer = ask(recording, run, "next")
        windows += answer["windows"]
    return run, windows


def test_slices_are_the_windows_of_the_library(recording, model, monkeypatch):
    monkeypatch.setattr(tab, "SLICE_SECONDS", 0)  # one window at a time
    run, windows = run_to_the_end(recording)
    expected = list(explore_windows(model, recording.path, keep_rates=[0.3]))
    assert len(windows) == len(expected) == tab.describe(recording)["windows"]
    for sent, window in zip(windows, expected, strict=True):
        (point,) = window.points
        assert (sent["start"], sent["end"]) == (round(window.start, 4), round(window.end, 4))
        assert (sent["before"][0], sent["after"][0]) == (window.answer, window.label(point))
        assert sent["silent"] == window.silent
        kept = np.frombuffer(base64.b64decode(sent["kept"]), np.uint8) / 255
        level = base64.b64decode(sent["level"])
        rows = model.config.grid.rows
        assert len(kept) == len(level) <= model.config.grid.columns
        by_column = np.bincount(point.kept[10] // rows, minlength=model.config.grid.columns) / rows
        assert np.abs(kept - by_column[: len(kept)]).max() < 0.003
    assert [sent["silent"] for sent in windows].index(True) == 2 and sum(s["silent"] for s in windows) == 1
    assert run.finished and [row["window"] for row in run.rows] == list(range(len(windows)))


def test_downloads_have_the_one_schema(recording, model):
    run, windows = run_to_the_end(recording)
    rows = list(csv.DictReader(io.StringIO(ask(recording, run, "csv")[1]["text"])))
    assert list(rows[0]) == list(COLUMNS) and len(rows) == len(windows)
    expected = [
        row
        for window in explore_windows(model, recording.path, keep_rates=[0.3])
        for row in rows_of(window, "long.wav")
    ]
    same = [name for name in COLUMNS if name not in ("pass_ms", "probability", "unpruned_probability")]
    assert [[row[name] for name in same] for row in rows] == [
        [str(row[name]) for name in same] for row in expected
    ]
    assert ask(recording, run, "labels")[1]["text"] == label_lines(expected)


def test_method_and_blocks_are_followed(recording, model):
    way = {"method": "merge", "blocks": "1,2,3", "rates": "0.9,0.6,0.5"}
    run, answer = ask(recording, None, "start", score="intensity", keepRate=0.5, **way)
    rates = (0.9, 0.6, 0.5)
    window = next(
        explore_windows(model, recording.path, keep_rates=[rates], method="merge", blocks=(1, 2, 3))
    )
    assert answer["windows"][0]["share"] == round(window.share_kept(window.points[0]), 4)
    row = run.rows[0]
    assert (row["method"], row["blocks"], row["keep_rate"]) == ("merge", "1 2 3", "0.9 0.6 0.5")


def test_a_run_goes_on_only_with_its_own_recording(recording, clip):
    run, answer = ask(recording, None, "start", score="intensity", keepRate=0.5)
    assert answer["id"] == 7 and answer["windows"]
    soundfile.write(clip, np.zeros(16_000), 16_000)  # another file by the same name
    other = tab.LongRecording(tab.stamp_of(clip, CHOICE), clip, CHOICE)
    assert other.stamp != recording.stamp
    assert "changed" in tab.respond(other, run, {"do": "next", "stamp": recording.stamp})[1]["problem"]
    assert "start it again" in ask(other, run, "next")[1]["problem"]


@pytest.mark.parametrize(
    "request_",
    [
        None,
        "x",
        {},
        {"do": "start"},
        {"do": "start", "score": "attention", "keepRate": 0},
        {"do": "start", "score": "x", "keepRate": 0.5},
        {"do": "next"},
        {"do": "csv"},
        {"do": []},
    ],
)
def test_what_no_board_sends_ends_in_one_sentence(recording, request_):
    if isinstance(request_, dict):
        request_ = {"stamp": recording.stamp, **request_}
    run, answer = tab.respond(recording, None, request_)
    assert run is None and answer["problem"].endswith(".") and "log says why" not in answer["problem"]


def test_windows_are_counted_as_they_are_cut(model, tmp_path):
    for seconds in (0.03, 1.0, 1.3, 1.31, 1.33, 2.59, 2.6, 7.0):
        path = tmp_path / "a.wav"
        soundfile.write(path, np.full(round(16_000 * seconds), 0.1), 16_000)
        analysed = len(list(explore_windows(model, path, keep_rates=[0.5])))
        assert tab.window_count(seconds, model.config.seconds) == analysed, seconds


def test_a_file_that_is_gone_is_named(recording, tmp_path):
    (tmp_path / "long.wav").unlink()
    with pytest.raises(InputError, match="no longer here"):
        tab.describe(recording)
