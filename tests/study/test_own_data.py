"""Own clips: archives that lie, labels, and the accuracy curve against a loop over single passes."""

from __future__ import annotations

import csv
import dataclasses
import io
import stat
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from tests.conftest import tiny_config
from tpexplore.errors import InputError
from tpexplore.model.forward import Entered
from tpexplore.model.macs import count_macs
from tpexplore.model.vit import AudioViT
from tpexplore.signal.decode import load_audio
from tpexplore.signal.excerpt import read_excerpt
from tpexplore.study import own_data
from tpexplore.study.own_data import (
    LabelledClip,
    OwnFile,
    accuracy_csv,
    accuracy_curve,
    answers_csv,
    knows_esc50,
    label_clips,
    take_uploads,
)


@pytest.fixture
def folder(tmp_path) -> Path:
    path = tmp_path / "taken"
    path.mkdir()
    return path


def make_zip(path: Path, files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def zip_with_entry(path: Path, entry: zipfile.ZipInfo, content: bytes = b"x") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("dog/1.wav", b"honest")
        archive.writestr(entry, content)
    return path


def refused(folder: Path, words: str, *uploads: Path, **limits) -> None:
    with pytest.raises(InputError, match=words) as raised:
        take_uploads([(path.name, path) for path in uploads], folder, **limits)
    assert "\n" not in str(raised.value)
    assert list(folder.iterdir()) == []
    assert [path.name for path in folder.parent.iterdir() if path.name not in {u.name for u in uploads}] == [
        "taken"
    ]


# -- archives


def test_archives_and_single_files_are_taken_under_numbers(tmp_path, folder):
    archive = make_zip(
        tmp_path / "a.zip",
        {
            "data/dog/1.wav": b"one",
            "data/cat/": b"",
            "data/cat/2.FLAC": b"two",
            "data/.DS_Store": b"",
            "__MACOSX/data/dog/._1.wav": b"",
            "data/no.Suffix!": b"three",
        },
    )
    loose = tmp_path / "0000.wav"
    loose.write_bytes(b"four")
    files = take_uploads([("my.zip", archive), ("some/where/bark.wav", loose)], folder)
    assert [file.name for file in files] == [
        "data/dog/1.wav",
        "data/cat/2.FLAC",
        "data/no.Suffix!",
        "bark.wav",
    ]
    assert [file.path.name for file in files] == ["0000.wav", "0001.flac", "0002", "0003.wav"]
    assert [file.path.read_bytes() for file in files] == [b"one", b"two", b"three", b"four"]
    assert {file.path.parent for file in files} == {folder}
    assert loose.exists()  # whoever uploaded it removes it


@pytest.mark.parametrize(
    "name",
    [
        "../evil.wav",
        "a/../../evil.wav",
        "/etc/evil.wav",
        "..\\evil.wav",
        "C:\\evil.wav",
        "C:/evil.wav",
        "dog/..",
    ],
)
def test_names_that_lead_outside_are_refused(tmp_path, folder, name):
    refused(
        folder, "expected names of files inside", zip_with_entry(tmp_path / "a.zip", zipfile.ZipInfo(name))
    )


def test_name_with_a_null_character_is_refused(tmp_path, folder):
    archive = zip_with_entry(tmp_path / "a.zip", zipfile.ZipInfo("dog/evilXtxt.wav"))
    archive.write_bytes(archive.read_bytes().replace(b"evilXtxt", b"evil\0txt"))
    refused(folder, "expected names of files inside", archive)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFBLK])
def test_links_and_devices_are_refused(tmp_path, folder, kind):
    entry = zipfile.ZipInfo("dog/link.wav")
    entry.external_attr = (kind | 0o777) << 16
    archive = zip_with_entry(tmp_path / "a.zip", entry, b"/etc/passwd")
    refused(folder, "'dog/link.wav', which is a link or device", archive)


def test_encrypted_archives_are_refused(tmp_path, folder):
    archive = make_zip(tmp_path / "a.zip", {"dog/1.wav": b"x"})
    content = bytearray(archive.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(content)
    refused(folder, "is encrypted", archive)


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_packing_is_refused(tmp_path, folder, compression):
    refused(folder, "unusual way", make_zip(tmp_path / "a.zip", {"dog/1.wav": b"x"}, compression))


def test_number_of_files_is_bounded(tmp_path, folder):
    many = make_zip(tmp_path / "a.zip", {f"dog/{i}.wav": b"x" for i in range(200)})
    assert len(take_uploads([("a.zip", many)], folder)) == 200
    for path in folder.iterdir():
        path.unlink()
    one_more = tmp_path / "b.wav"
    one_more.write_bytes(b"x")
    refused(folder, "more than 200 files", many, one_more)


def test_bombs_are_refused_by_what_comes_out(tmp_path, folder):
    bomb = make_zip(tmp_path / "a.zip", {"dog/1.wav": bytes(3_000_000)})
    assert bomb.stat().st_size < 10_000
    refused(folder, r"'dog/1\.wav' is larger than 1 MB", bomb, max_file_bytes=1_000_000)
    bomb = make_zip(tmp_path / "a.zip", {f"dog/{i}.wav": bytes(600_000) for i in range(5)})
    refused(folder, "larger than 1 MB together", bomb, max_bytes=1_000_000)
    again = make_zip(tmp_path / "b.zip", {"cat/1.wav": bytes(600_000)})
    single = make_zip(tmp_path / "a.zip", {"dog/1.wav": bytes(600_000)})
    refused(folder, "larger than 1 MB together", single, again, max_bytes=1_000_000)


def test_reading_stops_at_the_bound(tmp_path, folder, monkeypatch):
    """A bomb must cost no more than the bound, however much it holds."""
    bomb, read = make_zip(tmp_path / "a.zip", {"dog/1.wav": bytes(30_000_000)}), []
    inner = zipfile.ZipExtFile.read
    monkeypatch.setattr(
        zipfile.ZipExtFile, "read", lambda self, n: read.append(len(block := inner(self, n))) or block
    )
    refused(folder, "larger than 1 MB", bomb, max_file_bytes=1_000_000)
    assert sum(read) < 1_200_000


@pytest.mark.parametrize("claimed", [10, 2**31])
def test_sizes_in_headers_are_not_believed(tmp_path, folder, claimed):
    bomb = make_zip(tmp_path / "a.zip", {"dog/1.wav": bytes(3_000_000)})
    content = bytearray(bomb.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<L", content, content.index(mark) + offset, claimed)
    bomb.write_bytes(content)
    refused(folder, "larger than 1 MB|complete ZIP archive", bomb, max_file_bytes=1_000_000)


def test_huge_tables_of_contents_are_refused_unread(tmp_path, folder, monkeypatch):
    archive = make_zip(tmp_path / "a.zip", {f"{i}/{'x' * 200}.wav": b"" for i in range(4_000)})
    monkeypatch.setattr(zipfile, "ZipFile", None)
    refused(folder, "too large a ZIP archive", archive)


def test_zip64_tables_of_contents_are_refused_unread(tmp_path, folder, monkeypatch):
    archive = make_zip(tmp_path / "a.zip", {"dog/1.wav": b"x"})
    content = archive.read_bytes()
    end = content.rindex(b"PK\x05\x06")
    locator = b"PK\x06\x07" + struct.pack("<LQL", 0, 0, 1)
    archive.write_bytes(content[:end] + locator + content[end:])
    monkeypatch.setattr(zipfile, "ZipFile", None)
    refused(folder, "too large a ZIP archive", archive)


@pytest.mark.parametrize("cut", [0, 10, 60, -1, -30])
def test_damaged_archives_are_one_sentence(tmp_path, folder, cut):
    archive = make_zip(tmp_path / "a.zip", {f"dog/{i}.wav": bytes(range(256)) * 20 for i in range(3)})
    archive.write_bytes(archive.read_bytes()[:cut])
    refused(folder, r"'a\.zip'.*complete ZIP archive", archive)


def test_any_flipped_byte_is_an_error_or_harmless(tmp_path, folder):
    archive = make_zip(tmp_path / "a.zip", {f"dog/{i}.wav": bytes(range(256)) for i in range(2)})
    content, rng = archive.read_bytes(), np.random.default_rng(0)
    for _ in range(300):
        flipped = bytearray(content)
        flipped[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
        archive.write_bytes(flipped)
        try:
            files = take_uploads([("a.zip", archive)], folder)
        except InputError as error:
            assert "\n" not in str(error)
            assert list(folder.iterdir()) == []
        else:
            assert {file.path.parent for file in files} <= {folder}
            for path in folder.iterdir():
                path.unlink()


def test_text_called_zip_and_archive_without_clips(tmp_path, folder):
    text = tmp_path / "a.zip"
    text.write_text("no archive at all")
    refused(folder, "no complete ZIP archive", text)
    assert take_uploads([("b.zip", make_zip(tmp_path / "b.zip", {}))], folder) == []


def test_names_in_sentences_are_short_and_printable(tmp_path, folder):
    entry = zipfile.ZipInfo("../" + "x\n\x1b" * 50)
    with pytest.raises(InputError) as raised:
        take_uploads([("a.zip", zip_with_entry(tmp_path / "a.zip", entry))], folder)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 200


# -- labels


def config_of(labels: list[str], task: str = ""):
    return dataclasses.replace(
        tiny_config("ast", classes=len(labels)), labels=tuple(labels), task=task, name="tiny"
    )


def targets(names: list[str], config) -> list[int | None]:
    return [clip.target for clip in label_clips([OwnFile(Path("x"), name) for name in names], config)]


def test_folders_and_names_are_matched_with_the_labels_of_the_model():
    config = config_of(["dog", "car horn", "car", "Rain_Drops", "yes"])
    names = {
        "dog/1.wav": 0,
        "data/fold1/DOG/cat.wav": 0,
        "car_horn/x.wav": 1,
        "Car-Horn/x.wav": 1,
        "rain drops/x.wav": 3,
        "dog.wav": 0,
        "dog_2.wav": 0,
        "dog2.wav": 0,
        "dog (1).wav": 0,
        "car horn 3.wav": 1,
        "CAR_HORN-3.wav": 1,
        "car 3.wav": 2,
        "YES.ogg": 4,
        "unknown/dog_3.wav": 0,
        "dogs.wav": None,
        "carpet.wav": None,
        "wolf/1.wav": None,
        "1.wav": None,
    }
    assert targets(list(names), config) == list(names.values())


def test_what_was_told_is_kept_for_clips_that_no_class_fits():
    config = config_of(["dog", "cat"])
    files = [
        OwnFile(Path("x"), name) for name in ("data/Wolf_1/a.wav", "a.wav", "1-100032-A-12.wav", "dog.wav")
    ]
    assert [clip.told for clip in label_clips(files, config)] == ["Wolf_1", "", "ESC-50 target 12", "dog"]


def test_esc50_targets_count_only_for_models_of_esc50():
    names = [f"sound {i}" for i in range(50)]
    esc50 = config_of(names, task="ESC-50 (at 16 kHz)")
    unnamed = config_of([f"class {i}" for i in range(50)])
    other = config_of(names, task="other")
    few = config_of(["dog", "cat"], task="ESC-50")
    assert [knows_esc50(config) for config in (esc50, unnamed, other, few)] == [True, True, False, False]
    clip = "audio/5-9032-A-0.wav"
    assert targets([clip, "1-100032-B-49.ogg", "1-1-A-50.wav"], esc50) == [0, 49, None]
    assert targets([clip], unnamed) == [0]
    assert targets([clip], other) == [None]
    assert targets([clip], few) == [None]
    assert targets(["sound 7/5-9032-A-0.wav"], esc50) == [7]  # the folder counts first


# -- accuracy


@pytest.fixture
def clips(tmp_path) -> list[LabelledClip]:
    """Nine noises of different colour and length; labels go round."""
    rng, found = np.random.default_rng(0), []
    for i in range(9):
        noise = (
            np.cumsum(rng.normal(0, 0.1, 8_000 + 4_000 * i)) * 0.05 if i % 2 else rng.normal(0, 0.1, 12_000)
        )
        path = tmp_path / f"{i:04d}.wav"
        soundfile.write(path, np.clip(noise, -1, 1), 16_000)
        found.append(LabelledClip(path, f"data/{i}.wav", "label", i % 3))
    return found


def answer(model: AudioViT, clip: LabelledClip, keep_rate: float, score: str) -> int:
    """One clip alone through the public forward."""
    with torch.inference_mode():
        spec = model.spectrogram(read_excerpt(clip.path, model.config.seconds).samples)[None]
        return int(model(spec, keep_rate, score).logits.argmax())


def test_is_a_loop_over_single_passes(model, clips):
    # Every second clip gets the label that the unpruned model gives it, so that some are right.
    clips = [
        dataclasses.replace(clip, target=(answer(model, clip, 1.0, "attention") + i % 2) % 5)
        for i, clip in enumerate(clips)
    ]
    scores, rates = ("attention", "variation"), (0.4, 0.7, 1.0)
    told = []
    curve = accuracy_curve(
        model, clips, scores, rates, progress=lambda done, total: told.append((done, total))
    )
    prefix, expected = model.config.prefix, []
    for score in scores:
        for rate in rates:
            alone = [answer(model, clip, rate, score) for clip in clips]
            assert [answers[score, rate] for _, answers in curve.answers] == alone
            right = sum(a == clip.target for a, clip in zip(alone, clips, strict=True))
            macs = count_macs(dim=64, depth=12, tokens=64, prefix=prefix, classes=5, keep_rate=rate)
            expected.append((score, rate, right, 9, macs))
    assert [dataclasses.astuple(row) for row in curve.rows()] == expected
    assert curve.rows()[2].right == 5  # unpruned
    assert told[-1] == (9 * 5, 9 * 5)
    assert told == sorted(told)


def test_unknown_and_unreadable_clips_are_listed(model, clips, tmp_path):
    bad = tmp_path / "0100.wav"
    bad.write_text("no audio")
    unknown = dataclasses.replace(clips[0], target=None)
    odd = LabelledClip(bad, "data/bad one.wav", "dog", 1)
    curve = accuracy_curve(model, [clips[1], unknown, odd, clips[2]], keep_rates=[1.0])
    assert curve.unknown == [unknown]
    (problem,) = curve.problems
    assert problem.startswith("'data/bad one.wav'")
    assert "0100" not in problem
    assert [row.n for row in curve.rows()] == [2]


def test_cancelling_keeps_whole_clips_only(model, clips, monkeypatch):
    passes = []

    def cancelled() -> bool:
        passes.append(1)
        return len(passes) > 12

    ran = []
    inner = Entered._prune
    monkeypatch.setattr(Entered, "_prune", lambda self, *a, **k: ran.append(1) or inner(self, *a, **k))
    curve = accuracy_curve(model, clips, keep_rates=(0.4, 0.6, 0.8, 1.0), cancelled=cancelled)
    # Asked once before each clip and after each of its four passes: the 13th time is in the third clip.
    assert [row.n for row in curve.rows()] == [2] * 4
    assert len(ran) <= 8
    nothing = accuracy_curve(model, clips, cancelled=lambda: True)
    assert nothing.rows() == []
    assert accuracy_csv(nothing).count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"scores": ["loudness"]}, "loudness"),
        ({"scores": []}, "0 scores"),
        ({"keep_rates": [0.5, 2]}, "2"),
        ({"keep_rates": []}, "0 keep-rates"),
    ],
)
def test_bad_arguments_are_named(model, clips, arguments, words):
    with pytest.raises(InputError, match=words):
        accuracy_curve(model, clips, **arguments)


def test_pretrained_model_has_nothing_to_answer(clips):
    with pytest.raises(InputError, match="pre-trained only"):
        accuracy_curve(AudioViT(tiny_config("audiomae", classes=0)).eval(), clips)


def test_no_clips_give_no_rows(model):
    assert accuracy_curve(model, []).rows() == []


def test_window_is_the_loudest_part(tmp_path):
    samples = np.zeros(48_000)
    samples[30_000:34_000] = np.random.default_rng(0).normal(0, 0.2, 4_000)
    path = tmp_path / "long.wav"
    soundfile.write(path, samples, 16_000)
    window = read_excerpt(path, 1.0).samples
    assert len(window) == 16_000
    assert window.any()
    soundfile.write(path, samples[30_000:34_000], 16_000)
    assert np.array_equal(read_excerpt(path, 1.0).samples, load_audio(path))


def test_csv_reads_back(model, clips):
    named = [dataclasses.replace(clips[0], name="=cmd()"), dataclasses.replace(clips[1], name='a,"b"\n.wav')]
    curve = accuracy_curve(model, named, ["attention", "intensity"], [0.5, 1.0])
    rows = list(csv.DictReader(io.StringIO(accuracy_csv(curve))))
    assert [(r["score"], r["keep_rate"], int(r["n"]), int(r["macs"])) for r in rows] == [
        (row.score, f"{row.keep_rate:.2f}", 2, row.macs) for row in curve.rows()
    ]
    for told, row in zip(rows, curve.rows(), strict=True):
        assert float(told["accuracy"]) == pytest.approx(row.accuracy, abs=1e-4)
        assert float(told["low95"]) <= float(told["accuracy"]) <= float(told["high95"])
    answers = list(csv.DictReader(io.StringIO(answers_csv(curve))))
    assert [line["clip"] for line in answers] == ["'=cmd()", 'a,"b"\n.wav']
    right = sum(line["attention 0.50"] == line["label"] for line in answers)
    assert right == next(
        row.right for row in curve.rows() if (row.score, row.keep_rate) == ("attention", 0.5)
    )


def test_limits_are_those_promised():
    assert (own_data.MAX_FILES, own_data.MAX_TOTAL_BYTES, own_data.MAX_FILE_BYTES) == (200, 200e6, 25e6)
