"""The ZIP a person takes home: what is in it, and that its script makes the result again."""

from __future__ import annotations

import ast
import csv
import dataclasses
import io
import json
import math
import os
import runpy
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

import tpexplore as tpx
from tests import ROOT
from tpexplore.checkpoints.bundled import EXAMPLES_FOLDER, bundled_names
from tpexplore.errors import InputError
from tpexplore.model.plan import PRUNE_BLOCKS
from tpexplore.results.takeaway import PNG, build_takeaway, tokens_csv
from tpexplore.signal.grid import Grid
from tpexplore.study.sweep import explore
from tpexplore.ui.payload import row_hertz

EXAMPLE = EXAMPLES_FOLDER / "happy.wav"


def unzip(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def exploration(model, clip):
    return explore(model, clip, keep_rates=(0.4, 0.55, 1.0))


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_holds_what_it_says_and_nothing_of_the_clip(exploration, clip):
    content = build_takeaway(
        exploration,
        keep_rate=0.55,
        score="intensity",
        clip_name="my “clip”.wav",
        start=1.25,
        pictures={"viewer dark": PNG + b"1", "../curve": PNG + b"2"},
    )
    files = unzip(content)
    assert list(files) == ["result.json", "tokens.csv", "reproduce.py", "viewer-dark.png", "-curve.png"]
    assert files["viewer-dark.png"] == PNG + b"1"
    result = json.loads(files["result.json"])
    assert result["exploration"] == json.loads(json.dumps(exploration.to_dict()))
    settings = result["settings"]
    assert (settings["clip"], settings["start"]) == ("my “clip”.wav", 1.25)
    assert (settings["keep_rate"], settings["score"]) == (0.55, "intensity")
    assert settings["weights_sha256"] == exploration.config.sha256
    assert result["versions"]["tpexplore"] == tpx.__version__
    assert result["versions"]["torch"].startswith("2.")
    assert set(result["versions"]) >= {"tpexplore", "torch", "timm"}


def test_same_view_same_bytes(exploration):
    made = [
        build_takeaway(exploration, keep_rate=rate, score="attention", clip_name="x")
        for rate in (0.4, 0.4, 0.55)
    ]
    assert made[0] == made[1] != made[2]


@pytest.mark.parametrize("score", ["attention", "variation"])
@pytest.mark.parametrize("keep_rate", [0.4, 1.0])
def test_tokens_are_the_exploration_s(exploration, score, keep_rate):
    table = lines(tokens_csv(exploration, keep_rate, score))
    assert [int(line["patch"]) for line in table] == list(range(64))
    point = next(p for p in exploration.points[score] if p.keep_rate == keep_rate)
    for block in PRUNE_BLOCKS:
        fates = {int(t["patch"]): int(t["dropped_by_block"]) for t in table}
        kept = [patch for patch, by in fates.items() if not by or by > block]
        assert kept == (point.kept[block].tolist() if point.kept else list(range(64)))
    assert [float(t["intensity"]) for t in table] == pytest.approx(exploration.intensity, rel=1e-5)
    assert [float(t["variation"]) for t in table] == pytest.approx(exploration.variation, rel=1e-5)
    assert (table[0]["start_s"], table[0]["end_s"], table[9]["start_s"]) == ("0.000", "0.160", "0.160")
    # Seconds are those of the file, wherever the window begins.
    later = lines(tokens_csv(exploration, keep_rate, score, start=1.5))
    assert (later[0]["start_s"], later[9]["end_s"]) == ("1.500", "1.820")
    assert {(t["score"], float(t["keep_rate"])) for t in table} == {(score, keep_rate)}
    assert table[7]["high_hz"] == table[15]["high_hz"]
    assert 7900 < float(table[7]["high_hz"]) < 8000
    # 0.6 s fill 58 frames: the fourth column, frames 48 to 63, is partly sound, the fifth is not.
    assert exploration.real_frames == 58
    assert [int(t["padding"]) for t in table] == [0] * 32 + [1] * 32


def test_ranks_are_those_that_pruned(exploration):
    table = lines(tokens_csv(exploration, 0.4, "attention"))
    kept = exploration.points["attention"][0].kept
    for block, present in zip(PRUNE_BLOCKS, (range(64), kept[4], kept[7]), strict=True):
        ranks = {
            int(t["patch"]): int(t[f"attention_rank_{block}"]) for t in table if t[f"attention_rank_{block}"]
        }
        assert sorted(ranks) == list(present)
        assert sorted(ranks.values()) == list(range(1, len(ranks) + 1))
        best = sorted(ranks, key=ranks.get)[: len(kept[block])]
        assert sorted(best) == kept[block].tolist()


def test_ranks_are_empty_where_attention_was_not_explored(model, clip):
    exploration = explore(model, clip, keep_rates=(0.4,), scores=("intensity",))
    assert {line["attention_rank_4"] for line in lines(tokens_csv(exploration, 0.4, "intensity"))} == {""}


def test_rows_lie_where_the_app_draws_them():
    grid = Grid.of(128)
    for row, drawn in enumerate(row_hertz()):
        assert grid.hertz_of(row) == pytest.approx(drawn, abs=0.1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"keep_rate": 0.5}, "Keep-rate 0.5 was not explored; expected one of 0.4, 0.55, 1"),
        ({"keep_rate": 2}, "out of range"),
        ({"score": "loudness"}, "'loudness' was not explored; expected one of attention"),
        ({"pictures": {"a": b"GIF89a"}}, "'a' begins with b'GIF89a'; expected a PNG"),
    ],
)
def test_bad_arguments_are_named(exploration, arguments, words):
    with pytest.raises(InputError) as raised:
        build_takeaway(exploration, **{"keep_rate": 0.4, "score": "attention", "clip_name": "x", **arguments})
    assert words in str(raised.value)


def test_a_score_that_is_no_number_is_no_json(exploration):
    broken = dataclasses.replace(exploration, intensity=np.full(64, math.nan, np.float32))
    with pytest.raises(ValueError, match="JSON"):
        build_takeaway(broken, keep_rate=0.4, score="attention", clip_name="x")


def test_no_name_becomes_code_and_no_folder_is_in_it(exploration):
    name = '"""\nimport os\nos.abort()\n"""{x}'
    content = unzip(
        build_takeaway(
            exploration,
            keep_rate=0.4,
            score="attention",
            clip_name=name,
            source="/home/ann/secret/fine'tuned.pth",
            frames=512,
        )
    )
    script = content["reproduce.py"].decode()
    compile(script, "reproduce.py", "exec")
    assert "abort" not in script
    assert """tpx.load_model("fine'tuned.pth", frames=512)""" in script
    assert b"/home/ann" not in b"".join(content.values())


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("hf_hub:some/model", "hf_hub:some/model"),
        ("hf_hub:MIT/ast-finetuned-audioset-10-10-0.4593", "hf_hub:MIT/ast-finetuned-audioset-10-10-0.4593"),
        ("/home/ann/secret/my-ast", "my-ast"),
        ("/home/ann/secret/ast-0.45/", "ast-0.45"),
        (None, "ast-tiny"),
    ],
)
def test_a_model_is_named_so_that_it_can_be_loaded_but_not_by_its_path(exploration, source, named):
    config = dataclasses.replace(exploration.config, name="ast-tiny")
    content = unzip(
        build_takeaway(
            dataclasses.replace(exploration, config=config),
            keep_rate=0.4,
            score="attention",
            clip_name="x",
            source=source,
        )
    )
    assert f"tpx.load_model({named!r})" in content["reproduce.py"].decode()
    assert b"/home/ann" not in b"".join(content.values())


# -- the script


@pytest.fixture(scope="module")
def bundled():
    """A bundled model."""
    if not bundled_names():
        pytest.skip("no model is bundled")
    return tpx.load_model(bundled_names()[0])


def unpack(content: bytes, folder: Path) -> Path:
    folder.mkdir()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
    return folder / "reproduce.py"


def run_alone(script: Path, *arguments: str) -> subprocess.CompletedProcess:
    """The script as a person runs it."""
    return subprocess.run(
        [sys.executable, script.name, *arguments],
        cwd=script.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )


@pytest.fixture
def run_here(monkeypatch):
    """Run the script in this process, which has torch already; returns its complaint."""

    def run(script: Path, *arguments: str) -> str | None:
        monkeypatch.setattr(sys, "argv", [script.name, *arguments])
        try:
            runpy.run_path(str(script), run_name="__main__")
        except SystemExit as end:
            return end.code
        return None

    return run


def test_script_makes_an_example_again_and_sees_what_differs(bundled, run_here, tmp_path):
    exploration = explore(bundled, tpx.load_audio(EXAMPLE), keep_rates=(0.35, 0.5), scores=("attention",))
    content = build_takeaway(
        exploration, keep_rate=0.35, score="attention", clip_name="“happy”", example=EXAMPLE
    )
    assert unzip(content)["happy.wav"] == EXAMPLE.read_bytes()
    script = unpack(content, tmp_path / "home")
    run = run_alone(script)
    assert (run.returncode, run.stderr) == (0, "")
    top = exploration.points["attention"][0]
    label = bundled.config.labels[top.answer]
    assert run.stdout.startswith(f"answer: {label} ({top.probabilities.max():.1%}), recorded: {label} (")
    for block in PRUNE_BLOCKS:
        count = len(top.kept[block])
        assert f"block {block}: {count} of {count} kept patches are the recorded ones" in run.stdout
    # Another answer is noticed, and so are other weights.
    recorded = script.with_name("result.json")
    text = recorded.read_text(encoding="utf-8")
    recorded.write_text(text.replace(bundled.config.sha256, "0" * 64), encoding="utf-8")
    assert run_here(script) == "The weights differ from those in result.json."
    recorded.write_text(text.replace(f'"label": "{label}"', '"label": "another"'), encoding="utf-8")
    assert run_here(script) == "The answer differs from the recorded one."


def test_script_takes_the_clip_that_stayed_at_home(bundled, run_here, tmp_path, capsys):
    samples, rate = soundfile.read(EXAMPLE)
    path = tmp_path / "recording.wav"
    soundfile.write(path, np.concatenate([np.zeros(20_000), samples, samples]), rate)
    start = 1.23456789
    clip = tpx.load_audio(path, offset=start, duration=bundled.config.seconds)
    exploration = explore(bundled, clip, keep_rates=(0.5,), scores=("variation",))
    content = build_takeaway(
        exploration, keep_rate=0.5, score="variation", clip_name="recording.wav", start=start
    )
    assert not [name for name in unzip(content) if name.endswith(".wav")]
    script = unpack(content, tmp_path / "home")
    assert run_here(script, str(path)) is None
    count = len(exploration.points["variation"][0].kept[10])
    assert f"block 10: {count} of {count} kept" in capsys.readouterr().out
    assert run_here(script) == "Name the clip 'recording.wav': python reproduce.py CLIP"
    assert "nowhere.wav" in run_here(script, "nowhere.wav")


@pytest.mark.parametrize("method", ["fuse", "merge"])
def test_other_blocks_and_methods(model, clip, method):
    rates = (0.9, 0.5)
    exploration = explore(
        model, clip, keep_rates=(rates,), scores=("attention",), blocks=(3, 8), method=method
    )
    content = build_takeaway(exploration, keep_rate=rates, score="attention", clip_name="a.wav")
    archive = zipfile.ZipFile(io.BytesIO(content))
    settings = json.loads(archive.read("result.json"))["settings"]
    assert (settings["blocks"], settings["method"], settings["keep_rate"]) == ([3, 8], method, [0.9, 0.5])
    script = archive.read("reproduce.py").decode()
    assert f"keep_rates=[(0.9, 0.5)], scores=['attention'], blocks=(3, 8), method={method!r})" in script
    ast.parse(script)
    table = lines(tokens_csv(exploration, rates, "attention"))
    assert [name for name in table[0] if "rank" in name] == ["attention_rank_3", "attention_rank_8"]
    left = [line["patch"] for line in table if line["dropped_by_block"] == "0"]
    assert len(left) == 29
    for line in table:
        if method == "fuse":
            assert line["into"] == (line["patch"] if line["patch"] in left else "fused")
            assert line["group_size"] == ("1" if line["patch"] in left else "35")
        else:
            assert line["into"] in left
            assert int(line["group_size"]) == sum(other["into"] == line["into"] for other in table)
