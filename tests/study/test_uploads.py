"""Archives with false entries, and valid ones of other systems."""

from __future__ import annotations

import stat
import struct
import unicodedata
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from tests.faults import full_disk
from tpexplore.errors import InputError
from tpexplore.study import uploads
from tpexplore.study.uploads import take_uploads


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
    refused(folder, "larger than 1 MB|complete ZIP file", bomb, max_file_bytes=1_000_000)


def test_huge_tables_of_contents_are_refused_unread(tmp_path, folder, monkeypatch):
    archive = make_zip(tmp_path / "a.zip", {f"{i}/{'x' * 200}.wav": b"" for i in range(4_000)})
    monkeypatch.setattr(zipfile, "ZipFile", None)
    refused(folder, "too large a ZIP file", archive)


def zip64(archive: Path, size: int | None = None, gap: bytes = b"") -> Path:
    """Give an archive the end record of ZIP64, as written by programs that pack into a pipe."""
    content = archive.read_bytes()
    end = content.rindex(b"PK\x05\x06")
    (entries, length, begin) = struct.unpack_from("<HLL", content, end + 10)
    numbers = (44, 45, 45, 0, 0, entries, entries, length if size is None else size, begin)
    record = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", *numbers)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    closing = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    archive.write_bytes(content[:end] + record + gap + locator + closing)
    return archive


def test_zip64_archives_are_taken(tmp_path, folder):
    archive = zip64(make_zip(tmp_path / "a.zip", {"dog/1.wav": b"one", "cat/2.wav": b"two"}))
    assert [file.name for file in take_uploads([("a.zip", archive)], folder)] == ["dog/1.wav", "cat/2.wav"]


@pytest.mark.parametrize("gap", [b"", bytes(30)])
def test_zip64_tables_of_contents_that_are_huge_are_refused_unread(tmp_path, folder, monkeypatch, gap):
    archive = zip64(make_zip(tmp_path / "a.zip", {"dog/1.wav": b"x"}), size=10**9, gap=gap)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    refused(folder, "too large a ZIP file", archive)


def test_zip64_locators_that_lead_nowhere_are_one_sentence(tmp_path, folder):
    archive = make_zip(tmp_path / "a.zip", {"dog/1.wav": b"x"})
    content = archive.read_bytes()
    end = content.rindex(b"PK\x05\x06")
    for offset in (0, end, 10**6, 2**63):
        locator = b"PK\x06\x07" + struct.pack("<LQL", 0, offset, 1)
        archive.write_bytes(content[:end] + locator + content[end:])
        try:
            taken = take_uploads([("a.zip", archive)], folder)
        except InputError as error:
            assert "complete ZIP" in str(error)
        else:  # some versions of zipfile accept the ordinary end record
            assert [file.path.read_bytes() for file in taken] == [b"x"]
            taken[0].path.unlink()


def test_names_of_other_systems_are_taken(tmp_path, folder):
    names = ["dog\\1.wav", "cat/12:30.wav", "cat\\deep\\3.wav", "a:b/4.wav"]
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), b"x")
    taken = take_uploads([("a.zip", path)], folder)
    assert [file.name for file in taken] == ["dog/1.wav", "cat/12:30.wav", "cat/deep/3.wav", "a:b/4.wav"]
    assert {file.path.parent for file in taken} == {folder}


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_in_utf8_without_the_flag_are_read(tmp_path, folder, form):
    """As the Finder of macOS writes them: a class "grün" used to be called "gru╠ên"."""
    name = unicodedata.normalize(form, "grün/1.wav")
    archive = make_zip(tmp_path / "a.zip", {name: b"x"})
    content = bytearray(archive.read_bytes())
    for head, flags in ((b"PK\x03\x04", 7), (b"PK\x01\x02", 9)):
        content[content.index(head) + flags] &= ~8
    archive.write_bytes(content)
    with zipfile.ZipFile(archive) as opened:
        assert opened.namelist() != [name]
    (file,) = take_uploads([("a.zip", archive)], folder)
    assert file.name == name


def test_names_of_old_programs_are_read(tmp_path, folder):
    archive = make_zip(tmp_path / "a.zip", {"grXn/1.wav": b"x"})
    archive.write_bytes(archive.read_bytes().replace(b"grXn", "grün".encode("cp437")))
    (file,) = take_uploads([("a.zip", archive)], folder)
    assert file.name == "grün/1.wav"


@pytest.mark.parametrize("name", ["clips.tar.gz", "clips.7z", "clips.RAR", "clips.tgz", "dog.gz"])
def test_archives_of_other_kinds_are_no_clips(tmp_path, folder, name):
    (tmp_path / name).write_bytes(b"x")
    refused(folder, f"'{name}' is packed; expected one ZIP", tmp_path / name)


def test_an_archive_in_an_archive_is_no_clip(tmp_path, folder):
    archive = make_zip(tmp_path / "a.zip", {"dog/1.wav": b"x", "cats.zip": b"x"})
    refused(folder, r"'cats\.zip' is packed; expected one ZIP", archive)


def test_two_files_of_one_name_are_two_clips(tmp_path, folder):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive, pytest.warns(UserWarning, match="Duplicate"):
        for content in (b"one", b"two"):
            archive.writestr("dog/1.wav", content)
    files = take_uploads([("a.zip", tmp_path / "a.zip")], folder)
    assert [file.path.read_bytes() for file in files] == [b"one", b"two"]


def test_texts_and_pictures_beside_the_clips_are_no_clips(tmp_path, folder):
    names = ["README.txt", "data/meta.csv", "data/cover.JPG", "LICENSE.md", "dog/1.wav", "dog/2", "dog/3.xyz"]
    taken = take_uploads([("a.zip", make_zip(tmp_path / "a.zip", dict.fromkeys(names, b"x")))], folder)
    assert [file.name for file in taken] == ["dog/1.wav", "dog/2", "dog/3.xyz"]


def test_an_entry_for_the_packed_folder_itself_is_left_out(tmp_path, folder):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("./", "./dog/", "./dog/1.wav"):
            archive.writestr(zipfile.ZipInfo(name), b"" if name.endswith("/") else b"x")
    (taken,) = take_uploads([("a.zip", path)], folder)
    assert PurePosixPath(taken.name) == PurePosixPath("dog/1.wav")


def test_a_full_disk_is_not_the_archives_fault(tmp_path, folder):
    clip = tmp_path / "1.wav"
    clip.write_bytes(bytes(200_000))
    archive = make_zip(tmp_path / "a.zip", {"dog/1.wav": bytes(200_000)})
    with full_disk(50_000):
        for upload in (archive, clip):
            with pytest.raises(InputError, match="cannot be copied: the file would be larger than the"):
                take_uploads([(upload.name, upload)], folder)
            assert list(folder.iterdir()) == []


@pytest.mark.parametrize("cut", [0, 10, 60, -1, -30])
def test_damaged_archives_are_one_sentence(tmp_path, folder, cut):
    archive = make_zip(tmp_path / "a.zip", {f"dog/{i}.wav": bytes(range(256)) * 20 for i in range(3)})
    archive.write_bytes(archive.read_bytes()[:cut])
    refused(folder, r"'a\.zip'.*complete ZIP file", archive)


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
    refused(folder, "not a complete ZIP file", text)
    assert take_uploads([("b.zip", make_zip(tmp_path / "b.zip", {}))], folder) == []


def test_names_in_sentences_are_short_and_printable(tmp_path, folder):
    entry = zipfile.ZipInfo("../" + "x\n\x1b" * 50)
    with pytest.raises(InputError) as raised:
        take_uploads([("a.zip", zip_with_entry(tmp_path / "a.zip", entry))], folder)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 200


def test_limits_are_those_promised():
    assert (uploads.MAX_FILES, uploads.MAX_TOTAL_BYTES, uploads.MAX_FILE_BYTES) == (200, 200e6, 25e6)
