"""Long recordings and folders: every window once, the same answers as one by one, nothing lost by a crash."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from tests.conftest import tiny_config
from tests.faults import full_disk
from tpexplore import InputError, explore, explore_windows, load_audio, load_model
from tpexplore.checkpoints.files import read_safetensors, write_safetensors
from tpexplore.cli import main
from tpexplore.model.vit import AudioViT
from tpexplore.signal import recording
from tpexplore.signal.recording import read_windows
from tpexplore.study import batch, batch_journal, window_table
from tpexplore.study.audio_files import find_recordings
from tpexplore.study.batch import BatchJob, BatchSummary, run_batch

WINDOW = 1.295
"""Seconds that the tiny model reads."""


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    """A tiny model whose answers differ from sound to sound."""
    torch.manual_seed(1)
    model = AudioViT(tiny_config("ast", classes=6))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.3)
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    config = {"family": "ast", "frames": 128, "dim": 64, "depth": 12, "classes": 6, "mean": -6.0, "std": 4.0}
    labels = ["one", "two", "three", "four", "five", "tab\tin it"]
    write_safetensors(path, model.state_dict(), config | {"task": "six", "labels": labels})
    return path


def noise(path: Path, seconds: float, rate: int = 16_000, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(seed).normal(0, 0.1, round(seconds * rate))
    loudness = np.repeat(np.random.default_rng(seed).uniform(0.01, 1, 1 + len(samples) // rate), rate)
    soundfile.write(path, samples * loudness[: len(samples)], rate, format="WAV")
    return path


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# -- windows of a file


@pytest.mark.parametrize(("seconds", "hop"), [(7.3, None), (6.0, 0.7), (2.6, 3.0), (4.0, 2.0), (0.01, None)])
def test_windows_are_the_pieces_of_the_file(tmp_path, monkeypatch, seconds, hop):
    """Over several pieces, and where the file ends with a piece: nothing twice, nothing missing."""
    monkeypatch.setattr(recording, "_PIECE_SECONDS", 4.0)
    path = noise(tmp_path / "a.wav", seconds)
    whole = soundfile.read(path, dtype="float32")[0]
    step = hop or 2.0
    windows = list(read_windows(path, 2.0, hop))
    expected = [k for k in range(100) if not k or len(whole) - round(k * step * 16_000) >= 400]
    assert [start for start, _ in windows] == pytest.approx([k * step for k in expected])
    for start, samples in windows:
        piece = whole[round(start * 16_000) :][:32_000]
        np.testing.assert_array_equal(samples[: len(piece)], piece)
        assert len(samples) == max(len(piece), 400)


def test_a_piece_at_a_time_is_read(tmp_path, monkeypatch):
    lengths = []
    read_clip = recording.read_clip

    def counted(*args, **options):
        clip = read_clip(*args, **options)
        lengths.append(clip.seconds)
        return clip

    monkeypatch.setattr(recording, "read_clip", counted)
    windows = sum(1 for _ in read_windows(noise(tmp_path / "a.wav", 1_000, 4_000), 10.0))
    assert windows == 100 and len(lengths) == 9 and max(lengths) < 121


def test_results_are_those_of_single_explorations(tmp_path, weights):
    model, path = load_model(weights), noise(tmp_path / "a.wav", 3.5)
    results = list(explore_windows(model, path, keep_rates=(0.3, 1.0), score="intensity"))
    assert [(r.index, r.start, round(r.end, 3)) for r in results] == [
        (0, 0.0, WINDOW),
        (1, WINDOW, 2 * WINDOW),
        (2, 2 * WINDOW, 3.5),
    ]
    for result in results:
        clip = load_audio(path, offset=result.start, duration=WINDOW)
        alone = explore(model, clip, keep_rates=[0.3], scores=["intensity"])
        np.testing.assert_array_equal(result.unpruned.logits, alone.unpruned.logits)
        np.testing.assert_array_equal(result.points[0].logits, alone.points["intensity"][0].logits)
        pruned, whole = result.points
        assert result.share_kept(pruned) == 2 / 64 and result.share_kept(whole) == 1.0
        assert result.flips(pruned) == bool(alone.flips("intensity") or pruned.answer != whole.answer)
        assert not result.flips(whole) and not result.silent


def test_the_command_writes_table_and_labels(tmp_path, weights, capsys):
    path = noise(tmp_path / "a.wav", 4.0)
    out, labels = tmp_path / "t.csv", tmp_path / "labels.txt"
    ask = ["explore", str(path), "--model", str(weights), "--keep-rate", "0.1", "--score", "variation"]
    assert main([*ask, "--windows", "--hop", "1", "--csv", str(out), "--labels", str(labels)]) == 0
    printed = capsys.readouterr()
    rows = table(out)
    assert len(rows) == 4 == len(printed.out.splitlines()) and printed.err == ""
    assert tuple(rows[0]) == tuple(window_table.COLUMNS)
    assert {(row["score"], row["keep_rate"], row["file"]) for row in rows} == {
        ("variation", "0.1", str(path))
    }
    assert [row["start_s"] for row in rows] == ["0.0", "1.0", "2.0", "3.0"]
    for row, line in zip(rows, labels.read_text().splitlines(), strict=True):
        start, end, text = line.split("\t")
        assert (float(start), float(end)) == (float(row["start_s"]), float(row["end_s"]))
        assert text.startswith(" ".join(row["unpruned_answer"].split()))
        assert ("; 0.1: " in text) == (row["flips"] == "True") == (row["answer"] != row["unpruned_answer"])
    assert main([*ask, "--csv", str(out)]) == 0  # the loudest part alone
    (row,) = table(out)
    start, end = float(row["start_s"]), float(row["end_s"])
    assert start > 0 and end - start == pytest.approx(WINDOW, abs=1e-3)


def test_a_table_is_written_although_its_reader_stops_early(tmp_path, weights, monkeypatch):
    """``--windows --csv out.csv | head`` used to end with exit code 0 and without the table."""

    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    path, out = noise(tmp_path / "a.wav", 4.0), tmp_path / "t.csv"
    monkeypatch.setattr(sys, "stdout", Gone())
    assert main(["explore", str(path), "--model", str(weights), "--windows", "--csv", str(out)]) == 0
    monkeypatch.undo()
    assert len(table(out)) == 4


@pytest.mark.parametrize(
    ("more", "part"),
    [
        (("--windows", "--offset", "1"), "--offset"),
        (("--hop", "1"), "--windows"),
        (("--windows", "--hop", "0"), "--hop"),
        (("--windows", "--hop", "0.001"), "0.01 s"),
        (("--windows", "--hop", "0.0099999999"), "The hop is 0.0099999999 s; expected at least 0.01 s"),
    ],
)
def test_options_that_do_not_fit_are_one_sentence(tmp_path, weights, capsys, more, part):
    try:
        code = main(["explore", str(noise(tmp_path / "a.wav", 1)), "--model", str(weights), *more])
    except SystemExit as stop:
        code = stop.code
    (line,) = capsys.readouterr().err.splitlines()
    assert code == 2 and part in line and line.endswith(".")


# -- folders


@pytest.fixture
def tree(tmp_path) -> Path:
    """Three recordings with odd names in folders, a broken one, and files that are ignored."""
    folder = tmp_path / "tree"
    noise(folder / "LOUD.WAV", 3.0, seed=1)
    noise(folder / 'sub dir/deep/naïve, "quoted".wav', 1.0, 44_100, seed=2)
    noise(folder / "sub dir/=1+1.wav", 1.5, 8_000, seed=3)
    (folder / "broken.mp3").write_text("This is no sound.\n")
    (folder / "notes.txt").write_text("Not looked at.\n")
    noise(folder / ".hidden/a.wav", 1.0)
    return folder


FILES = ["LOUD.WAV", "broken.mp3", "sub dir/=1+1.wav", 'sub dir/deep/naïve, "quoted".wav']


def without_times(rows: list[dict]) -> list[dict]:
    return [{name: value for name, value in row.items() if name != "pass_ms"} for row in rows]


def test_a_folder_tree_to_a_table(tree, weights, tmp_path, capsys):
    assert find_recordings(tree) == FILES
    out, labels = tmp_path / "t.csv", tmp_path / "labels"
    ask = ["batch", str(tree), "--model", str(weights), "--out", str(out), "--labels", str(labels)]
    assert main(ask) == 1  # one file is bad
    printed = capsys.readouterr()
    assert printed.out == f"{out}: 6 windows of 4 files.\n"
    assert printed.err.splitlines()[-1].startswith("broken.mp3: 'broken.mp3' could not be decoded")
    rows = table(out)
    assert [row["file"] for row in rows] == [FILES[0]] * 3 + [FILES[2]] * 2 + [FILES[3]]
    assert not out.with_name("t.csv.unfinished").exists()
    assert len((labels / "LOUD.WAV.txt").read_text().splitlines()) == 3
    (tree / "broken.mp3").unlink()
    assert main([*ask[:5], str(tmp_path / "good.csv")]) == 0


def test_a_killed_batch_goes_on(tree, weights, tmp_path, monkeypatch):
    job, out = BatchJob(str(weights), keep_rates=(0.5, 0.7)), tmp_path / "t.csv"
    run_batch(tree, out, job, quiet=True)
    expected = without_times(table(out))
    assert len(expected) == 12
    out.unlink()

    analyse, analysed = batch.analyse, []

    def stopping(model, folder, file, job):
        if len(analysed) == 2:
            raise KeyboardInterrupt
        analysed.append(file)
        return analyse(model, folder, file, job)

    monkeypatch.setattr(batch, "analyse", stopping)
    with pytest.raises(KeyboardInterrupt):
        run_batch(tree, out, job, quiet=True)
    assert not out.exists() and analysed == FILES[:2]
    journal = tmp_path / "t.csv.unfinished/0.jsonl"
    with journal.open("a") as file:  # as after a kill while writing
        file.write('{"key": "12')
    with pytest.raises(InputError, match="other settings"):
        run_batch(tree, out, BatchJob(str(weights)), quiet=True)
    noise(tree / "LOUD.WAV", 3.0, seed=1)  # rewritten, so analysed again
    analysed.clear()
    monkeypatch.setattr(batch, "analyse", lambda *args: analysed.append(args[2]) or analyse(*args))
    run_batch(tree, out, job, quiet=True)
    assert analysed == [FILES[0], *FILES[2:]]
    assert without_times(table(out)) == expected


def test_a_batch_does_not_go_on_with_other_weights(tree, weights, tmp_path, monkeypatch):
    """For example after more training under the same name: one table used to hold both models' answers."""
    model, out = Path(shutil.copy(weights, tmp_path / "model.safetensors")), tmp_path / "t.csv"
    state, metadata = read_safetensors(model)
    analyse = batch.analyse

    def stopping(*arguments):
        monkeypatch.setattr(batch, "analyse", None)
        return analyse(*arguments)

    monkeypatch.setattr(batch, "analyse", stopping)
    with pytest.raises(TypeError):  # at the second file
        run_batch(tree, out, BatchJob(str(model)), quiet=True)
    monkeypatch.setattr(batch, "analyse", analyse)
    changed = {name: value / 2 for name, value in state.items()}
    write_safetensors(model, changed, json.loads(metadata["config"]))
    with pytest.raises(InputError, match="other settings or weights"):
        run_batch(tree, out, BatchJob(str(model)), quiet=True)
    shutil.copy(weights, model)
    run_batch(tree, out, BatchJob(str(model)), quiet=True)
    assert len({row["weights_sha256"] for row in table(out)}) == 1


def test_a_batch_killed_at_its_end_leaves_no_rows_for_other_settings(tree, weights, tmp_path, monkeypatch):
    out = tmp_path / "t.csv"

    def killed(folder, **options):
        (folder / "settings.json").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(batch_journal.shutil, "rmtree", killed)
        run_batch(tree, out, BatchJob(str(weights)), quiet=True)
    run_batch(tree, out, BatchJob(str(weights), keep_rates=(0.5,)), quiet=True)
    assert {row["keep_rate"] for row in table(out)} == {"0.5"}


def test_a_disk_that_is_full_from_the_start_holds_no_unfinished_table(tree, weights, tmp_path):
    with full_disk(0), pytest.raises(OSError, match="File too large"):
        run_batch(tree, tmp_path / "t.csv", BatchJob(str(weights)), quiet=True)
    assert not list(tmp_path.glob("t.csv*"))


@pytest.mark.parametrize(
    "arguments",
    [
        ["explore", "{tree}/LOUD.WAV", "--windows", "--csv", "{out}/o.csv"],
        ["explore", "{tree}/LOUD.WAV", "--windows", "--labels", "{out}/o.txt"],
        ["explore", "{tree}/LOUD.WAV", "--windows", "--csv", "{out}/o.csv", "--labels", "{out}/o.txt"],
        ["batch", "{tree}", "--out", "{out}/o.csv"],
        ["batch", "{tree}", "--out", "{out}/o.parquet", "--labels", "{out}/labels"],
    ],
    ids=["csv", "labels", "both", "batch csv", "batch parquet and labels"],
)
def test_a_full_disk_is_one_sentence_and_leaves_nothing(tree, weights, tmp_path, capsys, arguments):
    out = tmp_path / "out"
    out.mkdir()
    filled = [argument.format(tree=tree, out=out) for argument in arguments]
    with full_disk(0):
        assert main([*filled, "--model", str(weights)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{out}/o.") and line.endswith("larger than the system allows.")
    assert not [path for path in out.rglob("*") if path.is_file()]


@pytest.mark.parametrize("option", ["--out", "--labels"])
def test_in_a_read_only_folder_the_output_is_named(tree, weights, tmp_path, monkeypatch, capsys, option):
    """The error names the file, not its part, lock or journal, which users do not know."""
    folder, really = tmp_path / "locked", os.access
    folder.mkdir()
    monkeypatch.setattr(batch, "_load", None)
    monkeypatch.setattr(os, "access", lambda place, mode: Path(place) != folder and really(place, mode))
    places = {
        "--out": str(tmp_path / "t.csv"),
        option: str(folder / "t.csv" if option == "--out" else folder),
    }
    arguments = [text for pair in places.items() for text in pair]
    assert main(["batch", str(tree), "--model", str(weights), *arguments]) == 2
    name = folder / ("t.csv" if option == "--out" else f"{FILES[0]}.txt")
    assert capsys.readouterr().err == f"{name} cannot be used: permission denied.\n"
    assert not list(tmp_path.glob("**/*.unfinished"))


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_in_a_folder_that_fails_only_on_writing_the_error_names_the_table(
    tree, weights, tmp_path, monkeypatch, capsys, name
):
    """Network disks behave like this."""
    mkdir = Path.mkdir

    def refuse(folder: Path, *arguments, **options) -> None:
        if folder.name.endswith(".unfinished"):
            raise PermissionError(13, "Permission denied", str(folder))
        mkdir(folder, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert main(["batch", str(tree), "--model", str(weights), "--out", str(tmp_path / name)]) == 2
    assert capsys.readouterr().err == f"{tmp_path / name} cannot be used: permission denied.\n"
    assert not list(tmp_path.glob("t.*"))


def test_label_tracks_that_cannot_be_written_are_named_first(tree, weights, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(batch, "_load", None)
    labels = tmp_path / "labels"
    ask = ["batch", str(tree), "--model", str(weights), "--out", str(tmp_path / "t.csv"), "--labels"]
    (labels / "LOUD.WAV.txt").mkdir(parents=True)
    assert main([*ask, str(labels)]) == 2
    assert "LOUD.WAV.txt cannot be used: it is a folder" in capsys.readouterr().err
    noise(tree / ("x" * 250 + ".wav"), 0.1)
    assert main([*ask, str(tmp_path / "more")]) == 2
    assert "the name is too long" in capsys.readouterr().err


def test_a_wrong_model_leaves_nothing_in_the_way_of_the_right_one(tree, weights, tmp_path):
    """The folder with the settings used to stay, so that the corrected command was refused."""
    out = tmp_path / "t.csv"
    (tmp_path / "text.pth").write_text("This is no model.")
    with pytest.raises(InputError, match="cannot be read"):
        run_batch(tree, out, BatchJob(str(tmp_path / "text.pth")), quiet=True)
    assert [path.name for path in tmp_path.glob("t.csv*")] == []
    unfinished = tmp_path / "t.csv.unfinished"  # as after a kill before the first file
    unfinished.mkdir()
    (unfinished / "settings.json").write_text("{}")
    run_batch(tree, out, BatchJob(str(weights), keep_rates=(0.5,)), quiet=True)
    assert out.exists() and not unfinished.exists()


def test_a_second_batch_into_the_same_table_is_refused(tree, weights, tmp_path, monkeypatch, capsys):
    out = tmp_path / "t.csv"
    ask = ["batch", str(tree), "--model", str(weights), "--out", str(out)]
    analyse, sentences = batch.analyse, []

    def during(*arguments):
        if not sentences:
            assert main(ask) == 2
            sentences.append(capsys.readouterr().err)
        return analyse(*arguments)

    monkeypatch.setattr(batch, "analyse", during)
    assert main(ask) == 1  # one file is bad
    line = sentences[0].splitlines()[-1]  # after the first one's progress bar
    assert line.endswith(".csv.unfinished; wait for it or choose another name for the table.")
    assert "Another process is working in /" in line
    assert len(table(out)) == 6 and not out.with_name("t.csv.unfinished").exists()
    assert main(ask) == 1  # free again


def test_processes_of_torchrun_share_the_files(tree, weights, tmp_path, monkeypatch):
    job, alone, shared = BatchJob(str(weights)), tmp_path / "alone.csv", tmp_path / "shared.csv"
    summary = run_batch(tree, alone, job, quiet=True)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    assert run_batch(tree, shared, job, quiet=True) is None and not shared.exists()
    monkeypatch.setenv("RANK", "0")
    assert run_batch(tree, shared, job, quiet=True) == summary
    assert without_times(table(shared)) == without_times(table(alone))


def test_files_may_change_while_several_processes_work(tree, weights, tmp_path, monkeypatch):
    job, out = BatchJob(str(weights)), tmp_path / "t.csv"
    analyse, runs = batch.analyse, []

    def analyse_and_touch(model, folder, file, job):
        if not runs:  # the first process has begun; the second does all of its work now
            runs.append(file)
            monkeypatch.setenv("RANK", "1")
            run_batch(tree, out, job, quiet=True)
            monkeypatch.setenv("RANK", "0")
        outcome = analyse(model, folder, file, job)
        os.utime(folder / file, ns=(1, 1))
        return outcome

    def refuse(seconds):
        raise AssertionError("the first process waits for what the second has done")

    monkeypatch.setattr(batch, "analyse", analyse_and_touch)
    monkeypatch.setattr(batch_journal.time, "sleep", refuse)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")
    assert run_batch(tree, out, job, quiet=True).files == len(FILES)


def test_several_workers_and_parquet(tree, weights, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    job = BatchJob(str(weights))
    run_batch(tree, tmp_path / "one.csv", job, quiet=True)
    run_batch(tree, tmp_path / "two.parquet", job, workers=2, quiet=True)
    rows = parquet.read_table(tmp_path / "two.parquet").to_pylist()
    assert [tuple(row) for row in rows] == [tuple(window_table.COLUMNS)] * 6
    read = [{name: str(value) for name, value in row.items()} for row in rows]
    assert without_times(read) == without_times(table(tmp_path / "one.csv"))


def test_names_are_printed_without_their_line_breaks_and_terminal_codes(monkeypatch, capsys):
    summary = BatchSummary(1, 0, {"a\n\x1b[31m.wav": "It holds no sound."})
    monkeypatch.setattr(batch, "run_batch", lambda *arguments, **options: summary)
    assert main(["batch", "folder", "--model", "ast-spc12", "--out", "a\nb.csv"]) == 1
    printed = capsys.readouterr()
    assert printed.out == "a\\nb.csv: 0 windows of 1 files.\n"
    assert printed.err.splitlines()[1:] == ["a\\n\\x1b[31m.wav: It holds no sound."]


def test_a_system_without_semaphores_is_named(tree, weights, tmp_path, monkeypatch):
    def missing(*arguments, **options):
        raise FileNotFoundError(2, "No such file or directory")  # as the system says without /dev/shm

    monkeypatch.setattr(batch, "ProcessPoolExecutor", missing)
    with pytest.raises(InputError, match=r"cannot run several processes, .* with --workers 1"):
        run_batch(tree, tmp_path / "a.csv", BatchJob(str(weights)), workers=2, quiet=True)


def test_what_cannot_be_run_is_one_sentence(tree, weights, tmp_path, monkeypatch, capsys):
    def refused(*arguments: object) -> str:
        assert main(["batch", *map(str, arguments), "--model", str(weights)]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        return line

    (tmp_path / "empty").mkdir()
    assert "no audio file" in refused(tmp_path / "empty", "--out", tmp_path / "a.csv")
    assert "is not a folder" in refused(weights, "--out", tmp_path / "a.csv")
    assert "neither .csv nor .parquet" in refused(tree, "--out", tmp_path / "a.xlsx")
    assert "'loudness'" in refused(tree, "--out", tmp_path / "a.csv", "--score", "loudness")
    monkeypatch.setattr(window_table, "find_spec", lambda name: None)
    assert 'pip install "tpexplore[parquet]"' in refused(tree, "--out", tmp_path / "a.parquet")
    assert not list(tmp_path.glob("a.*"))


@pytest.mark.parametrize(("rank", "world"), [("x", "2"), ("1", "1"), ("0", "0"), ("-1", "2"), ("0", "")])
def test_an_environment_that_is_not_torchruns_is_refused(tree, weights, tmp_path, monkeypatch, rank, world):
    """It used to end in a traceback, or without a result or message."""
    monkeypatch.setenv("RANK", rank)
    monkeypatch.setenv("WORLD_SIZE", world)
    with pytest.raises(InputError, match="expected torchrun's"):
        run_batch(tree, tmp_path / "a.csv", BatchJob(str(weights)), quiet=True)


def test_a_place_for_labels_is_made_before_anything_is_computed(tree, weights, tmp_path, monkeypatch):
    monkeypatch.setattr("tpexplore.study.batch.analyse", None)
    (tmp_path / "labels").write_text("a file")
    with pytest.raises(FileExistsError):
        run_batch(tree, tmp_path / "a.csv", BatchJob(str(weights)), labels=tmp_path / "labels", quiet=True)


def test_help_names_the_columns(capsys):
    with pytest.raises(SystemExit):
        main(["batch", "--help"])
    text = capsys.readouterr().out
    assert all(f"  {name} " in text for name in window_table.COLUMNS)


def test_windows_that_go_through_the_model_together_have_the_same_answers(tmp_path, weights):
    model, path = load_model(weights), noise(tmp_path / "a.wav", 6.0)
    alone, together = (
        list(explore_windows(model, path, keep_rates=(0.5, 1.0), score="variation", batch=batch))
        for batch in (1, 3)
    )
    assert [(r.index, r.start, r.end) for r in alone] == [(r.index, r.start, r.end) for r in together]
    assert len(alone) == 5  # so the last ones are fewer than a batch
    for one, other in zip(alone, together, strict=True):
        assert one.exploration.real_frames == other.exploration.real_frames
        np.testing.assert_array_equal(one.exploration.spectrogram, other.exploration.spectrogram)
        for mine, theirs in zip(one.points, other.points, strict=True):
            np.testing.assert_allclose(mine.logits, theirs.logits, rtol=1e-4, atol=1e-4)
            np.testing.assert_array_equal(mine.fate.block, theirs.fate.block)
            assert mine.keep_rate == theirs.keep_rate and theirs.seconds > 0
