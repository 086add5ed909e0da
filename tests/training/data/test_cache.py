"""Features on disk: always of the current files, whole or not at all, and no process left behind."""

import json
import multiprocessing
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.faults import READ_ONLY, Commands, full_disk
from tpexplore.errors import InputError
from training import features as command
from training.data import cache
from training.data.cache import cache_features
from training.data.datasets import load_dataset
from training.data.features import read_features
from training.system.lock import lock_folder

SAMPLES = 4000


def record(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    soundfile.write(path, rng.normal(0, 0.1, SAMPLES).astype(np.float32), 16_000)


@pytest.fixture
def esc50(tmp_path) -> Path:
    """Two classes × two folds × two clips."""
    root = tmp_path / "ESC-50"
    rows = ["filename,fold,target,category,esc10,src_file,take"]
    for fold in (1, 2):
        for target, name in enumerate(("dog", "rain")):
            for take in (0, 1):
                number = 100 * fold + 10 * target + take
                record(root / "audio" / f"{fold}-{number}-A-{target}.wav", number)
                rows.append(f"{fold}-{number}-A-{target}.wav,{fold},{target},{name},True,{number},A")
    (root / "meta").mkdir()
    (root / "meta" / "esc50.csv").write_text("\n".join(rows) + "\n")
    return root


def made(root: Path, fold: int = 2) -> Path:
    dataset = load_dataset("esc50", root, fold=fold)
    return cache_features(dataset, root.parent / "features", workers=1)


@pytest.fixture
def commands(monkeypatch, capsys) -> Commands:
    return Commands(monkeypatch, capsys)


# -- what features were made from


def test_the_same_content_is_decoded_once(esc50, monkeypatch):
    first = made(esc50)
    monkeypatch.setattr(cache, "_decode_all", None)  # would fail
    (first / "done.jsonl").touch()  # killed at the very end
    assert made(esc50) == first and not (first / "done.jsonl").exists()
    for path in esc50.rglob("*.wav"):
        os.utime(path)  # a copy has other times
    assert made(esc50) == first


def swap_classes(root: Path) -> None:
    path = root / "meta" / "esc50.csv"
    text = path.read_text().replace("dog", "x").replace("rain", "dog").replace("x", "rain")
    path.write_text(text)


def swap_targets(root: Path) -> None:
    path = root / "meta" / "esc50.csv"
    path.write_text(path.read_text().replace(",0,dog", ",9,rain_").replace(",1,rain", ",0,dog"))


def record_again(root: Path) -> None:
    path = sorted((root / "audio").iterdir())[0]
    times = path.stat()
    record(path, 999)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # same name, size and time


def exchange_two(root: Path) -> None:
    first, second, *_ = sorted((root / "audio").iterdir())
    one, two = first.read_bytes(), second.read_bytes()
    first.write_bytes(two)
    second.write_bytes(one)


def change_fold(root: Path) -> None:
    path = root / "meta" / "esc50.csv"
    path.write_text(path.read_text().replace("1-101-A-0.wav,1", "1-101-A-0.wav,2"))


@pytest.mark.parametrize("change", [swap_classes, swap_targets, record_again, exchange_two, change_fold])
def test_features_are_those_of_the_current_files(esc50, tmp_path, change):
    before = made(esc50)
    change(esc50)
    after = made(esc50)
    assert after != before
    features = read_features(after)
    fresh = read_features(cache_features(load_dataset("esc50", esc50, fold=2), tmp_path / "fresh", workers=1))
    assert features.files == fresh.files
    assert features.splits == fresh.splits
    assert features.meta["class_names"] == fresh.meta["class_names"]
    np.testing.assert_array_equal(features.mel, fresh.mel)
    np.testing.assert_array_equal(features.targets, fresh.targets)


def test_two_folders_have_two_keys(tmp_path):
    for name, seed in (("cats", 0), ("dogs", 50)):
        for label in ("a", "b"):
            for i in range(20):
                record(tmp_path / name / label / f"{i}.wav", seed + i)
    keys = {
        cache.content_key(load_dataset("folders", tmp_path / name, frames=frames))
        for name in ("cats", "dogs")
        for frames in (64, 128)
    }
    assert len(keys) == 4


def change_index(folder: Path) -> None:
    index = json.loads((folder / "index.json").read_text())
    index["labels"] = index["labels"][::-1]
    (folder / "index.json").write_text(json.dumps(index))


def change_a_picture(folder: Path) -> None:
    mel = np.load(folder / "mel.npy", mmap_mode="r+")
    mel[0, 0, 0] += 1
    mel.flush()


def cut(folder: Path) -> None:
    with (folder / "mel.npy").open("r+b") as file:
        file.truncate(5000)


def blank(folder: Path) -> None:
    (folder / "index.json").write_text("{}")


def tear(folder: Path) -> None:
    (folder / "index.json").write_text('{"data')


def pack(folder: Path) -> None:
    """A NumPy archive, which NumPy opens as one whatever its name."""
    with (folder / "mel.npy").open("wb") as file:
        np.savez(file, np.zeros(3, "<f2"))


def begin_an_archive(folder: Path) -> None:
    (folder / "mel.npy").write_bytes(b"PK\3\4")


def break_the_header(folder: Path) -> None:
    content = (folder / "mel.npy").read_bytes()
    (folder / "mel.npy").write_bytes(content.replace(b"{'descr'", b'("""    '))


CHANGES = (
    *(change_index, change_a_picture, cut, blank, tear),
    *(pack, begin_an_archive, break_the_header),
)


@pytest.mark.parametrize("change", CHANGES)
def test_features_that_were_changed_afterwards_are_refused(esc50, change):
    folder = made(esc50)
    read_features(folder)
    change(folder)
    with pytest.raises(InputError, match="are damaged"):
        read_features(folder)


def test_features_of_the_first_edition_are_read_and_have_a_key(esc50):
    folder = made(esc50)
    index = json.loads((folder / "index.json").read_text())
    for entry in ("key", "sha256"):
        del index[entry]
    (folder / "index.json").write_text(json.dumps(index))
    (key,) = read_features(folder).keys.values()
    index["splits"] = index["splits"][::-1]
    (folder / "index.json").write_text(json.dumps(index))
    assert list(read_features(folder).keys.values()) != [key]


# -- clips that cannot be read


def test_a_class_without_a_readable_training_clip_is_named_with_its_file(esc50, commands):
    clips = sorted((esc50 / "audio").glob("1-11*"))
    clips[0].write_text("no sound")
    assert len(read_features(made(esc50)).indices("train")) == 3  # one of two is enough
    clips[1].write_text("no sound either")
    out = esc50.parent / "more"
    sentence = commands.sentence(command.main, "esc50", esc50, "--fold", 2, "--out", out, "--workers", 1)
    assert "'rain'" in sentence
    assert f"audio/{clips[0].name}" in sentence
    assert not list(out.glob("*/*"))  # nothing half-written


def test_bad_clips_between_good_ones_leave_no_gap(esc50):
    expected = read_features(made(esc50))
    bad = sorted((esc50 / "audio").iterdir())[2]
    bad.write_text("no sound")
    features = read_features(made(esc50))
    kept = [i for i, name in enumerate(expected.files) if not name.endswith(bad.name)]
    assert features.files == [expected.files[i] for i in kept]
    np.testing.assert_array_equal(features.mel, expected.mel[kept])
    assert features.mel.shape[0] == 7


def test_names_that_are_no_utf8_are_kept(esc50):
    raw = os.fsencode(esc50 / "audio") + b"/gr\xfcn.wav"
    os.rename(esc50 / "audio" / "1-100-A-0.wav", raw)  # noqa: PTH104 (a name in bytes)
    path = esc50 / "meta" / "esc50.csv"
    path.write_bytes(path.read_text().replace("1-100-A-0.wav", "grün.wav").encode("cp1252"))
    assert read_features(made(esc50)).files[0] == "audio/gr\udcfcn.wav"


# -- kills, full disks, two at once


class KilledError(Exception):
    pass


def test_killed_at_any_clip_the_next_call_goes_on(esc50, monkeypatch):
    bad = sorted((esc50 / "audio").iterdir())[2]
    bad.write_text("no sound")
    expected = read_features(cache_features(load_dataset("esc50", esc50, fold=2), esc50.parent / "whole", 1))
    append = cache.append_line
    for kill_at in (1, 2, 3, 6):
        calls = []

        def dying(path, line, calls=calls, kill_at=kill_at):
            calls.append(line)
            if len(calls) == kill_at:
                with path.open("a") as file:
                    file.write(line[:1])  # cut short
                raise KilledError
            append(path, line)

        out = esc50.parent / f"killed{kill_at}"
        monkeypatch.setattr(cache, "append_line", dying)
        with pytest.raises(KilledError):
            cache_features(load_dataset("esc50", esc50, fold=2), out, 1)
        monkeypatch.setattr(cache, "append_line", append)
        features = read_features(cache_features(load_dataset("esc50", esc50, fold=2), out, 1))
        assert features.files == expected.files
        np.testing.assert_array_equal(features.mel, expected.mel)
        np.testing.assert_array_equal(features.lengths, expected.lengths)


def test_a_full_disk_is_one_sentence_and_the_next_call_goes_on(esc50, commands):
    out = esc50.parent / "features"
    arguments = ("esc50", esc50, "--fold", 2, "--out", out, "--workers", 2)
    with full_disk(300_000):  # two of eight clips
        sentence = commands.sentence(command.main, *arguments)
    assert "mel.npy cannot be used" in sentence
    assert not multiprocessing.active_children()
    assert not list(out.rglob("index.json"))
    code, printed, _ = commands.run(command.main, *arguments)
    assert code == 0
    assert read_features(Path(printed.splitlines()[-1])).mel.shape == (8, 512, 128)


def test_folders_that_cannot_be_written_are_one_sentence(esc50, tmp_path, commands):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "deep", READ_ONLY, tmp_path / ("x" * 300)):
        assert "cannot be used" in commands.sentence(command.main, "esc50", esc50, "--fold", 2, "--out", out)


def test_a_cache_that_another_process_has_just_finished_is_left_as_it_is(esc50, monkeypatch):
    folder = made(esc50)
    index = (folder / "index.json").read_bytes()
    (folder / "index.json").unlink()

    def just_finished(place):
        (folder / "index.json").write_bytes(index)
        return lock_folder(place)

    monkeypatch.setattr(cache, "lock_folder", just_finished)
    monkeypatch.setattr(cache, "_decode_all", None)
    assert made(esc50) == folder


def test_without_semaphores_this_process_decodes(esc50, monkeypatch):
    """Without /dev/shm, "No such file or directory." used to be the only message."""
    expected = read_features(made(esc50))

    def missing(*arguments, **options):
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(cache, "ProcessPoolExecutor", missing)
    features = read_features(cache_features(load_dataset("esc50", esc50, fold=2), esc50.parent / "alone"))
    np.testing.assert_array_equal(features.mel, expected.mel)
    assert features.files == expected.files


def test_two_at_once_do_not_mix(esc50):
    dataset = load_dataset("esc50", esc50, fold=2)
    out = esc50.parent / "features"
    lock = lock_folder(out / f"esc50-{cache.content_key(dataset)}")
    with pytest.raises(InputError, match="Another process is working in"):
        cache_features(dataset, out, 1)
    lock.release()
    assert read_features(cache_features(dataset, out, 1)).mel.shape[0] == 8
