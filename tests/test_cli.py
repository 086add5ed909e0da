"""The command line as people run it: its answers, its one sentence for bad input, and what it imports."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from tests import ROOT
from tests import checkpoint_files as files
from tests.conftest import tiny_config
from tests.pace import slowness
from tpexplore import explore, load_audio, load_model
from tpexplore.checkpoints import bundled
from tpexplore.checkpoints.files import sha256_of, write_safetensors
from tpexplore.cli import main
from tpexplore.model.config import ModelConfig
from tpexplore.model.vit import AudioViT

# Unbuffered output, where the caller's environment asks for it, would hide what happens at the last flush.
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
ENVIRONMENT |= {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
NOT_FOR_ONE_CLIP = {"gradio", "plotly", "sklearn", "librosa", "pandas", "matplotlib", "torchcodec", "pydub"}


def command(*arguments: object, options: tuple[str, ...] = ()) -> list[str]:
    return [sys.executable, *options, "-m", "tpexplore", *map(str, arguments)]


def run(*arguments: object, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
    return subprocess.run(
        command(*arguments, options=options), capture_output=True, text=True, env=ENVIRONMENT, timeout=600
    )


def imported(stderr: str) -> set[str]:
    """Top-level packages named by ``python -X importtime``."""
    return {name.split(".")[0] for name in re.findall(r"^import time:[^|]*\|[^|]*\|\s*(\S+)", stderr, re.M)}


def messages_of(stderr: str) -> str:
    """What remains of stderr without the lines of ``python -X importtime``."""
    return "".join(line for line in stderr.splitlines(True) if not line.startswith("import time:"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Two tiny models made here and a clip of one second."""
    folder = tmp_path_factory.mktemp("cli")
    for family in ("ast", "audiomae"):
        torch.manual_seed(1)
        model = AudioViT(tiny_config(family, classes=6))
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.normal_(std=0.2)
        config = {
            "family": family,
            "frames": 128,
            "dim": 64,
            "depth": 12,
            "classes": 6,
            "mean": -6.0,
            "std": 4.0,
        }
        config |= {"task": "six", "labels": ["one", "two", "three", "four", "five", "six"]}
        write_safetensors(folder / f"{family}.safetensors", model.state_dict(), config)
    moments = np.arange(16_000) / 16_000
    soundfile.write(folder / "clip.wav", 0.3 * np.sin(2 * np.pi * (300 + 900 * moments) * moments), 16_000)
    (folder / "text.wav").write_text("This is no sound.\n")
    (folder / "text.pth").write_text("This is no model.\n")
    return folder


# --- explore -------------------------------------------------------------------------------------


def timed(*arguments: str) -> tuple[float, float, subprocess.CompletedProcess]:
    """Seconds on the clock, seconds of CPU, and the finished process."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    ran = subprocess.run(arguments, capture_output=True, text=True, env=ENVIRONMENT, timeout=600, check=True)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, ran


def test_explore_json_and_what_it_costs(folder):
    """The library's numbers, no unneeded import, and at most 2 s more than importing torch and timm.

    The limit is longer on a slower machine. Up to five rounds, because other work on the machine may slow
    either half of one; the best of each half counts, and if the import of torch itself is slow, the rest
    may be equally slow.
    """
    bare = (sys.executable, "-c", "import torch, timm")
    ask = ("explore", folder / "clip.wav", "--model", folder / "ast.safetensors", "--keep-rate", "0.5")
    explored = command(*ask, "--score", "variation", "--json", options=("-X", "importtime"))
    least = {}
    for _ in range(5):
        for name, arguments in (("bare", bare), ("explored", explored)):
            wall, cpu, ran = timed(*arguments)
            past = least.get(name, (wall, cpu))
            least[name] = (min(wall, past[0]), min(cpu, past[1]))
        (wall, cpu), (bare_wall, bare_cpu) = least["explored"], least["bare"]
        limit = 2 * slowness()
        quick = cpu - bare_cpu <= limit and wall - bare_wall <= limit * max(1, bare_wall / bare_cpu)
        if quick:
            break
    assert quick, least

    packages = imported(ran.stderr)
    assert {"torch", "timm", "tpexplore", "soundfile"} <= packages  # so the reading of the log works
    assert not packages & NOT_FOR_ONE_CLIP
    assert messages_of(ran.stderr) == ""
    answer = json.loads(ran.stdout)
    assert answer["clip"] == str(folder / "clip.wav") and answer["notes"] == []
    assert answer["model"]["name"] == "ast.safetensors" and answer["model"]["patches"] == 64
    assert answer["model"]["sha256"] == sha256_of(folder / "ast.safetensors")
    assert list(answer["scores"]) == ["variation"]
    (point,) = answer["scores"]["variation"]["points"]
    assert point["keep_rate"] == 0.5 and [len(point["kept"][b]) for b in ("4", "7", "10")] == [32, 16, 8]
    model = load_model(folder / "ast.safetensors")
    spec = model.spectrogram(load_audio(folder / "clip.wav"))[None]
    with torch.inference_mode():
        for entry, rate in ((point, 0.5), (answer["unpruned"], 1.0)):
            out = model(spec, keep_rate=rate, score="variation")
            assert entry["kept"] == {str(block): ids[0].tolist() for block, ids in out.kept.items()}
            np.testing.assert_allclose(entry["logits"], out.logits[0].numpy(), atol=1e-4)
            best = [model.config.labels[i] for i in out.logits[0].argsort(descending=True)[:5]]
            assert [entry["label"] for entry in entry["top"]] == best


def test_explore_text(folder, capsys):
    assert main(["explore", f"{folder}/clip.wav", "--model", f"{folder}/audiomae.safetensors"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert (
        lines[0] == "audiomae.safetensors: 64 patches, 45 after block 4, 32 after block 7, 23 after block 10"
    )
    assert re.fullmatch(r"0\.0\d\d G MACs, \d\d\.\d% saved; \d+ ms, unpruned \d+ ms", lines[1])
    assert lines[2].split() == ["unpruned", "keep-rate", "0.7", "by", "attention"] and len(lines) == 8
    exploration = explore(
        load_model(folder / "audiomae.safetensors"), load_audio(folder / "clip.wav"), keep_rates=[0.7]
    )
    pruned, unpruned = exploration.points["attention"][0], exploration.unpruned
    for line, before, after in zip(lines[3:], unpruned.top(), pruned.top(), strict=True):
        words = [f"{point.probabilities[i]:.1%}" for point, i in ((unpruned, before), (pruned, after))]
        labels = [exploration.config.labels[i] for i in (before, after)]
        assert line.split() == [words[0], labels[0], words[1], labels[1]]


def test_other_blocks_methods_and_rankings(folder, capsys):
    ask = ["explore", f"{folder}/clip.wav", "--model", f"{folder}/ast.safetensors", "--blocks", "3,6,9"]
    ask += ["--keep-rate", "0.9,0.7,0.5"]
    assert main([*ask, "--score", "time-even"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "ast.safetensors: 64 patches, 58 after block 3, 41 after block 6, 21 after block 9"
    assert lines[2].split("unpruned")[1].strip() == "keep-rate 0.9, 0.7, 0.5 by time-even at blocks 3, 6, 9"
    assert main([*ask, "--method", "fuse"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith("21 after block 9; the other 43 are fused into one token")
    assert lines[2].endswith("by attention at blocks 3, 6, 9, fuse")
    assert main([*ask, "--method", "merge", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["pruning"] == {"blocks": [3, 6, 9], "method": "merge", "seed": 0}
    (point,) = answer["scores"]["attention"]["points"]
    assert point["keep_rate"] == [0.9, 0.7, 0.5]
    holders = point["holders"]["9"]
    assert sorted(set(holders)) == point["kept"]["9"] and len(point["kept"]["9"]) == 21
    assert main([*ask, "--method", "merge"]) == 0
    lines = capsys.readouterr().out.splitlines()
    largest = max(holders.count(holder) for holder in holders)
    assert lines[0].endswith(f"21 after block 9; merged into groups of up to {largest}")
    assert lines[2].endswith("keep-rate 0.9, 0.7, 0.5 at blocks 3, 6, 9, merge")
    assert main([*ask[:-4], "--blocks", "3,6,99"]) == 2
    check_sentence(capsys.readouterr().err, "3, 6, 99", "from 1 to 12")


def test_keep_rate_one_drops_nothing(folder, capsys):
    ask = ["explore", f"{folder}/clip.wav", "--model", f"{folder}/ast.safetensors"]
    assert main([*ask, "--keep-rate", "1"]) == 0
    output = capsys.readouterr()
    assert "64 patches, none dropped" in output.out and "0.0% saved" in output.out and output.err == ""


def test_offset_and_notes(folder, capsys):
    ask = ["explore", str(folder / "clip.wav"), "--model", str(folder / "ast.safetensors"), "--offset", "0.5"]
    assert main([*ask, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["notes"] and answer["real_frames"] == 48  # 8000 samples
    assert main(ask) == 0
    assert capsys.readouterr().out.startswith(answer["notes"][0])


def test_published_checkpoint_with_frames(folder, tmp_path, capsys):
    path = files.save(tmp_path / "finetuned.pth", {"model": files.audiomae_state(dim=64)})
    assert main(["explore", str(folder / "clip.wav"), "--model", str(path), "--frames", "128"]) == 0
    assert capsys.readouterr().out.startswith("finetuned.pth: 64 patches, 45 after block 4")


# --- bad input -----------------------------------------------------------------------------------


def check_sentence(stderr: str, *parts: str) -> None:
    (line,) = stderr.splitlines()  # exactly one
    assert line.endswith(".") and "Traceback" not in line and "Error" not in line
    for part in parts:
        assert part in line


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"--keep-rate": "0"}, ("Keep-rate 0 ", "above 0 and up to 1")),
        ({"--keep-rate": "1.5"}, ("Keep-rate 1.5 ", "above 0 and up to 1")),
        ({"--keep-rate": "abc"}, ("'abc'", "above 0 and up to 1")),
        ({"--keep-rate": "nan"}, ("nan", "above 0 and up to 1")),
        ({"--score": "loudness"}, ("'loudness'", "attention, intensity, variation")),
        ({"--model": "no-such-model"}, ("'no-such-model'", "hf_hub:owner/name")),
        ({"--offset": "soon"}, ("'soon'", "seconds")),
        ({"--offset": "5"}, ("5 s", "'clip.wav'")),
        ({"--frames": "many"}, ("'many'", "--frames")),
        ({"CLIP": "gone.wav"}, ("gone.wav",)),
        ({"CLIP": "text.wav"}, ("text.wav", "could not be decoded", "WAV")),
        ({"CLIP": "."}, ()),
        ({"--blocks": "3,6,x"}, ("'3,6,x'", "whole numbers", "3,6,9")),
        ({"--blocks": "9,6"}, ("9, 6", "ascending")),
        ({"--blocks": "0,6"}, ("0, 6", "from 1")),
        ({"--keep-rate": "0.5,0.7"}, ("2 keep-rates", "3 pruning blocks")),
        ({"--keep-rate": "0.9,0.7,2"}, ("2", "up to 1")),
        ({"--method": "melt"}, ("'melt'", "drop, fuse, merge")),
        ({"--method": "merge", "--score": "random"}, ("'random'", "does not rank")),
    ],
)
def test_bad_input_is_one_sentence_without_torch(folder, changes, parts):
    """Every fault that needs no model is reported before torch is imported."""
    values = {"CLIP": "clip.wav", "--model": folder / "ast.safetensors", "--keep-rate": "0.5"} | changes
    arguments = ["explore", folder / values.pop("CLIP")]
    for name, value in values.items():
        arguments += [name, value]
    ran = run(*arguments, options=("-X", "importtime"))
    assert ran.returncode == 2 and ran.stdout == ""
    check_sentence(messages_of(ran.stderr), *parts)
    packages = imported(ran.stderr)
    assert "tpexplore" in packages and not packages & ({"torch", "timm"} | NOT_FOR_ONE_CLIP)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ((), "command"),
        (("nonsense",), "'nonsense'"),
        (("explore",), "CLIP"),
        (("macs", "--wrong"), "--wrong"),
    ],
)
def test_bad_arguments(arguments, part):
    ran = run(*arguments, options=("-X", "importtime"))
    assert ran.returncode == 2 and ran.stdout == ""
    check_sentence(messages_of(ran.stderr), part)
    assert "torch" not in imported(ran.stderr)


WITH_VALUES = {
    "explore": "model frames score offset csv labels hop keep-rate blocks method",
    "batch": "model frames score out labels workers hop keep-rate blocks method",
    "export": "frames score out keep-rate blocks method",
    "macs": "keep-rate blocks method",
    "bench": "device",
}
"""The options of every command that take a value."""
REQUIRED = {
    "explore": ["c.wav", "--model=m"],
    "batch": [".", "--model=m", "--out=o.csv"],
    "export": ["m", "--out=o.pt2"],
}


@pytest.mark.parametrize(
    ("command", "option"), [(c, o) for c, names in WITH_VALUES.items() for o in names.split()]
)
def test_two_dashes_are_no_value(command, option, capsys):
    """argparse used to make an empty list of them, which no check caught."""
    with pytest.raises(SystemExit) as stop:
        main([command, *REQUIRED.get(command, []), f"--{option}=--"])
    assert stop.value.code == 2
    check_sentence(capsys.readouterr().err, f"--{option}: '--' is not valid; expected a value")


@pytest.mark.parametrize("option", ["frames", "offset", "blocks", "score", "method", "keep-rate"])
def test_long_values_are_not_repeated_in_full(folder, option, capsys):
    try:
        code = main(["explore", str(folder / "clip.wav"), "--model", "ast-spc12", f"--{option}", "9x" * 2000])
    except SystemExit as stop:
        code = stop.code
    assert code == 2
    sentence = capsys.readouterr().err
    check_sentence(sentence, "9x9x", "expected")
    assert len(sentence) < 250


LONG = "y/" * 2_500


@pytest.mark.parametrize(
    "arguments",
    [
        ("explore", LONG, "--model=ast-spc12"),
        ("explore", "x" * 5_000, "--model=ast-spc12"),
        ("explore", "c.wav", f"--model=hf_hub:{LONG}"),
        ("explore", "c.wav", "--model=m", f"--csv={LONG}"),
        ("batch", LONG, "--model=ast-spc12", "--out=o.csv"),
        ("batch", ".", "--model=ast-spc12", f"--out={LONG}"),
        ("batch", ".", "--model=ast-spc12", f"--out={'x ' * 2_500}"),
        ("export", "ast-spc12", f"--out={LONG}.onnx"),
        ("export", "ast-spc12", f"--out={LONG}"),
        ("bench", f"--device={LONG}"),
        ("models", LONG),
    ],
    ids=lambda arguments: arguments[0],
)
def test_names_of_thousands_of_characters_are_shortened(arguments, capsys):
    try:
        code = main(list(arguments))
    except SystemExit as stop:
        code = stop.code
    assert code == 2
    sentence = capsys.readouterr().err
    check_sentence(sentence)
    assert len(sentence) <= 1_001


@pytest.mark.parametrize(
    "arguments",
    [
        ("explore", "a\0b", "--model=ast-spc12"),
        ("explore", "c.wav", "--model=a\0b"),
        ("batch", "a\0b", "--model=m", "--out=o.csv"),
        ("export", "a\0b", "--out=o.pt2"),
        ("macs", "--keep-rate=0\0"),
        ("bench", "--device=\0"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_null_character_is_refused(arguments, capsys):
    """The system's own functions raise ValueError for it."""
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    assert stop.value.code == 2
    check_sentence(capsys.readouterr().err, "holds a null character")


def test_an_empty_keep_rate_is_not_taken_for_none(capsys):
    assert main(["macs", "--keep-rate="]) == 2
    check_sentence(capsys.readouterr().err, "Keep-rate ''", "above 0 and up to 1")


def test_models_that_do_not_fit(folder, tmp_path, capfd):
    def refused(path: Path, *more: str) -> str:
        assert main(["explore", str(folder / "clip.wav"), "--model", str(path), *more]) == 2
        output = capfd.readouterr()  # whatever writes to the stream, libraries included
        assert output.out == ""
        check_sentence(output.err)
        return output.err

    assert refused(folder / "text.pth").startswith("text.pth cannot be read as a PyTorch checkpoint;")
    state = files.audiomae_state(frames=128, dim=64, classes=3)
    del state["blocks.6.norm2.bias"]
    assert "lacks blocks.6.norm2.bias" in refused(files.save(tmp_path / "less.pth", {"model": state}))
    pretrained = files.save(tmp_path / "pretrained.pth", files.audiomae_pretrained_state(dim=64))
    assert "no classes" in refused(pretrained, "--frames", "128")
    assert "frames = 100 does not fit" in refused(pretrained, "--frames", "100")
    assert "its own frames" in refused(folder / "ast.safetensors", "--frames", "128")


# --- the other commands --------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [("--help",), ("explore", "--help"), ("models",), ("macs",)])
def test_answers_without_torch(arguments):
    ran = run(*arguments, options=("-X", "importtime"))
    assert ran.returncode == 0 and ran.stdout.strip()
    packages = imported(ran.stderr)
    assert "tpexplore" in packages and not packages & {"torch", "numpy", "soundfile", "gradio"}


@pytest.mark.parametrize("command", ["models", "explore", "batch", "export", "macs", "bench"])
def test_help_where_output_is_no_unicode(monkeypatch, command):
    monkeypatch.setitem(ENVIRONMENT, "PYTHONIOENCODING", "ascii")
    ran = run(command, "--help")
    assert (ran.returncode, ran.stderr) == (0, "") and ran.stdout.startswith("usage: ")


def test_help_names_every_command():
    text = run("--help").stdout
    for name in ("models", "explore", "macs", "bench"):
        assert re.search(rf"^ +{name} ", text, re.M)


def test_macs_json_is_table_ii():
    ran = run("macs", "--json")
    rows = json.loads(ran.stdout)
    assert (ran.returncode, ran.stderr, len(rows)) == (0, "", 28)
    assert {row["dataset"] for row in rows} == {"SPC-2", "ESC-50", "AS-20K", "VoxCeleb-1"}
    assert all(abs(row["macs"] / 1e9 - row["published_gmacs"]) < 0.1 for row in rows)
    (cell,) = [r["macs"] for r in rows if (r["dataset"], r["keep_rate"]) == ("AS-20K", 0.7)]
    assert cell == 31_186_523_904


def test_macs_text():
    lines = run("macs").stdout.splitlines()
    assert len(lines) == 29
    assert lines[1].split() == ["SPC-2", "64", "1.0", "5.6", "5.611", "+0.011"]


def test_macs_of_other_blocks_and_methods():
    ran = run("macs", "--json", "--blocks", "3,6", "--keep-rate", "0.9,0.5", "--method", "merge")
    rows = json.loads(ran.stdout)
    assert len(rows) == 4 and all(row["published_gmacs"] is None for row in rows)
    config = ModelConfig("audiomae", 1024, dim=768, depth=12, classes=527, mean=0.0, std=1.0)
    (cell,) = [row for row in rows if row["dataset"] == "AS-20K"]
    assert cell["macs"] == config.macs((0.9, 0.5), (3, 6), "merge") and cell["keep_rate"] == [0.9, 0.5]
    lines = run("macs", "--keep-rate", "0.7").stdout.splitlines()
    assert lines[3].split()[:4] == ["AS-20K", "512", "0.7", "31.1"]
    lines = run("macs", "--keep-rate", "0.65", "--method", "fuse").stdout.splitlines()
    assert len(lines) == 5 and lines[3].split()[3] == "–"


def test_a_reader_that_stops_early():
    for arguments in (("macs",), ("macs", "--json")):
        process = subprocess.Popen(
            command(*arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=ENVIRONMENT,
        )
        process.stdout.close()  # before it can have written
        heard = process.stderr.read()
        process.stderr.close()
        assert (process.wait(600), heard) == (0, b"")


@pytest.mark.parametrize(
    ("closed", "arguments", "code"),
    [
        (("stdout",), ["macs"], 0),
        (("stdout", "stderr"), ["macs", "--blocks", "x"], 2),
        (("stderr",), ["macs", "--blocks", "x"], 2),
    ],
)
def test_closed_streams_are_no_error(monkeypatch, capsys, closed, arguments, code):
    for name in closed:
        monkeypatch.setattr(sys, name, None)  # as Python has them after >&- and 2>&-
    assert main(arguments) == code
    monkeypatch.undo()
    assert capsys.readouterr().out == ""


ENTRY = {"name", "family", "task", "patches", "parameters", "bytes", "accuracy"}


def test_models_that_are_bundled():
    ran = run("models", "--json")
    entries = json.loads(ran.stdout)
    assert (ran.returncode, ran.stderr) == (0, "") and isinstance(entries, list)
    assert sorted(entry["name"] for entry in entries) == sorted(
        p.stem for p in (ROOT / "assets/models").glob("*.safetensors")
    )
    assert all(set(entry) == ENTRY for entry in entries)


@pytest.mark.parametrize(
    "arguments",
    [("tpexplore", "explore", "clip.wav", "--model", "ast.safetensors"), ("training.teacher", "x")],
)
def test_ctrl_c_during_the_imports_is_one_line(folder, arguments):
    process = subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", *arguments],
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=ENVIRONMENT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background job ignores it
    )
    lines = []
    for line in process.stderr:
        lines.append(line)
        if "torch._" in line:  # torch itself is still being imported
            process.send_signal(signal.SIGINT)
            break
    lines += process.stderr
    assert (process.wait(600), messages_of("".join(lines))) == (130, "Stopped.\n")
    process.stderr.close()


def test_models_of_any_folder(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bundled, "MODELS_FOLDER", tmp_path)
    monkeypatch.setattr(bundled, "RESULTS_FOLDER", tmp_path / "results")
    assert main(["models"]) == 0 and capsys.readouterr().out == "No model is bundled.\n"
    assert main(["models", "--json"]) == 0 and json.loads(capsys.readouterr().out) == []
    (tmp_path / "results").mkdir()
    for family in ("ast", "audiomae"):
        (tmp_path / f"{family}-six.safetensors").write_bytes((folder / f"{family}.safetensors").read_bytes())
        card = {
            "name": f"{family}-six",
            "family": family,
            "task": "six",
            "patches": 64,
            "parameters": 612_345,
        }
        (tmp_path / f"{family}-six.json").write_text(json.dumps(card | {"bytes": 700_000, "recipe": {}}))
    results = {"keep_rate": {"attention": {"1.00": {"value": 0.8225, "ci95": [0.782, 0.857]}}}}
    (tmp_path / "results/ast-six.json").write_text(json.dumps(results))
    assert main(["models", "--json"]) == 0
    ast, audiomae = json.loads(capsys.readouterr().out)
    assert set(ast) == set(audiomae) == ENTRY
    assert (ast["name"], ast["accuracy"], audiomae["accuracy"]) == ("ast-six", 0.8225, None)
    assert main(["models"]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "ast-six ast 64 patches 0.6 M 0.7 MB 82.3% six"  # a half goes up, as in the README
    assert lines[1] == "audiomae-six audiomae 64 patches 0.6 M 0.7 MB not measured six"
